import { signalGroup } from "../process/child.ts";
import { sessionMembers } from "../process/session.ts";

/** How often to look for processes that a leaving worker has started, ms. */
const LOOK = 500;
/** The same once they have been told to end, ms. */
const LAST_LOOK = 50;
/** Between TERM and KILL for them, ms. */
const LAST_GRACE = 1000;

export interface FarewellParts {
  readonly pid: number;
  /** Resolves when the worker's own process has ended. */
  readonly ended: Promise<unknown>;
  /** Longest stay without processes of its own, ms. */
  readonly patience: number;
  /** Longest stay for processes of its own, ms. */
  readonly children: number;
  /** Ends the worker and its group. */
  readonly stop: (grace: number) => void;
  /** It stays for so many processes; told once for each number. */
  readonly waits: (count: number) => void;
  /** They have outstayed their time and are ended. */
  readonly tired: (count: number) => void;
}

/**
 * The end of a worker that was drained: it goes when it has finished, unless processes that it has started are still at work. Those
 * are what is left of its session, so they count when the worker itself has ended, too, and what began a session of its own does not.
 */
export class Farewell {
  /** Resolves when the worker has ended, and what it has started too. */
  readonly over: Promise<void>;
  readonly #parts: FarewellParts;
  #last: number;
  #alone: number;
  #told = 0;
  #ended = false;
  #killAt = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  #finish!: () => void;

  constructor(parts: FarewellParts) {
    this.#parts = parts;
    this.#last = performance.now() + parts.children;
    this.#alone = performance.now();
    this.over = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  start(): void {
    void this.#parts.ended.then(() => {
      this.#ended = true;
      this.#look();
    });
    this.#look();
  }

  /** Nobody has the time any more: `patience` ms at most, from now on. */
  hurry(patience: number): void {
    this.#last = Math.min(this.#last, performance.now() + patience);
    this.#look();
  }

  #look(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const { pid, patience, stop, waits, tired } = this.#parts;
    const now = performance.now();
    const count = sessionMembers(pid).length;
    if (this.#ended && count === 0) return this.#finish();
    if (count > 0) this.#alone = now;
    if (count > 0 && count !== this.#told) waits(count);
    this.#told = count;
    if (this.#killAt !== Number.POSITIVE_INFINITY) {
      if (now >= this.#killAt && this.#ended) signalGroup(pid, "SIGKILL");
      return this.#lookAgain(LAST_LOOK);
    }
    const left = (count > 0 ? this.#last : this.#alone + patience) - now;
    if (left > 0) return this.#lookAgain(Math.min(LOOK, left));
    if (count > 0) tired(count);
    this.#killAt = now + LAST_GRACE;
    if (this.#ended) signalGroup(pid, "SIGTERM");
    else stop(LAST_GRACE);
    this.#lookAgain(LAST_LOOK);
  }

  #lookAgain(pause: number): void {
    this.#timer = setTimeout(() => this.#look(), pause);
  }
}
