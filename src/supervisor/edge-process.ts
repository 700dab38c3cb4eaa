import { PropylonError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { CacheOrder, CacheReport } from "../cache/orders.ts";
import type { Config } from "../config/model.ts";
import type { ProcessStatus } from "../control/operations.ts";
import type { EdgeSnapshot, FromEdge, SecureSettings, ToEdge, UpstreamsAnswer } from "../edge/messages.ts";
import type { MetricFamily } from "../metrics/family.ts";
import { CounterBase } from "../metrics/merge.ts";
import type { RestartPolicy } from "../process/backoff.ts";
import { Keeper } from "../process/keeper.ts";
import { EDGE_PROGRAM, EdgeRun } from "./edge-run.ts";
import type { ListeningSocket } from "./listening.ts";
import { residentMemory } from "./pool-status.ts";

/** Figures are asked for this often, ms: so few are lost when the edge dies, and one that hangs is noticed. */
const PULSE = 5000;
/** Longest wait for figures that someone asks for, ms. */
const FIGURES_PATIENCE = 2000;
/** An edge that has not answered for this long is taken for hung and replaced, ms. */
const SILENCE = 30_000;

/** What the supervisor says of the world when a new edge has to be told everything. */
export interface EdgeBriefing {
  readonly config: Config;
  /** Absolute path of the runtime directory. */
  readonly runtime: string;
  /** Certificates of listeners, by address. */
  readonly secure: Readonly<Record<string, SecureSettings>>;
  /** Answers of ACME challenges that run, by token. */
  readonly challenges: Readonly<Record<string, string>>;
  readonly appSockets: ReadonlyMap<string, ListeningSocket>;
  /** Listeners to accept on, by address: empty until the apps are ready. */
  readonly listeners: ReadonlyMap<string, ListeningSocket>;
}

export interface EdgeParts {
  readonly number: number;
  readonly log: Log;
  readonly policy: RestartPolicy;
  readonly account: { readonly uid: number; readonly gid: number } | null;
  readonly briefing: () => EdgeBriefing;
  /** A new edge is configured: tell it of the workers. */
  readonly announce: () => void;
  readonly heard: (message: FromEdge) => void;
  readonly died: () => void;
  readonly program?: string;
}

/** Keeps the edge alive: a new one is told everything and handed all sockets again, whose backlogs main has kept. */
export class EdgeProcess {
  readonly #parts: EdgeParts;
  readonly #keeper: Keeper<EdgeRun>;
  readonly #dead = new CounterBase();
  #snapshot: EdgeSnapshot | null = null;
  /** `performance.now()` when the snapshot came. */
  #taken = 0;
  #requests = 0;
  /** Questions for figures that it has not answered. */
  #owed = 0;
  #pulse: NodeJS.Timeout | null = null;
  #started: ((problem: string | null) => void) | null = null;
  #lastTrouble = "";
  #refused = false;

  constructor(parts: EdgeParts) {
    this.#parts = parts;
    this.#keeper = new Keeper({
      launch: () => this.#launch(),
      policy: parts.policy,
      ready: () => {
        parts.log.info("is ready", { pid: this.#keeper.run?.pid });
        this.#settle(null);
      },
      ended: (run, end, wanted) => {
        this.#bury();
        if (!wanted) {
          parts.log.error(end.reason, { state: this.#keeper.state });
          this.#lastTrouble = end.reason;
          this.#refused = run.refused;
        }
        parts.died();
        if (wanted || this.#keeper.state === "failed") this.#settle(end.reason);
      },
    });
  }

  /** Starts; rejects when it can't be brought up. */
  async start(): Promise<void> {
    const started = new Promise<string | null>((resolve) => {
      this.#started = resolve;
    });
    this.#keeper.start();
    this.#pulse = setInterval(() => void this.#takePulse(), PULSE);
    const problem = await started;
    if (problem === null) return;
    throw new PropylonError(this.#refused ? "user" : "internal", `The edge does not start: ${problem}`);
  }

  /** Whether it is to run. */
  get started(): boolean {
    return this.#pulse !== null;
  }

  get ready(): boolean {
    return this.#keeper.state === "running";
  }

  /** Tells the edge, if there is one; {@link EdgeBriefing} tells a later one. */
  tell(message: ToEdge): void {
    void this.#keeper.run?.send(message);
  }

  /** The edge's workers of this app come by this socket. */
  async handAppSocket(app: string, socket: ListeningSocket): Promise<void> {
    const { run } = this.#keeper;
    if (run !== null) await socket.lend((handle) => run.send({ type: "app-socket", app }, handle));
  }

  /** Swaps a configuration in; resolves to null, or to why not. */
  async configure(config: Config, secure: Readonly<Record<string, SecureSettings>>): Promise<string | null> {
    const run = this.#keeper.run;
    if (run === null) return null; // the next one is briefed with it
    return run.configure({ config, runtime: this.#parts.briefing().runtime, secure });
  }

  async listen(key: string, socket: ListeningSocket): Promise<string | null> {
    const { run } = this.#keeper;
    return run === null ? null : socket.lend((handle) => run.listen(key, handle));
  }

  /** Changes an upstream's targets where something is asked; resolves to how all are then. */
  upstreams(asked: Extract<ToEdge, { type: "upstreams" }>["asked"]): Promise<UpstreamsAnswer> {
    const { run } = this.#keeper;
    const gone: UpstreamsAnswer = { error: "there is no edge at this moment: try again", upstreams: [] };
    return run === null ? Promise.resolve(gone) : run.upstreams(asked);
  }

  /** The figures of now; the last known ones when the edge does not tell them within `patience` ms. `running`: with each request that workers have. */
  async figures(patience: number = FIGURES_PATIENCE, running = false): Promise<EdgeSnapshot | null> {
    const { run } = this.#keeper;
    if (run === null) return this.#snapshot;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), patience);
    });
    // Also an answer that comes too late for who asked is the newest that there is.
    this.#owed++;
    const answered = run.metrics(running).then((snapshot) => {
      this.#owed--;
      if (snapshot === null || this.#keeper.run !== run) return;
      this.#snapshot = snapshot;
      this.#taken = performance.now();
    });
    await Promise.race([answered, late]);
    clearTimeout(timer);
    return this.#snapshot;
  }

  /** Has an order to the HTTP cache done. An edge that is not there has nothing stored. */
  async cache(order: CacheOrder): Promise<CacheReport> {
    const report = await (this.#keeper.run?.cache(order) ?? null);
    return report ?? { stores: [], answers: [], removed: 0 };
  }

  /** Brings {@link latest} up to now where the edge answers quickly: one that owes an answer from before is not waited for. */
  async refresh(patience: number): Promise<void> {
    if (this.#owed === 0) await this.figures(patience);
  }

  /** The last known figures of the edge that runs. */
  get latest(): EdgeSnapshot | null {
    return this.#snapshot;
  }

  /** Age of {@link latest} in seconds. */
  get age(): number | null {
    return this.#snapshot === null ? null : (performance.now() - this.#taken) / 1000;
  }

  /** The last known families of this edge and those of the edges before it: counters never go down. */
  families(): MetricFamily[] {
    return this.#dead.with(this.#snapshot === null ? [] : [this.#snapshot.families]);
  }

  status(): ProcessStatus {
    const { run, state, since, restarts, lastEnd } = this.#keeper;
    return {
      name: `edge ${this.#parts.number}`,
      pid: run?.pid ?? 0,
      state,
      since: since.toISOString(),
      memory: residentMemory(run?.pid ?? null),
      requests: this.#requests + (this.#snapshot?.requests ?? 0),
      restarts,
      reason: lastEnd?.reason ?? null,
    };
  }

  get pid(): number | null {
    return this.#keeper.run?.pid ?? null;
  }

  get restarts(): number {
    return this.#keeper.restarts;
  }

  /** Lets it finish what is in flight, `patience` ms at most. */
  async drain(patience: number): Promise<void> {
    this.#stopPulse();
    await this.#keeper.drain(patience);
  }

  async kill(): Promise<void> {
    this.#stopPulse();
    await this.#keeper.stop(0);
  }

  #launch(): EdgeRun {
    const { number, log, account, heard, program } = this.#parts;
    const run = new EdgeRun({
      number,
      log,
      account,
      heard,
      program: program ?? EDGE_PROGRAM,
      brief: (edge) => this.#brief(edge),
    });
    run.start();
    return run;
  }

  async #brief(run: EdgeRun): Promise<string | null> {
    const { config, runtime, secure, challenges, appSockets, listeners } = this.#parts.briefing();
    const problem = await run.configure({ config, runtime, secure });
    if (problem !== null) return problem;
    if (Object.keys(challenges).length > 0) void run.send({ type: "challenges", answers: challenges });
    for (const [app, socket] of appSockets)
      await socket.lend((handle) => run.send({ type: "app-socket", app }, handle));
    this.#parts.announce();
    const answers = [...listeners].map(([key, socket]) => socket.lend((handle) => run.listen(key, handle)));
    return (await Promise.all(answers)).find((answer) => answer !== null) ?? null;
  }

  async #takePulse(): Promise<void> {
    const run = this.#keeper.run;
    if (run === null || this.#keeper.state !== "running") return;
    const timer = setTimeout(() => run.condemn(`has not answered for ${SILENCE / 1000} s`), SILENCE);
    await this.figures(SILENCE * 2);
    clearTimeout(timer);
  }

  // What a dead edge had counted stays counted.
  #bury(): void {
    if (this.#snapshot === null) return;
    this.#dead.add(this.#snapshot.families);
    this.#requests += this.#snapshot.requests;
    this.#snapshot = null;
  }

  #settle(problem: string | null): void {
    this.#started?.(problem === null ? null : this.#lastTrouble || problem);
    this.#started = null;
  }

  #stopPulse(): void {
    if (this.#pulse !== null) clearInterval(this.#pulse);
    this.#pulse = null;
  }
}
