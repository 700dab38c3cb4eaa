/** How long one thing has been waited for without progress. */
export class Patience {
  #awaited = "";
  #progress: number = -1;
  #since = 0;

  /** Milliseconds since `awaited` and `progress` last were something else. Ask at every tick. */
  waited(awaited: string, progress: number, now: number): number {
    if (awaited !== this.#awaited || progress !== this.#progress) {
      this.#awaited = awaited;
      this.#progress = progress;
      this.#since = now;
    }
    return now - this.#since;
  }
}
