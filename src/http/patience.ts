/** How long a connection has waited for one thing without progress. */
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

/** The rate of a transfer over the time that was spent waiting for the client; what else took time does not count. */
export class Rate {
  #waited = 0;

  /** Whether `bytes` in all, after `elapsed` more ms of waiting, are below `minimum` bytes a second; never within the `grace`. */
  below(bytes: number, elapsed: number, minimum: number, grace: number): boolean {
    this.#waited += elapsed;
    return minimum > 0 && this.#waited > grace && bytes * 1000 < minimum * this.#waited;
  }
}
