import type { Log } from "../base/log.ts";
import type { RecycleConfig } from "../config/pool-life.ts";
import type { Keeper } from "../process/keeper.ts";
import type { StartFailure } from "./generation.ts";
import { residentMemory } from "./pool-status.ts";
import {
  describeReason,
  drawLimits,
  nextLook,
  type RecycleLimits,
  type RecycleReason,
  recycleReason,
  type WorkerFigures,
} from "./recycle-rule.ts";
import { exchangesTaken } from "./worker-page.ts";
import type { WorkerRun } from "./worker-run.ts";

/** Between two looks while no worker is near a limit, ms. */
const LOOK = 1000;
/** Before the second look at a worker, which tells how fast it grows, ms. */
const FIRST_LOOK = 100;
/** After a replacement that did not come up: the first pause before the next try, and the longest, ms. */
const FIRST_PAUSE = 5000;
const LONGEST_PAUSE = 300_000;

export interface RecyclingParts {
  readonly log: Log;
  /** The workers that may be replaced now; empty while they are being replaced otherwise. */
  readonly workers: () => readonly Keeper<WorkerRun>[];
  /** How many replaced workers still run, for what they have started. */
  readonly lingering: () => number;
  /** Puts another in its place and drains it; resolves to null when that has been done, else to why not. */
  readonly replace: (keeper: Keeper<WorkerRun>, run: WorkerRun, why: string) => Promise<StartFailure | null>;
}

interface Known {
  readonly limits: RecycleLimits;
  readonly figures: WorkerFigures;
  /** When they were taken, ms. */
  readonly seen: number;
}

/** Replaces workers that have reached a limit, one at a time. What they have come to is read from the outside: it costs them nothing. */
export class Recycling {
  /** Replaced workers, by why. */
  readonly counts = new Map<RecycleReason, number>();
  readonly #parts: RecyclingParts;
  #known = new WeakMap<WorkerRun, Known>();
  #recycle: RecycleConfig | null = null;
  #timer: NodeJS.Timeout | null = null;
  #pause = FIRST_PAUSE;
  #problem: string | null = null;
  #full = false;

  constructor(parts: RecyclingParts) {
    this.#parts = parts;
  }

  /** Why a worker that should be replaced is not, or null. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Keeps to these limits from now on. */
  follow(recycle: RecycleConfig): void {
    this.stop();
    this.#recycle = recycle;
    this.#known = new WeakMap();
    if (recycle.requests !== null || recycle.age !== null || recycle.memory !== null) this.#lookIn(0);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#recycle = null;
    this.#problem = null;
  }

  #lookIn(pause: number): void {
    this.#timer = setTimeout(() => void this.#look(), pause);
  }

  async #look(): Promise<void> {
    const recycle = this.#recycle;
    if (recycle === null) return;
    let pause = LOOK;
    for (const keeper of this.#parts.workers()) {
      const { run, state } = keeper;
      if (run === null || state !== "running") continue;
      const { limits, figures, next } = this.#figures(keeper, run, recycle);
      pause = Math.min(pause, next);
      const reason = recycleReason(limits, figures);
      if (reason === null || !this.#hasRoom()) continue;
      pause = await this.#replace(keeper, run, reason, figures);
      break;
    }
    if (this.#recycle === recycle) this.#lookIn(pause);
  }

  #figures(
    keeper: Keeper<WorkerRun>,
    run: WorkerRun,
    recycle: RecycleConfig,
  ): { readonly limits: RecycleLimits; readonly figures: WorkerFigures; readonly next: number } {
    const now = performance.now();
    const figures: WorkerFigures = {
      requests: recycle.requests === null ? 0 : exchangesTaken(run.page),
      age: Date.now() - keeper.since.getTime(),
      memory: recycle.memory === null ? null : residentMemory(run.pid),
    };
    const known = this.#known.get(run);
    const limits = known?.limits ?? drawLimits(recycle, Math.random);
    const next = known === undefined ? FIRST_LOOK : nextLook(limits, known.figures, figures, now - known.seen);
    this.#known.set(run, { limits, figures, seen: now });
    return { limits, figures, next };
  }

  // Workers that stay for what they have started need memory: no more of them than there are others.
  #hasRoom(): boolean {
    const full = this.#parts.lingering() >= this.#parts.workers().length;
    if (full && !this.#full)
      this.#parts.log.warn("workers that should be replaced go on: too many replaced ones wait for their processes");
    this.#full = full;
    return !full;
  }

  async #replace(
    keeper: Keeper<WorkerRun>,
    run: WorkerRun,
    reason: RecycleReason,
    figures: WorkerFigures,
  ): Promise<number> {
    const why = describeReason(reason, figures);
    this.#parts.log.info(`${run.name} ${why} and is replaced`, { pid: run.pid });
    const failure = await this.#parts.replace(keeper, run, why);
    if (failure === null) {
      this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
      this.#pause = FIRST_PAUSE;
      this.#problem = null;
      return 0;
    }
    // It goes on meanwhile: better one that is due than none.
    this.#problem = `${run.name} ${why}, but what should replace it does not start: ${failure.end.reason}`;
    const pause = this.#pause;
    this.#pause = Math.min(LONGEST_PAUSE, this.#pause * 2);
    return pause;
  }
}
