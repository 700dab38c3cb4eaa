import type { HealthConfig } from "../config/program-model.ts";

/** Asks once; resolves to null when all is well, else to why not; never rejects. Ends at once when the signal aborts. */
export type Probe = (signal: AbortSignal) => Promise<string | null>;

export type Health = "unknown" | "healthy" | "unhealthy";

export interface HealthParts {
  readonly config: Omit<HealthConfig, "check">;
  readonly probe: Probe;
  /** The answer has changed. */
  readonly changed: (health: Health) => void;
  /** It has failed so often that something has to be done; nothing is asked any more. */
  readonly failed: (reason: string) => void;
}

/** Until a check has passed for the first time it is asked this often, since others may wait for it. ms */
const EAGER = 500;

/**
 * Asks a process again and again whether it is well. Before the first check that passes, failures are given the time of `retries`
 * intervals after the start period; later ones are counted.
 */
export class HealthMonitor {
  readonly #parts: HealthParts;
  readonly #abort = new AbortController();
  #health: Health = "unknown";
  #passed = false;
  #failures = 0;
  #began = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: HealthParts) {
    this.#parts = parts;
  }

  get health(): Health {
    return this.#health;
  }

  start(): void {
    this.#began = performance.now();
    void this.#ask();
  }

  stop(): void {
    this.#abort.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #ask(): Promise<void> {
    const { config, probe } = this.#parts;
    const own = new AbortController();
    const signal = AbortSignal.any([own.signal, this.#abort.signal]);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`no answer within ${config.timeout} ms`), config.timeout);
    });
    const problem = await Promise.race([probe(signal), late]);
    clearTimeout(timer);
    own.abort();
    if (this.#abort.signal.aborted) return;
    this.#note(problem);
  }

  #note(problem: string | null): void {
    const { interval, retries } = this.#parts.config;
    if (problem === null) {
      this.#passed = true;
      this.#failures = 0;
      this.#change("healthy");
      return this.#later(interval);
    }
    this.#failures++;
    if (this.#passed) this.#change("unhealthy");
    if (this.#passed ? this.#failures >= retries : this.#isTooLate()) {
      this.#change("unhealthy");
      this.stop();
      return this.#parts.failed(problem);
    }
    this.#later(this.#passed ? interval : Math.min(interval, EAGER));
  }

  #isTooLate(): boolean {
    const { interval, retries, startPeriod } = this.#parts.config;
    return performance.now() - this.#began >= startPeriod + retries * interval;
  }

  #later(pause: number): void {
    this.#timer = setTimeout(() => void this.#ask(), pause);
  }

  #change(health: Health): void {
    if (this.#health === health) return;
    this.#health = health;
    this.#parts.changed(health);
  }
}
