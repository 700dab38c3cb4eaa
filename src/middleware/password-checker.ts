import { createHmac, randomBytes } from "node:crypto";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { PasswordAnswer, PasswordQuestion } from "./password-worker.ts";

/** Passwords found right, and wrong ones, that are remembered. */
const REMEMBERED = 1000;
/** Checks that may wait: with bcrypt as it is usual, some seconds' worth. */
const WAITING = 64;

export type PasswordResult = "right" | "wrong" | "busy";
type Done = (result: PasswordResult) => void;

/**
 * Checks passwords in a thread, one after the other, and remembers what it found, by a keyed hash of password and stored hash:
 * neither a password nor anything that could be compared with other programs' stays in memory.
 */
export class PasswordChecker {
  readonly #secret = randomBytes(32);
  readonly #right = new Set<string>();
  readonly #wrong = new Set<string>();
  /** By key: who asks the same waits for the one answer. */
  readonly #waiting = new Map<string, Done[]>();
  readonly #keys = new Map<number, string>();
  #worker: Worker | null = null;
  #lastId = 0;

  /** Calls `done` at once for what is remembered. `busy`: too many others wait. */
  check(password: Buffer, hash: string, done: Done): void {
    const key = createHmac("sha256", this.#secret).update(password).update("\0").update(hash).digest("base64");
    if (this.#right.has(key)) return done("right");
    if (this.#wrong.has(key)) return done("wrong");
    const asked = this.#waiting.get(key);
    if (asked !== undefined) {
      asked.push(done);
      return;
    }
    if (this.#waiting.size >= WAITING) return done("busy");
    this.#waiting.set(key, [done]);
    const id = ++this.#lastId;
    this.#keys.set(id, key);
    this.#worker ??= this.#start();
    const question: PasswordQuestion = { id, password, hash };
    this.#worker.postMessage(question);
  }

  // --- internal ---

  #start(): Worker {
    const worker = new Worker(new URL(`./password-worker${extname(import.meta.url)}`, import.meta.url));
    // It never keeps the process from ending.
    worker.unref();
    worker.on("message", ({ id, right }: PasswordAnswer) => {
      const key = this.#keys.get(id)!;
      remember(right ? this.#right : this.#wrong, key);
      this.#answer(id, right ? "right" : "wrong");
    });
    worker.on("error", () => {
      // Nobody comes in by a check that failed; the next one starts another thread.
      this.#worker = null;
      for (const id of [...this.#keys.keys()]) this.#answer(id, "busy");
    });
    return worker;
  }

  #answer(id: number, result: PasswordResult): void {
    const key = this.#keys.get(id)!;
    const waiting = this.#waiting.get(key) ?? [];
    this.#keys.delete(id);
    this.#waiting.delete(key);
    for (const done of waiting) done(result);
  }
}

function remember(keys: Set<string>, key: string): void {
  if (keys.size >= REMEMBERED) keys.delete(keys.values().next().value!);
  keys.add(key);
}
