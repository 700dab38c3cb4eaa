import { PropylonError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { AppConfig } from "../config/model.ts";
import type { AppStatus, ProcessStatus } from "../control/operations.ts";
import type { EdgeSnapshot, ToEdge } from "../edge/messages.ts";
import type { RestartPolicy } from "../process/backoff.ts";
import type { EndKind, Keeper, RunEnd } from "../process/keeper.ts";
import { Generation, type StartFailure } from "./generation.ts";
import { IdleWaits } from "./idle-waits.ts";
import { appStatus, brokenReason, workerStatus } from "./pool-status.ts";
import { dropWorkerPage, makeWorkerPage } from "./worker-page.ts";
import { WorkerRun } from "./worker-run.ts";

/** What a pool needs of its surroundings. */
export interface PoolParts {
  readonly name: string;
  /** Absolute path of the runtime directory. */
  readonly runtime: string;
  /** Absolute path of the app's Unix socket. */
  readonly socket: string;
  readonly log: Log;
  readonly policy: RestartPolicy;
  /** Tells the edge, if there is one at present; {@link AppPool.announce} tells a new one everything. */
  readonly tell: (message: ToEdge) => void;
  /** Whether there is an edge at present. */
  readonly hasEdge: () => boolean;
  readonly findInterpreter: (app: AppConfig) => { readonly path: string; readonly reason: string };
}

/** What changes with the configuration. */
export interface PoolSettings {
  readonly app: AppConfig;
  readonly profile: string;
  /** Longest wait for exchanges in flight when workers are replaced, ms. */
  readonly drain: number;
  /** Numbers of who owns the workers' files, and of the edge's group, which reads them. */
  readonly owner: { readonly uid: number; readonly edgeGroup: number };
}

/** Workers that have been started and aren't in use yet: exactly one of `commit` and `abandon` is called. */
export interface Candidate {
  /** Why they did not come up, or null. */
  readonly failure: StartFailure | null;
  /** Gives them to the edge and drains those before them. */
  commit(): void;
  /** Ends them; those before them go on. */
  abandon(): Promise<void>;
}

/** One app's workers: kept alive, replaced without a gap, stopped. */
export class AppPool {
  readonly name: string;
  /** Workers that ended without being asked, by why. */
  readonly restarts = new Map<EndKind, number>();
  readonly #parts: PoolParts;
  readonly #runs = new Map<number, WorkerRun>();
  readonly #idle = new IdleWaits();
  readonly #draining = new Set<Promise<void>>();
  readonly #old = new Set<Keeper<WorkerRun>>();
  #settings: PoolSettings;
  #python = "";
  #current: Generation | null = null;
  #starting: Generation | null = null;
  /** The last failed start of a whole generation, until one comes up. */
  #failure: StartFailure | null = null;
  #broken: string | null = null;
  #stopped = false;
  #nextId = 1;

  constructor(parts: PoolParts, settings: PoolSettings) {
    this.name = parts.name;
    this.#parts = parts;
    this.#settings = settings;
  }

  /** Starts workers for these settings beside the ones in use. `strict`: one that fails fails all. */
  async prepare(settings: PoolSettings, strict: boolean): Promise<Candidate> {
    const { app } = settings;
    const interpreter = this.#parts.findInterpreter(app);
    const generation: Generation = new Generation({
      workers: app.workers,
      policy: this.#parts.policy,
      launch: () => this.#launch(settings, interpreter.path),
      ready: (run) => this.#ready(generation, run),
      ended: (run, end, wanted) => this.#ended(generation, run, end, wanted),
    });
    this.#starting = generation;
    const failure = await generation.start(strict);
    if (failure?.end.traceback) this.#log(failure.worker, failure.end);
    return {
      failure,
      commit: () => {
        this.#starting = null;
        this.#settings = settings;
        this.#python = `${interpreter.path} (${interpreter.reason})`;
        this.#swap(generation);
      },
      abandon: async () => {
        this.#starting = null;
        this.#failure = failure;
        await generation.stop(app.stopTimeout);
      },
    };
  }

  /** Development: these workers can't start, and the old ones must not answer for them. */
  breakDown(settings: PoolSettings, failure: StartFailure): void {
    this.#settings = settings;
    this.#failure = failure;
    this.#retire();
    this.#setBroken(brokenReason(settings.app, failure.end));
  }

  /** Tells a (new) edge all about this app. */
  announce(): void {
    const pages: Record<number, string> = {};
    for (const run of this.#runs.values()) pages[run.id] = run.page;
    const active = this.#current?.running().map((run) => run.id) ?? [];
    this.#parts.tell({ type: "workers", app: this.name, active, pages });
    if (this.#broken !== null) this.#parts.tell({ type: "app-broken", app: this.name, reason: this.#broken });
  }

  workerConnected(worker: number): void {
    this.#runs.get(worker)?.connected();
  }

  workerIdle(worker: number): void {
    this.#idle.idle(worker);
  }

  edgeDied(): void {
    this.#idle.allIdle();
  }

  /** Ends all workers; the edge answers 503 for the app. `now`: without waiting for what they run. */
  async stop(now: boolean): Promise<void> {
    this.#stopped = true;
    await this.#starting?.stop(now ? 0 : this.#settings.app.stopTimeout);
    this.#retire();
    this.#setBroken("the app is stopped");
    if (now) await this.kill();
    await Promise.all(this.#draining);
  }

  /** Ends all workers at once, whatever they do. */
  async kill(): Promise<void> {
    const runs = [...this.#runs.values()];
    await this.#starting?.stop(0);
    this.#retire();
    for (const run of runs) run.stop(0);
    await Promise.all(runs.map((run) => run.ended));
  }

  /** Stopped on request. */
  get stopped(): boolean {
    return this.#stopped;
  }

  hasReady(): boolean {
    return (this.#current?.running().length ?? 0) > 0;
  }

  /** Why the app can't serve at present, or null. */
  get broken(): string | null {
    return this.#broken;
  }

  workers(): readonly WorkerRun[] {
    return this.#current?.running() ?? [];
  }

  status(edge: EdgeSnapshot | null): { readonly app: AppStatus; readonly processes: readonly ProcessStatus[] } {
    const keepers = this.#keepers();
    const figures = edge?.apps[this.name];
    return {
      app: appStatus({
        app: this.#settings.app,
        python: this.#python,
        keepers: this.#current?.keepers ?? [],
        stopped: this.#stopped,
        starting: this.#current === null && this.#starting !== null,
        failure: this.#failure?.end ?? null,
        inFlight: figures?.inFlight ?? 0,
        queued: figures?.queued ?? 0,
      }),
      processes: keepers.map((keeper) =>
        workerStatus(this.name, keeper, keeper.run === null ? undefined : figures?.workers[keeper.run.id]),
      ),
    };
  }

  /** How many workers are in each state, for the metric. */
  states(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { state } of this.#keepers()) counts.set(state, (counts.get(state) ?? 0) + 1);
    return counts;
  }

  #keepers(): readonly Keeper<WorkerRun>[] {
    return [...(this.#current?.keepers ?? []), ...(this.#starting?.keepers ?? []), ...this.#old];
  }

  #launch(settings: PoolSettings, python: string): WorkerRun {
    const { app, profile, drain, owner } = settings;
    const id = this.#nextId++;
    const page = `${this.#parts.runtime}/${this.name}-${id}.page`;
    makeWorkerPage(page, app.threads, owner);
    const { socket, log } = this.#parts;
    const idle = (worker: number): Promise<void> =>
      this.#parts.hasEdge() ? this.#idle.wait(worker, drain) : Promise.resolve();
    const run = new WorkerRun({ id, app, python, socket, page, profile, log, idle });
    this.#runs.set(id, run);
    run.start();
    return run;
  }

  #ready(generation: Generation, run: WorkerRun): void {
    this.#parts.log.info(`${run.name} is ready`, { pid: run.pid });
    if (generation !== this.#current) return;
    this.announce();
    this.#setBroken(null);
  }

  #ended(generation: Generation, run: WorkerRun, end: RunEnd, wanted: boolean): void {
    this.#runs.delete(run.id);
    this.#idle.idle(run.id);
    this.#parts.tell({ type: "worker-exited", app: this.name, worker: run.id, reason: end.reason });
    dropWorkerPage(run.page);
    if (wanted) return;
    this.restarts.set(end.kind, (this.restarts.get(end.kind) ?? 0) + 1);
    // Of a start that fails as a whole the caller tells, once.
    if (generation !== this.#starting) this.#log(run.name, end);
    const failed = generation.keepers.some((keeper) => keeper.state === "failed");
    if (generation !== this.#current) return;
    this.announce();
    if (failed && !this.hasReady()) this.#setBroken(brokenReason(this.#settings.app, end));
  }

  #log(worker: string, end: RunEnd): void {
    const traceback = end.traceback === null ? "" : `\n${end.traceback.trimEnd()}`;
    this.#parts.log.error(`${worker} ${sentence(end)}${traceback}`, { remedy: end.remedy ?? undefined });
  }

  #swap(generation: Generation): void {
    this.#failure = null;
    this.#stopped = false;
    this.#retire(generation);
    this.#setBroken(null);
  }

  // The current workers get no more exchanges, finish what they have, and end; `next` take their place.
  #retire(next: Generation | null = null): void {
    const old = this.#current;
    this.#current = next;
    const { stopTimeout } = this.#settings.app;
    for (const keeper of old?.keepers ?? []) {
      this.#old.add(keeper);
      const drained = keeper.drain(stopTimeout).then(() => {
        this.#old.delete(keeper);
        this.#draining.delete(drained);
      });
      this.#draining.add(drained);
    }
    this.announce();
  }

  #setBroken(reason: string | null): void {
    if (this.#broken === reason) return;
    this.#broken = reason;
    this.#parts.tell({ type: "app-broken", app: this.name, reason });
  }
}

/** The failure as an error for a person, the place being the app. */
export function failureError(app: string, { worker, end }: StartFailure): PropylonError {
  const details = end.remedy === null ? {} : { remedy: end.remedy };
  return new PropylonError("user", `App ${app} does not start: ${worker} ${sentence(end)}`, details);
}

export function unknownApp(name: string, known: readonly string[]): PropylonError {
  return new PropylonError("user", `No app is called "${name}"`, { remedy: `there is ${known.join(", ") || "none"}` });
}

function sentence(end: RunEnd): string {
  return end.kind === "failed-start" ? `failed: ${end.reason}` : end.reason;
}
