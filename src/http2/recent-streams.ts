/** Streams that we have reset lately: frames that the client sent before it knew are no fault (RFC 9113 §5.1). */
export class RecentStreams {
  readonly #ids = new Set<number>();

  add(id: number): void {
    this.#ids.add(id);
    if (this.#ids.size > KEPT) this.#ids.delete(this.#ids.values().next().value!);
  }

  has(id: number): boolean {
    return this.#ids.has(id);
  }
}

const KEPT = 1000;
