import { execFileSync } from "node:child_process";
import fs from "node:fs";

const TICKS_A_SECOND = Number(execFileSync("getconf", ["CLK_TCK"]));
const PAGE_SIZE = Number(execFileSync("getconf", ["PAGESIZE"]));

/** These processes and everything below them (proc(5)). */
export function processTree(roots: readonly number[]): number[] {
  const children = new Map<number, number[]>();
  for (const entry of fs.readdirSync("/proc")) {
    const pid = Number(entry);
    const parent = Number.isInteger(pid) ? readStat(pid)?.[1] : undefined;
    if (parent !== undefined) children.set(Number(parent), [...(children.get(Number(parent)) ?? []), pid]);
  }
  const found: number[] = [];
  const walk = (pid: number): void => {
    found.push(pid);
    for (const child of children.get(pid) ?? []) walk(child);
  };
  for (const root of roots) walk(root);
  return found;
}

/** User and system time of these processes so far, in seconds. */
export function cpuSeconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const stat = readStat(pid);
    if (stat !== undefined) ticks += Number(stat[11]) + Number(stat[12]);
  }
  return ticks / TICKS_A_SECOND;
}

/** Resident memory of these processes in bytes; pages that several share count in each. */
export function residentBytes(pids: readonly number[]): number {
  let pages = 0;
  for (const pid of pids) pages += Number(read(`/proc/${pid}/statm`)?.split(" ")[1] ?? 0);
  return pages * PAGE_SIZE;
}

/** Proportional memory of these processes in bytes: a page that n share counts as 1/n in each. */
export function proportionalBytes(pids: readonly number[]): number {
  let kilobytes = 0;
  for (const pid of pids)
    kilobytes += Number(/^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? "")?.[1] ?? 0);
  return kilobytes * 1024;
}

/** The name of the program that a process runs, such as `python3.11`. */
export function programName(pid: number): string {
  try {
    return fs.readlinkSync(`/proc/${pid}/exe`).split("/").at(-1)!;
  } catch {
    return "";
  }
}

/** The fields of /proc/PID/stat from the third (state) on; the name before them may hold spaces and parentheses. */
function readStat(pid: number): string[] | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** A process may end at any moment. */
function read(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "latin1");
  } catch {
    return undefined;
  }
}
