import { type Swept, startSweeping, stopSweeping } from "../http/sweeper.ts";
import type { Choice } from "./choice.ts";
import type { Target } from "./target.ts";

/** A request that waits for a target. */
export interface Waiter {
  readonly choice: Choice;
  readonly acquired: (target: Target | null, why: "waited" | "none" | "full" | "unresolved" | null) => void;
}

/** Requests that wait while every target has as many as it may: first come, first served, each up to its time. */
export class WaitingList implements Swept {
  #entries: { readonly waiter: Waiter; readonly until: number }[] = [];
  readonly #expired: (waiter: Waiter) => void;

  constructor(expired: (waiter: Waiter) => void) {
    this.#expired = expired;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** `until`: `performance.now()`. */
  add(waiter: Waiter, until: number): Waiter {
    if (this.#entries.length === 0) startSweeping(this);
    this.#entries.push({ waiter, until });
    return waiter;
  }

  remove(waiter: Waiter): void {
    if (this.#entries.length === 0) return;
    this.#replace(this.#entries.filter((entry) => entry.waiter !== waiter));
  }

  clear(): Waiter[] {
    const waiters = this.#entries.map((entry) => entry.waiter);
    this.#replace([]);
    return waiters;
  }

  /**
   * Gives out what `choose` finds, in order, while there is `room`. A waiter that can't use what there is doesn't hold up the
   * rest.
   */
  serve(room: () => boolean, choose: (waiter: Waiter) => Target | null): void {
    for (let i = 0; i < this.#entries.length && room(); ) {
      const { waiter } = this.#entries[i]!;
      const target = choose(waiter);
      if (target === null) {
        i++;
        continue;
      }
      this.#entries.splice(i, 1);
      waiter.acquired(target, null);
    }
    if (this.#entries.length === 0) stopSweeping(this);
  }

  tick(now: number): void {
    const late = this.#entries.filter((entry) => entry.until <= now);
    if (late.length === 0) return;
    this.#replace(this.#entries.filter((entry) => entry.until > now));
    for (const { waiter } of late) this.#expired(waiter);
  }

  #replace(entries: { readonly waiter: Waiter; readonly until: number }[]): void {
    this.#entries = entries;
    if (entries.length === 0) stopSweeping(this);
  }
}
