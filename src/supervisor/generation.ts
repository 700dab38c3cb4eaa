import type { RestartPolicy } from "../process/backoff.ts";
import { Keeper, type RunEnd } from "../process/keeper.ts";
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
  /** A worker got ready. */
  readonly ready: (run: WorkerRun) => void;
  readonly ended: (run: WorkerRun, end: RunEnd, wanted: boolean) => void;
}

/** The W workers that were started together for one version of an app. A reload makes a new one and drains the old. */
export class Generation {
  readonly keepers: readonly Keeper<WorkerRun>[];
  readonly #settled = new Set<Keeper<WorkerRun>>();
  #failure: StartFailure | null = null;
  #anyReady = false;
  #strict = false;
  #settle: ((failure: StartFailure | null) => void) | null = null;

  constructor(parts: GenerationParts) {
    this.keepers = Array.from({ length: parts.workers }, () => {
      const keeper: Keeper<WorkerRun> = new Keeper({
        launch: parts.launch,
        policy: parts.policy,
        ready: (run) => {
          parts.ready(run);
          this.#anyReady = true;
          this.#note(keeper);
        },
        ended: (run, end, wanted) => {
          parts.ended(run, end, wanted);
          this.#failure ??= { worker: run.name, end };
          this.#note(keeper, true);
        },
      });
      return keeper;
    });
  }

  /**
   * Starts all workers. Resolves to null when each has got ready or, unless `strict`, failed once while another got ready; else to
   * the first failure: then the caller stops it.
   */
  start(strict: boolean): Promise<StartFailure | null> {
    this.#strict = strict;
    return new Promise((resolve) => {
      this.#settle = resolve;
      for (const keeper of this.keepers) keeper.start();
    });
  }

  /** Runs of all states. */
  runs(): WorkerRun[] {
    return this.keepers.flatMap((keeper) => (keeper.run === null ? [] : [keeper.run]));
  }

  /** Workers that can be given exchanges. */
  running(): WorkerRun[] {
    return this.keepers.flatMap((keeper) => (keeper.state === "running" && keeper.run !== null ? [keeper.run] : []));
  }

  async stop(grace: number): Promise<void> {
    await Promise.all(this.keepers.map((keeper) => keeper.stop(grace)));
  }

  #note(keeper: Keeper<WorkerRun>, failed = false): void {
    this.#settled.add(keeper);
    if (failed && this.#strict) this.#resolve(this.#failure);
    if (this.#settled.size === this.keepers.length) this.#resolve(this.#anyReady ? null : this.#failure);
  }

  #resolve(failure: StartFailure | null): void {
    this.#settle?.(failure);
    this.#settle = null;
  }
}
