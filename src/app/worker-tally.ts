/** What a worker's answers have come to since its link was made. */
export interface TallyFigures {
  /** Time that exchanges have run, microseconds. */
  readonly ran: number;
  /** Mean time of the last exchanges, microseconds. */
  readonly mean: number;
  /** Bytes of answers. */
  readonly sent: number;
}

/** How much of the mean the newest exchange is. */
const NEWEST = 0.2;

/** Counts what a worker has answered, out of what passes by anyway. */
export class WorkerTally {
  #ran = 0;
  #mean = 0;
  #sent = 0;
  /** Whole answers whose time the next figure tells of. */
  #untimed = 0;

  get figures(): TallyFigures {
    return { ran: this.#ran, mean: this.#mean, sent: this.#sent };
  }

  /**
   * A whole answer has come. `service`: microseconds that one exchange of its batch took, which the last answer of a batch tells; 0:
   * another tells it. `since`: when it was sent, ms, where no answer ever tells (an event loop).
   */
  answered(bytes: number, service: number, since: number | null): void {
    this.#sent += bytes;
    if (since !== null) return this.#took((performance.now() - since) * 1000, 1);
    this.#untimed++;
    if (service === 0) return;
    this.#took(service, this.#untimed);
    this.#untimed = 0;
  }

  /** A piece of a streamed answer has come. */
  passed(bytes: number): void {
    this.#sent += bytes;
  }

  /** A streamed answer, or none, has ended; it was sent to the worker at `since`, ms. */
  ended(since: number): void {
    this.#took((performance.now() - since) * 1000, 1);
  }

  #took(microseconds: number, exchanges: number): void {
    this.#ran += microseconds * exchanges;
    this.#mean = this.#mean === 0 ? microseconds : this.#mean + NEWEST * (microseconds - this.#mean);
  }
}
