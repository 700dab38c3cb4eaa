import { type BigIntStats, readFileSync, statSync } from "node:fs";
import type { Log } from "../base/log.ts";
import { parseUsers } from "../config/password-hash.ts";

/** How often a file is looked at, ms. */
const LOOK = 1000;

/** The users of an htpasswd file, read again when it changes. A file that can't be read lets nobody in. */
export class UserFile {
  readonly #path: string;
  readonly #log: Log;
  #users: ReadonlyMap<string, string> = new Map();
  #identity = "";
  #looked = Number.NEGATIVE_INFINITY;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** Name -> hash, as the file says at `now` (`performance.now()`), give or take a second. */
  users(now: number): ReadonlyMap<string, string> {
    if (now - this.#looked < LOOK) return this.#users;
    this.#looked = now;
    try {
      const identity = identityOf(statSync(this.#path, { bigint: true }));
      if (identity !== this.#identity) {
        this.#read();
        this.#identity = identity;
      }
    } catch (error) {
      if (this.#identity !== "none") this.#log.error(`users: ${(error as Error).message}; nobody is let in by it`);
      this.#identity = "none";
      this.#users = new Map();
    }
    return this.#users;
  }

  #read(): void {
    // Names and passwords are compared as bytes.
    const { users, refused } = parseUsers(readFileSync(this.#path, "latin1"));
    this.#users = users;
    for (const { line, problem } of refused)
      this.#log.error(`users: ${this.#path}, line ${line}: ${problem.reason}: ${problem.remedy}`);
  }
}

function identityOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
