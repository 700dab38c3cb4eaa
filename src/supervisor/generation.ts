import type { RestartPolicy } from "../process/backoff.ts";
import { Keeper, type RunEnd } from "../process/keeper.ts";
import type { Forerunner } from "./forerunner.ts";
import type { WorkerRun } from "./worker-run.ts";

/** Why a generation did not come up. */
export interface StartFailure {
  /** `person/3` */
  readonly worker: string;
  readonly end: RunEnd;
}

export interface GenerationParts {
  readonly workers: number;
  readonly policy: RestartPolicy;
  readonly launch: () => WorkerRun;
  /** Who forks the workers; null: they are started one by one. */
  readonly forerunner: Forerunner | null;
  /** A worker got ready. */
  readonly ready: (run: WorkerRun) => void;
  readonly ended: (run: WorkerRun, end: RunEnd, wanted: boolean) => void;
}

type Kept = Keeper<WorkerRun>;

/** The W workers of one version of an app. A reload makes a new one and drains the old; single workers can be replaced within it. */
export class Generation {
  readonly forerunner: Forerunner | null;
  readonly #parts: GenerationParts;
  readonly #keepers: Kept[] = [];
  readonly #substitutes = new Set<Kept>();
  readonly #outcomes = new Map<Kept, ((failure: StartFailure | null) => void)[]>();

  constructor(parts: GenerationParts) {
    this.#parts = parts;
    this.forerunner = parts.forerunner;
  }

  /** In their places; what is still to take a place is not among them. */
  get keepers(): readonly Kept[] {
    return this.#keepers;
  }

  /** Those too that are to take a place. */
  get all(): readonly Kept[] {
    return [...this.#keepers, ...this.#substitutes];
  }

  /** All of its places are taken. */
  get complete(): boolean {
    return this.#keepers.length >= this.#parts.workers;
  }

  /**
   * Starts so many workers. Resolves to null when each has got ready or, unless `strict`, failed once while another got ready; else to
   * the first failure: then the caller stops it.
   */
  async start(strict: boolean, count: number = this.#parts.workers): Promise<StartFailure | null> {
    const failure = (await this.forerunner?.start()) ?? null;
    if (failure !== null) return failure;
    const starts = Array.from({ length: count }, () => this.startNext());
    return strict ? firstFailure(starts) : leastFailure(await Promise.all(starts));
  }

  /** Starts a worker in a place that is not taken. Resolves to null when it is ready, or to how its first try has ended. */
  startNext(): Promise<StartFailure | null> {
    const keeper = this.#make();
    this.#keepers.push(keeper);
    return this.#begin(keeper);
  }

  /** Resolves when the last one that was started gets ready or fails once more. */
  nextOutcome(): Promise<StartFailure | null> {
    return this.#outcome(this.#keepers.at(-1)!);
  }

  /**
   * Starts a worker that takes the place of `old` when it is ready; then `old` is the caller's, to be drained. Otherwise resolves to why
   * not, and nothing has changed.
   */
  async replace(old: Kept): Promise<StartFailure | null> {
    const substitute = this.#make();
    this.#substitutes.add(substitute);
    const failure = await this.#begin(substitute);
    this.#substitutes.delete(substitute);
    if (failure === null) this.#keepers[this.#keepers.indexOf(old)] = substitute;
    else await substitute.stop(0);
    return failure;
  }

  /** Workers that can be given exchanges. */
  running(): WorkerRun[] {
    return this.#keepers.flatMap((keeper) => (keeper.state === "running" && keeper.run !== null ? [keeper.run] : []));
  }

  async stop(grace: number): Promise<void> {
    await Promise.all(this.all.map((keeper) => keeper.stop(grace)));
    await this.forerunner?.stop(0);
  }

  #make(): Kept {
    const { launch, policy, ready, ended } = this.#parts;
    const keeper: Kept = new Keeper({
      launch,
      policy,
      ready: (run) => {
        ready(run);
        this.#settle(keeper, null);
      },
      ended: (run, end, wanted) => {
        ended(run, end, wanted);
        this.#settle(keeper, { worker: run.name, end });
      },
    });
    return keeper;
  }

  #begin(keeper: Kept): Promise<StartFailure | null> {
    const outcome = this.#outcome(keeper);
    keeper.start();
    return outcome;
  }

  #outcome(keeper: Kept): Promise<StartFailure | null> {
    return new Promise((resolve) => {
      this.#outcomes.set(keeper, [...(this.#outcomes.get(keeper) ?? []), resolve]);
    });
  }

  #settle(keeper: Kept, failure: StartFailure | null): void {
    const waiting = this.#outcomes.get(keeper) ?? [];
    this.#outcomes.delete(keeper);
    for (const resolve of waiting) resolve(failure);
  }
}

/** As soon as one has failed, or when none has. */
function firstFailure(starts: readonly Promise<StartFailure | null>[]): Promise<StartFailure | null> {
  return new Promise((resolve) => {
    for (const start of starts) void start.then((failure) => failure !== null && resolve(failure));
    void Promise.all(starts).then(() => resolve(null));
  });
}

/** Null when one has come up. */
function leastFailure(outcomes: readonly (StartFailure | null)[]): StartFailure | null {
  return outcomes.includes(null) ? null : (outcomes[0] ?? null);
}
