import { readFileSync, statSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { signalProcess } from "./signal-process.ts";

/** Between two looks at the file, and looks without growth after which it is complete. */
const LOOK = 10;
const QUIET = 4;
/** Most of what is read, bytes: an app may have written there too. */
const MOST = 256 * 1024;

/** How a worker's Python writes the stacks of its threads: when it crashes, and when it is sent `signal`. */
export interface StacksFile {
  readonly path: string;
  /** Number of the signal; 0: it can't be asked. */
  readonly signal: number;
}

/**
 * Asks for the stacks of a process's threads by a signal whose handler runs no Python: so they come while its interpreter is busy with
 * something else too. A stopped process writes them when it is let go on: only for one that is about to be killed. Empty when none come.
 */
export async function askForStacks(
  pid: number,
  { path, signal }: StacksFile,
  options: { readonly patience: number; readonly letGoOn: boolean },
): Promise<string> {
  if (signal === 0 || (isStopped(pid) && !options.letGoOn)) return "";
  const start = sizeOf(path);
  if (!signalProcess(pid, signal)) return "";
  if (options.letGoOn && isStopped(pid)) signalProcess(pid, "SIGCONT");
  const end = performance.now() + options.patience;
  let size = start;
  for (let quiet = 0; quiet < QUIET && performance.now() < end; ) {
    await pause(LOOK);
    const now = sizeOf(path);
    if (now > start && now === size) quiet++;
    else quiet = 0;
    size = now;
  }
  return readStacks(path, start);
}

/** What is in the file from `start` on: of a crash, when nobody has asked. */
export function readStacks(path: string, start = 0): string {
  try {
    return readFileSync(path).subarray(start).subarray(0, MOST).toString("utf8").trimEnd();
  } catch {
    return "";
  }
}

/** Whether a signal has stopped it (proc(5): state T). */
export function isStopped(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("T");
  } catch {
    return false;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
