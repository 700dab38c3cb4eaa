import type { RestartPolicy } from "../process/backoff.ts";
import { Keeper, type RunEnd } from "../process/keeper.ts";
import type { ForerunnerRun } from "./forerunner-run.ts";
import type { Forker, ForkHears } from "./forked-process.ts";

export interface ForerunnerParts {
  readonly launch: () => ForerunnerRun;
  readonly policy: RestartPolicy;
  readonly ready: (run: ForerunnerRun) => void;
  /** It has ended by itself and will be started again; its workers live on. */
  readonly ended: (run: ForerunnerRun, end: RunEnd) => void;
}

/** The forerunner of a generation, kept alive: who wants a worker while there is none waits for the next. */
export class Forerunner implements Forker {
  readonly keeper: Keeper<ForerunnerRun>;
  readonly #waiting = new Map<string, ForkHears>();
  #settle: ((failure: { readonly worker: string; readonly end: RunEnd } | null) => void) | null = null;

  constructor({ launch, policy, ready, ended }: ForerunnerParts) {
    this.keeper = new Keeper({
      launch,
      policy,
      ready: (run) => {
        ready(run);
        this.#settle?.(null);
        for (const [key, hears] of this.#waiting) run.fork(key, hears);
        this.#waiting.clear();
      },
      ended: (run, end, wanted) => {
        if (!wanted && this.#settle === null) ended(run, end);
        this.#settle?.({ worker: run.name, end });
      },
    });
  }

  /** Resolves to null when the app is imported, else to why it is not; then the caller stops it. */
  start(): Promise<{ readonly worker: string; readonly end: RunEnd } | null> {
    return new Promise((resolve) => {
      this.#settle = (failure) => {
        this.#settle = null;
        resolve(failure);
      };
      this.keeper.start();
    });
  }

  fork(key: string, hears: ForkHears): void {
    const { run, state } = this.keeper;
    if (state === "running" && run !== null) run.fork(key, hears);
    else if (state === "stopped" || state === "stopping") hears.failed("its forerunner is stopped");
    else this.#waiting.set(key, hears);
  }

  cancel(key: string): void {
    this.#waiting.delete(key);
  }

  async stop(grace: number): Promise<void> {
    await this.keeper.stop(grace);
    for (const hears of this.#waiting.values()) hears.failed("its forerunner is stopped");
    this.#waiting.clear();
  }
}
