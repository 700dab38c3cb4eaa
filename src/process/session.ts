import { existsSync, readdirSync, readFileSync } from "node:fs";

/**
 * The living processes of a session, its leader aside: what the leader has started, and what that has started, as long as it did not
 * begin a session of its own. Empty where there is no /proc.
 */
export function sessionMembers(leader: number): number[] {
  return numbersIn("/proc").filter((pid) => pid !== leader && statOf(pid)?.session === leader);
}

/** Whether a process runs; one that has ended and waits to be collected does not. */
export function lives(pid: number): boolean {
  if (existsSync("/proc/self")) return statOf(pid) !== null;
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // there is none
  }
}

function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder).flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  } catch {
    return []; // no /proc
  }
}

/** What the kernel tells of a process; null when it has ended, collected or not. */
function statOf(pid: number): { readonly session: number } | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return null; // gone meanwhile
  }
  // After the name, which is in parentheses and may hold any character (proc(5)): state, parent, group, session.
  const [state, , , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return state === "Z" || state === "X" ? null : { session: Number(session) };
}
