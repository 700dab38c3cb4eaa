/** What {@link Stopper} needs of a process. */
export interface Stoppable {
  readonly ended: Promise<unknown>;
  signal(name: NodeJS.Signals): void;
}

/**
 * Ends a process: TERM (or another signal), and KILL to its whole group when it is still there after the grace. Asked again, the first cause is
 * kept and the earlier deadline counts.
 */
export class Stopper {
  readonly #process: Stoppable;
  readonly #signal: NodeJS.Signals;
  #cause: string | null = null;
  #killAt = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  #ended = false;
  #killed = false;

  /** @param signal what asks it to end */
  constructor(process: Stoppable, signal: NodeJS.Signals = "SIGTERM") {
    this.#process = process;
    this.#signal = signal;
  }

  /** Why it was asked to end, or null when it was not. */
  get cause(): string | null {
    return this.#cause;
  }

  /** Whether it had to be killed. */
  get killed(): boolean {
    return this.#killed;
  }

  /** @param grace ms between TERM and KILL; 0: KILL at once */
  request(cause: string, grace: number): void {
    if (this.#ended) return;
    if (this.#cause === null) {
      this.#cause = cause;
      if (grace > 0) this.#process.signal(this.#signal);
      void this.#process.ended.then(() => {
        this.#ended = true;
        if (this.#timer !== null) clearTimeout(this.#timer);
      });
    }
    const killAt = performance.now() + grace;
    if (killAt >= this.#killAt || this.#killed) return;
    this.#killAt = killAt;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (grace <= 0) this.#kill();
    else this.#timer = setTimeout(() => this.#kill(), grace);
  }

  #kill(): void {
    this.#killed = true;
    this.#process.signal("SIGKILL");
  }
}
