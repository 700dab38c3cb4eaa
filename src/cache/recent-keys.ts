import { createHash } from "node:crypto";

/** Longer keys are remembered by their digest: clients decide how long they are. */
const LONG = 256;

/** Numbers by key for a bounded number of keys; the one that was set longest ago goes first. */
export class RecentKeys {
  readonly #numbers = new Map<string, number>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): number | undefined {
    return this.#numbers.get(short(key));
  }

  set(written: string, number: number): void {
    const key = short(written);
    this.#numbers.delete(key);
    if (this.#numbers.size >= this.#limit) this.#numbers.delete(this.#numbers.keys().next().value!);
    this.#numbers.set(key, number);
  }

  delete(key: string): void {
    this.#numbers.delete(short(key));
  }
}

// --- internal ---

function short(key: string): string {
  return key.length <= LONG ? key : createHash("sha256").update(key, "latin1").digest("latin1");
}
