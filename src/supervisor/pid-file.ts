import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { hasCode, PropylonError } from "../base/errors.ts";

/** A file with the pid of main, for those who look for it there. What a dead process left is overwritten. */
export class PidFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Throws when another instance that runs has it. */
  refuseTaken(): void {
    const other = this.#read();
    if (other !== null && other !== process.pid && isPropylon(other)) {
      throw new PropylonError("user", `Cannot write the pid file "${this.path}": instance ${other} has it and runs`, {
        remedy: "stop that instance, or name another file",
      });
    }
  }

  /**
   * Writes it at once or not at all; to be called when clients are accepted, since whoever waits for the file expects that (as
   * with nginx). Throws when another instance has it, or when it can't be written.
   */
  write(): void {
    this.refuseTaken();
    const temporary = `${this.path}.${process.pid}`;
    try {
      writeFileSync(temporary, `${process.pid}\n`, { mode: 0o644 });
      renameSync(temporary, this.path);
    } catch (cause) {
      rmSync(temporary, { force: true });
      const remedy = hasCode(cause, "ENOENT")
        ? `make the folder ${dirname(this.path)}`
        : `check the permissions of ${dirname(this.path)}`;
      throw new PropylonError("user", `Cannot write the pid file "${this.path}": ${String(cause)}`, { cause, remedy });
    }
  }

  /** Removes it, if it is still ours. */
  remove(): void {
    if (this.#read() === process.pid) rmSync(this.path, { force: true });
  }

  #read(): number | null {
    try {
      const pid = Number(readFileSync(this.path, "latin1").trim());
      return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
    } catch {
      return null; // there is none, or none that we may read: writing will tell
    }
  }
}

// A pid may long be someone else's: only one that calls itself propylon counts (`process.title`).
function isPropylon(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("propylon: main");
  } catch {
    return false;
  }
}
