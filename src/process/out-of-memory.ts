import { readFileSync } from "node:fs";

/** After one kill was put down to the kernel, others of the same moment are still to be told apart; then the counters start anew. ms */
const MOMENT = 2000;

/** What {@link OutOfMemory} reads; for tests. */
export type ReadText = (path: string) => string | null;

/**
 * Tells whether the kernel killed a process because memory had run out: nothing else than its counters says so, since the signal is
 * SIGKILL either way. Those of the memory cgroup (v2: memory.events, v1: memory.oom_control) say it of our processes alone, the one in
 * /proc/vmstat of all on the machine.
 */
export class OutOfMemory {
  readonly #read: ReadText;
  /** Of each file, the kills that are accounted for. */
  readonly #known = new Map<string, number>();
  /** The memory cgroups of processes that run, by pid. */
  readonly #groups = new Map<number, readonly string[]>();

  constructor(read: ReadText = readText) {
    this.#read = read;
  }

  /** A process has started, or may have moved: its memory cgroup is noted, for when it is gone. */
  note(pid: number): void {
    const groups = foldersOf(this.#read(`/proc/${pid}/cgroup`) ?? "");
    if (groups.length === 0) return;
    this.#groups.set(pid, groups);
    for (const file of this.#files(pid)) if (!this.#known.has(file)) this.#known.set(file, this.#count(file) ?? 0);
  }

  /** It has ended otherwise. */
  forget(pid: number): void {
    this.#groups.delete(pid);
  }

  /** A process was killed with SIGKILL, not by us: what that came of, to be put behind `was killed by SIGKILL`. */
  explain(pid: number): { readonly outOfMemory: boolean; readonly text: string } {
    const files = this.#files(pid);
    const group = this.#groups.get(pid)?.find((folder) => this.#limit(folder) !== null);
    this.#groups.delete(pid);
    const grown = files.find((file) => (this.#count(file) ?? 0) > (this.#known.get(file) ?? 0));
    if (grown === undefined) return { outOfMemory: false, text: "from outside; the kernel reports no lack of memory" };
    for (const file of files) this.#account(file);
    if (grown === VMSTAT)
      return { outOfMemory: true, text: "most likely out of memory: the kernel has just ended a process for that" };
    const limit = group === undefined ? null : this.#limit(group);
    const said = limit === null ? "" : `, whose limit is ${Math.round(limit / 1048576)} MB`;
    return { outOfMemory: true, text: `out of memory: the kernel ended it for its memory cgroup${said}` };
  }

  #files(pid: number): readonly string[] {
    const groups = this.#groups.get(pid) ?? [];
    return [...groups.flatMap((folder) => [`${folder}/memory.events`, `${folder}/memory.oom_control`]), VMSTAT];
  }

  #count(file: string): number | null {
    const found = /^oom_kill (\d+)$/m.exec(this.#read(file) ?? "");
    return found === null ? null : Number(found[1]);
  }

  #limit(folder: string): number | null {
    const text = this.#read(`${folder}/memory.max`) ?? this.#read(`${folder}/memory.limit_in_bytes`) ?? "";
    // v1 writes a number near 2^63 for no limit, v2 a word.
    return /^\d{1,15}$/.test(text.trim()) ? Number(text) : null;
  }

  #account(file: string): void {
    const count = this.#count(file);
    if (count === null) return;
    this.#known.set(file, Math.min(count, (this.#known.get(file) ?? 0) + 1));
    setTimeout(() => this.#known.set(file, this.#count(file) ?? 0), MOMENT).unref();
  }
}

const VMSTAT = "/proc/vmstat";

/** Where the memory cgroups of `/proc/PID/cgroup` are mounted by custom; a namespace may show its own as the root (cgroups(7)). */
function foldersOf(text: string): readonly string[] {
  const folders: string[] = [];
  for (const line of text.split("\n")) {
    const [number, controllers, ...rest] = line.split(":");
    const path = rest.join(":").replace(/\/$/, "");
    if (controllers?.split(",").includes("memory"))
      folders.push(`/sys/fs/cgroup/memory${path}`, "/sys/fs/cgroup/memory");
    else if (number === "0" && controllers === "")
      folders.push(`/sys/fs/cgroup${path}`, "/sys/fs/cgroup", `/sys/fs/cgroup/unified${path}`);
  }
  return folders;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null; // another version of cgroups, or none
  }
}
