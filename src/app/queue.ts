import type { AppRequest } from "./app-request.ts";

/** The requests of one app that wait for a worker, first come first served. Leaving it costs nothing: who left is skipped. */
export class Queue {
  #items: AppRequest[] = [];
  #head = 0;
  #gone = 0;

  /** Requests that wait, those that left not counted. */
  get length(): number {
    return this.#items.length - this.#head - this.#gone;
  }

  push(request: AppRequest): void {
    this.#items.push(request);
  }

  /** Back to the front: it has waited before. */
  unshift(request: AppRequest): void {
    if (this.#head > 0) this.#items[--this.#head] = request;
    else this.#items.unshift(request);
  }

  /** A request that waits here has left (its `gone` is set). */
  left(): void {
    this.#gone++;
    if (this.length === 0) this.#clear();
  }

  /** Takes up to `count` requests that have not left. */
  take(count: number): AppRequest[] {
    const taken: AppRequest[] = [];
    while (taken.length < count && this.#head < this.#items.length) {
      const request = this.#items[this.#head++]!;
      if (request.gone) this.#gone--;
      else taken.push(request);
    }
    if (this.#head === this.#items.length) this.#clear();
    else if (this.#head > 4096) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  /** The first that has not left, without taking it. */
  peek(): AppRequest | undefined {
    while (this.#head < this.#items.length && this.#items[this.#head]!.gone) {
      this.#head++;
      this.#gone--;
    }
    return this.#items[this.#head];
  }

  /** Takes out those that have waited longer than `limit` ms at `now`; none where there is no limit (0). */
  expired(now: number, limit: number): readonly AppRequest[] {
    const late: AppRequest[] = [];
    if (limit === 0) return late;
    for (let first = this.peek(); first !== undefined; first = this.peek()) {
      if (now - first.waitingSince <= limit) break;
      late.push(...this.take(1));
    }
    return late;
  }

  #clear(): void {
    this.#items.length = 0;
    this.#head = 0;
    this.#gone = 0;
  }
}
