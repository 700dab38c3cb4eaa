import type { Log } from "../base/log.ts";
import type { AppConfig } from "../config/model.ts";
import type { ToEdge } from "../edge/messages.ts";
import type { RestartPolicy } from "../process/backoff.ts";
import type { RunEnd } from "../process/keeper.ts";
import type { OutOfMemory } from "../process/out-of-memory.ts";
import { Forerunner } from "./forerunner.ts";
import { ForerunnerRun } from "./forerunner-run.ts";
import { IdleWaits } from "./idle-waits.ts";
import { WorkerDoor } from "./worker-door.ts";
import { makeWorkerPage } from "./worker-page.ts";
import { WorkerProbes } from "./worker-probes.ts";
import { WorkerRun } from "./worker-run.ts";

export interface LaunchParts {
  readonly name: string;
  /** Absolute path of the runtime directory. */
  readonly runtime: string;
  /** Absolute path of the app's Unix socket. */
  readonly socket: string;
  /** Absolute path of the socket that forked workers come to. */
  readonly doorPath: string;
  readonly log: Log;
  readonly policy: RestartPolicy;
  readonly memory: OutOfMemory;
  readonly tell: (message: ToEdge) => void;
  readonly hasEdge: () => boolean;
  /** A worker is being started. */
  readonly launched: (run: WorkerRun) => void;
}

/** What the workers of a generation have in common. */
export interface LaunchSettings {
  readonly app: AppConfig;
  /** The interpreter. */
  readonly python: string;
  readonly profile: string;
  /** Longest wait for exchanges in flight when workers are replaced, ms. */
  readonly drain: number;
  /** Numbers of who owns the workers' files, and of the edge's group, which reads them. */
  readonly owner: { readonly uid: number; readonly edgeGroup: number };
}

/** Starts the workers of an app, or the forerunner that forks them, and knows what they ask of the edge. */
export class WorkerLaunch {
  readonly idle = new IdleWaits();
  readonly probes: WorkerProbes;
  readonly #parts: LaunchParts;
  readonly #forerunners = new Set<Forerunner>();
  #door: WorkerDoor | null = null;
  #nextId = 1;

  constructor(parts: LaunchParts) {
    this.#parts = parts;
    this.probes = new WorkerProbes(parts.name, parts.tell);
  }

  /** Those that are wanted, or still run. */
  forerunners(): readonly Forerunner[] {
    for (const forerunner of this.#forerunners)
      if (forerunner.keeper.state === "stopped") this.#forerunners.delete(forerunner);
    return [...this.#forerunners];
  }

  /** The forerunner of a generation, not started yet; null: its workers need none. `ended`: by itself. */
  async forerunner(
    { app, python, profile, owner }: LaunchSettings,
    ended: (run: ForerunnerRun, end: RunEnd) => void,
  ): Promise<Forerunner | null> {
    if (!app.preload) return null;
    const { doorPath, log, policy } = this.#parts;
    this.#door ??= await WorkerDoor.open(doorPath, owner.uid);
    const door = this.#door.path;
    const launch = (): ForerunnerRun => {
      const run = new ForerunnerRun({ app, python, profile, door, log });
      run.start();
      this.#forerunners.add(forerunner);
      return run;
    };
    const ready = (run: ForerunnerRun): void => {
      log.info(`${run.name} is ready`, { pid: run.pid });
    };
    const forerunner = new Forerunner({ policy, launch, ready, ended });
    return forerunner;
  }

  /** Starts one worker. */
  worker(settings: LaunchSettings, forker: Forerunner | null): WorkerRun {
    const { app, python, profile, drain, owner } = settings;
    const { name, runtime, socket, log, memory, hasEdge } = this.#parts;
    const id = this.#nextId++;
    const page = `${runtime}/${name}-${id}.page`;
    makeWorkerPage(page, app.threads, owner);
    const run = new WorkerRun({
      id,
      app,
      python,
      socket,
      page,
      profile,
      log,
      memory,
      idle: (worker) => (hasEdge() ? this.idle.wait(worker, drain) : Promise.resolve()),
      forerunner: forker === null || this.#door === null ? null : { forker, door: this.#door },
      probe: (worker, path, host) => this.probes.ask(worker, path, host),
    });
    this.#parts.launched(run);
    run.start();
    return run;
  }

  /** No forked worker is to come any more. */
  close(): void {
    this.#door?.close();
    this.#door = null;
  }
}
