import { readFileSync } from "node:fs";

/** Linux counts time in hundredths of a second for whoever asks, whatever its own clock does (USER_HZ). */
const TICKS = 100;

/** CPU seconds, user and system, of a process and of its children that have ended (proc(5)); null where it can't be read. */
export function cpuSeconds(pid: number | null): number | null {
  if (pid === null) return null;
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name of the command, in brackets, may hold spaces and brackets; utime is field 14, the first behind it is 3.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return Number.isFinite(ticks) ? ticks / TICKS : null;
  } catch {
    return null; // it has just ended, or there is no /proc
  }
}
