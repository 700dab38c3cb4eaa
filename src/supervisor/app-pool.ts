import { PropylonError } from "../base/errors.ts";
import type { AppConfig } from "../config/model.ts";
import type { AppStatus, ProcessStatus } from "../control/operations.ts";
import type { WorkerReport } from "../control/report.ts";
import type { EdgeSnapshot } from "../edge/messages.ts";
import type { EndKind, Keeper, RunEnd } from "../process/keeper.ts";
import type { FlightRecorder } from "./flight-recorder.ts";
import type { Forerunner } from "./forerunner.ts";
import { Generation, type StartFailure } from "./generation.ts";
import { appStatus, brokenReason, workerStatus } from "./pool-status.ts";
import type { RecycleReason } from "./recycle-rule.ts";
import { Recycling } from "./recycling.ts";
import { followFolder, followLinks } from "./release.ts";
import { TouchWatch } from "./touch-watch.ts";
import { type LaunchParts, type LaunchSettings, WorkerLaunch } from "./worker-launch.ts";
import { dropWorkerPage } from "./worker-page.ts";
import type { WorkerRun } from "./worker-run.ts";

/** What a pool needs of its surroundings; `tell` reaches the edge, if there is one at present: {@link AppPool.announce} tells a new one all. */
export interface PoolParts extends LaunchParts {
  readonly recorder: FlightRecorder;
  readonly findInterpreter: (app: AppConfig) => { readonly path: string; readonly reason: string };
  /** One of the files that reload this app was touched. */
  readonly touched: (app: string, file: string) => void;
}

/** What changes with the configuration. */
export type PoolSettings = Omit<LaunchSettings, "python">;

/** Workers that have been started and aren't in use yet: exactly one of `commit` and `abandon` is called. */
export interface Candidate {
  /** Why they did not come up, or null. */
  readonly failure: StartFailure | null;
  /**
   * Gives them to the edge and drains those before them. Resolves when none before them is left that is given exchanges, or to why one
   * of those that were yet to start does not come up; it is tried again, and until then goes on what was to be replaced.
   */
  commit(): Promise<StartFailure | null>;
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
  readonly #draining = new Set<Promise<void>>();
  readonly #old = new Set<Keeper<WorkerRun>>();
  readonly #launch: WorkerLaunch;
  readonly #recycling: Recycling;
  readonly #touch: TouchWatch;
  /** Workers of the generation before that are still given exchanges, while they are replaced one by one. */
  #leaving: Keeper<WorkerRun>[] = [];
  #settings: PoolSettings;
  #python = "";
  #current: Generation | null = null;
  #starting: Generation | null = null;
  /** The last failed start of a whole generation, until one comes up. */
  #failure: StartFailure | null = null;
  #broken: string | null = null;
  #stopped = false;

  constructor(parts: PoolParts, settings: PoolSettings) {
    this.name = parts.name;
    this.#parts = parts;
    this.#settings = settings;
    this.#launch = new WorkerLaunch(parts);
    this.#recycling = new Recycling({
      log: parts.log,
      workers: () => (this.#leaving.length > 0 ? [] : (this.#current?.keepers ?? [])),
      lingering: () => this.#old.size,
      replace: (keeper, run, why) => this.#replace(keeper, run, why),
    });
    this.#touch = new TouchWatch(parts.log, (file) => parts.touched(parts.name, file));
  }

  /** Starts workers for these settings beside the ones in use. `strict`: one that fails fails all. */
  async prepare(settings: PoolSettings, strict: boolean): Promise<Candidate> {
    const interpreter = this.#parts.findInterpreter(settings.app);
    const app = followLinks(settings.app);
    const common = { ...settings, app, python: followFolder(interpreter.path) };
    const forerunner = await this.#launch.forerunner(common, (run, end) => this.#lost(run.name, end));
    const generation: Generation = new Generation({
      workers: app.workers,
      policy: this.#parts.policy,
      forerunner,
      launch: () => {
        const run = this.#launch.worker(common, forerunner);
        this.#runs.set(run.id, run);
        return run;
      },
      ready: (run) => this.#ready(generation, run),
      ended: (run, end, wanted) => this.#ended(generation, run, end, wanted),
    });
    this.#starting = generation;
    // One by one: the first tells whether the others can come.
    const oneByOne = strict && app.reloadMode === "one-by-one" && this.hasReady();
    const failure = await generation.start(strict, oneByOne ? 1 : app.workers);
    if (failure?.end.traceback) this.#log(failure.worker, failure.end);
    return {
      failure,
      commit: () => {
        this.#starting = null;
        this.#settings = settings;
        this.#python = `${interpreter.path} (${interpreter.reason})`;
        this.#touch.follow(app.touchReload);
        return this.#swap(generation, oneByOne);
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
    const active = this.workers().map((run) => run.id);
    this.#parts.tell({ type: "workers", app: this.name, active, pages });
    if (this.#broken !== null) this.#parts.tell({ type: "app-broken", app: this.name, reason: this.#broken });
  }

  workerConnected(worker: number): void {
    this.#runs.get(worker)?.connected();
  }

  workerIdle(worker: number): void {
    this.#launch.idle.idle(worker);
  }

  /** Something in this worker is past its hard deadline; the edge gives it nothing more. */
  workerOverdue(worker: number, why: string): void {
    this.#runs.get(worker)?.overdue(why);
  }

  probed(id: number, status: number | null): void {
    this.#launch.probes.answered(id, status);
  }

  edgeDied(): void {
    this.#launch.probes.allFailed();
    this.#launch.idle.allIdle();
  }

  /** Ends all workers; the edge answers 503 for the app. `now`: without waiting for what they run. */
  async stop(now: boolean): Promise<void> {
    const { stopTimeout } = this.#settings.app;
    this.#stopped = true;
    this.#touch.stop();
    await this.#starting?.stop(now ? 0 : stopTimeout);
    this.#retire();
    this.#setBroken("the app is stopped");
    for (const run of this.#runs.values()) run.hurry(stopTimeout);
    if (now) await this.kill();
    await Promise.all(this.#draining);
    if (this.#starting !== null || this.#current !== null) return; // started again meanwhile
    this.#launch.close();
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
    return this.workers().length > 0;
  }

  /** Why the app can't serve at present, or null. */
  get broken(): string | null {
    return this.#broken;
  }

  /** Those that are given exchanges. */
  workers(): readonly WorkerRun[] {
    const leaving = this.#leaving.flatMap(({ state, run }) => (state === "running" && run !== null ? [run] : []));
    return [...(this.#current?.running() ?? []), ...leaving];
  }

  /** Workers that were replaced because they had reached a limit, by which. */
  get recycled(): ReadonlyMap<RecycleReason, number> {
    return this.#recycling.counts;
  }

  status(
    edge: EdgeSnapshot | null,
    reports: readonly WorkerReport[],
  ): { readonly app: AppStatus; readonly processes: readonly ProcessStatus[] } {
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
        reports,
        problem: this.#recycling.problem,
      }),
      processes: [
        ...this.#launch.forerunners().map(({ keeper }) => workerStatus(`${this.name}/forerunner`, keeper, undefined)),
        ...keepers.map((keeper) =>
          workerStatus(`${this.name}/-`, keeper, keeper.run === null ? undefined : figures?.workers[keeper.run.id]),
        ),
      ],
    };
  }

  /** How many workers are in each state, for the metric. */
  states(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { state } of this.#keepers()) counts.set(state, (counts.get(state) ?? 0) + 1);
    return counts;
  }

  #keepers(): readonly Keeper<WorkerRun>[] {
    return [...(this.#current?.all ?? []), ...(this.#starting?.all ?? []), ...this.#leaving, ...this.#old];
  }

  #ready(generation: Generation, run: WorkerRun): void {
    this.#parts.log.info(`${run.name} is ready`, { pid: run.pid });
    if (generation !== this.#current) return;
    this.announce();
    this.#setBroken(null);
  }

  #ended(generation: Generation, run: WorkerRun, end: RunEnd, wanted: boolean): void {
    this.#runs.delete(run.id);
    this.#launch.idle.idle(run.id);
    this.#parts.tell({ type: "worker-exited", app: this.name, worker: run.id, reason: end.reason });
    const draft = run.draft(end, wanted);
    if (draft !== null) void this.#parts.recorder.ended(draft, run.isConnected && this.#parts.hasEdge());
    dropWorkerPage(run.page);
    if (wanted) return;
    // Of a start that fails as a whole the caller tells, once.
    this.#lost(run.name, end, generation !== this.#starting);
    const failed = generation.keepers.some((keeper) => keeper.state === "failed");
    if (generation !== this.#current) return;
    this.announce();
    if (failed && !this.hasReady()) this.#setBroken(brokenReason(this.#settings.app, end));
  }

  #lost(name: string, end: RunEnd, tell = true): void {
    this.restarts.set(end.kind, (this.restarts.get(end.kind) ?? 0) + 1);
    if (tell) this.#log(name, end);
  }

  #log(worker: string, end: RunEnd): void {
    const traceback = end.traceback === null ? "" : `\n${end.traceback.trimEnd()}`;
    this.#parts.log.error(`${worker} ${sentence(end)}${traceback}`, { remedy: end.remedy ?? undefined });
  }

  #swap(generation: Generation, oneByOne: boolean): Promise<StartFailure | null> {
    this.#failure = null;
    this.#stopped = false;
    this.#retire(generation, oneByOne);
    this.#setBroken(null);
    this.#recycling.follow(this.#settings.app.recycle);
    return oneByOne ? this.#roll(generation) : Promise.resolve(null);
  }

  // Each new worker that is ready takes the place of an old one, those first that can't serve.
  async #roll(generation: Generation): Promise<StartFailure | null> {
    let told!: (failure: StartFailure | null) => void;
    const first = new Promise<StartFailure | null>((resolve) => {
      told = resolve;
    });
    const go = async (): Promise<void> => {
      this.#leaveOne();
      while (!generation.complete && this.#current === generation) {
        let failure = await generation.startNext();
        while (failure !== null && this.#current === generation) {
          told(failure);
          failure = await generation.nextOutcome();
        }
        if (this.#current === generation) this.#leaveOne();
      }
      if (this.#current === generation) while (this.#leaving.length > 0) this.#leaveOne();
      told(null);
    };
    void go();
    return first;
  }

  #leaveOne(): void {
    const place = Math.max(
      0,
      this.#leaving.findIndex(({ state }) => state !== "running"),
    );
    for (const keeper of this.#leaving.splice(place, 1)) void this.#drain(keeper);
    this.announce();
  }

  async #replace(keeper: Keeper<WorkerRun>, run: WorkerRun, why: string): Promise<StartFailure | null> {
    const generation = this.#current;
    if (generation === null) return null;
    const failure = await generation.replace(keeper);
    if (this.#current !== generation) return null; // all of them are on their way out
    if (failure !== null) {
      this.#log(failure.worker, failure.end);
      return failure;
    }
    run.explain(why);
    void this.#drain(keeper);
    this.announce();
    return null;
  }

  // The current workers get no more exchanges, finish what they have, and end; `next` take their place, at once or one by one.
  #retire(next: Generation | null = null, oneByOne = false): void {
    const old = this.#current;
    this.#current = next;
    this.#recycling.stop();
    const leaving = [...(old?.all ?? []), ...this.#leaving];
    this.#leaving = oneByOne ? leaving : [];
    const drained = oneByOne ? [] : leaving.map((keeper) => this.#drain(keeper));
    this.announce();
    if (!old?.forerunner) return;
    const dismissed: Promise<void> = this.#dismiss(old, old.forerunner, drained).then(() => {
      this.#draining.delete(dismissed);
    });
    this.#draining.add(dismissed);
  }

  // A forerunner stays for as long as it has workers, whose ends it tells.
  async #dismiss(generation: Generation, forerunner: Forerunner, drained: readonly Promise<void>[]): Promise<void> {
    await Promise.all(drained);
    await Promise.all(generation.all.map(({ run }) => run?.ended));
    await forerunner.stop(0);
  }

  #drain(keeper: Keeper<WorkerRun>): Promise<void> {
    this.#old.add(keeper);
    const drained = keeper.drain(this.#settings.app.stopTimeout).then(() => {
      this.#old.delete(keeper);
      this.#draining.delete(drained);
    });
    this.#draining.add(drained);
    return drained;
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
