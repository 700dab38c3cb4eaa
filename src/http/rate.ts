/** The rate of a transfer over the time that was spent waiting for the client; what else took time does not count. */
export class Rate {
  readonly #from: number;
  #waited = 0;

  /** `from`: bytes that were through before. */
  constructor(from: number) {
    this.#from = from;
  }

  /** Whether `bytes` in all, after `elapsed` more ms of waiting, are below `minimum` bytes a second (0: off); never within the `grace`. */
  below(bytes: number, elapsed: number, minimum: number, grace: number): boolean {
    this.#waited += elapsed;
    return minimum > 0 && this.#waited > grace && (bytes - this.#from) * 1000 < minimum * this.#waited;
  }
}
