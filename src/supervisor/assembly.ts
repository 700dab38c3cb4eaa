import { ProblemList, PropylonError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { accessLogFiles } from "../config/log-files.ts";
import type { AppConfig, Config, ListenerConfig } from "../config/model.ts";
import type { FromEdge, SecureSettings } from "../edge/messages.ts";
import { accountOf } from "../process/accounts.ts";
import type { RestartPolicy } from "../process/backoff.ts";
import { giveFiles } from "../process/give-files.ts";
import { launcherPython } from "../process/launcher.ts";
import { OutOfMemory } from "../process/out-of-memory.ts";
import { StartGate } from "../process/start-gate.ts";
import { AppPool, type PoolSettings } from "./app-pool.ts";
import { Certificates } from "./certificates.ts";
import { EdgeProcess } from "./edge-process.ts";
import { FlightRecorder } from "./flight-recorder.ts";
import { ListeningSocket } from "./listening.ts";
import { ManagedCertificates } from "./managed-certificates.ts";
import type { PassedSockets } from "./passed-sockets.ts";
import { ProgramSet } from "./program-set.ts";
import { ReportStore } from "./report-store.ts";
import type { RuntimeDirectory } from "./runtime-directory.ts";
import { UpstreamChanges } from "./upstream-changes.ts";
import { WorkerFigures } from "./worker-figures.ts";
import { WorkerSeats } from "./worker-seats.ts";

/** Programs that are launched at the same time: enough for a boot's two cores, few enough for its memory. */
const STARTS = 8;

export interface AssemblyParts {
  readonly config: Config;
  readonly log: Log;
  readonly runtime: RuntimeDirectory;
  readonly edgePolicy: RestartPolicy;
  readonly workerPolicy: RestartPolicy;
  readonly findInterpreter: (app: AppConfig) => { readonly path: string; readonly reason: string };
  /** An app is to be reloaded, since this file was touched. */
  readonly touched: (app: string, file: string) => void;
  /** Sockets without bound handles, see {@link ListeningSocket}. */
  readonly plain: boolean;
  /** Sockets that were opened for us. */
  readonly passed: PassedSockets;
  /** The edge's program; ours when left out. */
  readonly edgeProgram?: string;
}

/** All that main keeps running: sockets, the edge, the pools; and how they know of each other. */
export class Assembly {
  /** The configuration that apps and listeners were made from. */
  config: Config;
  /** The one that the edge has, or will have: during a reload it knows more apps than `config`. */
  edgeConfig: Config;
  readonly listeners = new Map<string, ListeningSocket>();
  readonly pools = new Map<string, AppPool>();
  readonly edge: EdgeProcess;
  readonly programs: ProgramSet;
  readonly upstreams = new UpstreamChanges(() => this.edge);
  readonly workers: WorkerFigures;
  readonly seats = new WorkerSeats();
  readonly #parts: AssemblyParts;
  readonly #appSockets = new Map<string, ListeningSocket>();
  readonly #certificates: Certificates;
  readonly #managed: ManagedCertificates;
  readonly reports: ReportStore;
  readonly #recorder: FlightRecorder;
  readonly #memory = new OutOfMemory();
  #accepting = false;

  constructor(parts: AssemblyParts) {
    this.#parts = parts;
    this.config = parts.config;
    this.edgeConfig = parts.config;
    const { config, log, edgePolicy, edgeProgram } = parts;
    this.#certificates = new Certificates(log, (key, secure) => this.edge.tell({ type: "certificates", key, secure }));
    this.#managed = new ManagedCertificates({
      log,
      answers: (answers) => this.edge.tell({ type: "challenges", answers }),
      written: () => this.#certificates.look(),
    });
    this.workers = new WorkerFigures(log.child("metrics"));
    this.reports = new ReportStore(`${parts.runtime.path}/reports`);
    this.#recorder = new FlightRecorder(this.reports, log);
    let pipes = 0;
    this.programs = new ProgramSet({
      log,
      python: launcherPython(),
      profile: config.profile,
      gate: new StartGate(STARTS),
      freshPath: () => `${parts.runtime.path}/p${++pipes}`,
    });
    this.edge = new EdgeProcess({
      number: 0,
      log: log.child("edge 0"),
      policy: edgePolicy,
      account: process.getuid!() === 0 && config.user !== null ? accountOf(config.user, config.group) : null,
      briefing: () => ({
        config: this.#edgesFiles(),
        runtime: parts.runtime.path,
        secure: this.#certificates.settings(),
        challenges: this.#managed.answers,
        appSockets: this.#appSockets,
        listeners: this.#accepting ? this.listeners : new Map(),
      }),
      announce: () => {
        for (const pool of this.pools.values()) pool.announce();
        this.upstreams.repeat();
      },
      heard: (message) => this.#hear(message),
      died: () => {
        for (const pool of this.pools.values()) pool.edgeDied();
      },
      ...(edgeProgram === undefined ? {} : { program: edgeProgram }),
    });
  }

  /** Binds these listeners; all problems are told at once, and nothing stays bound then. */
  async bind(listeners: readonly ListenerConfig[]): Promise<readonly ListeningSocket[]> {
    const results = await Promise.allSettled(
      listeners.map((listener) =>
        ListeningSocket.bind(listener, {
          replace: this.#ownsPath(listener.path),
          plain: this.#parts.plain,
          adopted: this.#parts.passed.claim(listener),
        }),
      ),
    );
    const sockets = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const reasons: unknown[] = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    if (reasons.length === 0) return sockets;
    for (const socket of sockets) socket.close();
    const problems = reasons.filter((reason) => reason instanceof PropylonError);
    throw problems.length > 1 && problems.length === reasons.length ? new ProblemList(problems) : reasons[0];
  }

  /** Makes an app's socket and its pool, without workers yet, and hands the socket to the edge. */
  async addPool(app: AppConfig, config: Config): Promise<AppPool> {
    const { runtime, log, workerPolicy, findInterpreter } = this.#parts;
    const settings = this.settingsOf(app, config);
    const path = runtime.appSocket(app.name);
    const shared = { address: `unix:${path}`, host: "", port: 0, path, mode: 0o600, unlink: true };
    const socket = await ListeningSocket.bind(
      { ...shared, owner: app.user, group: app.group },
      { plain: this.#parts.plain },
    );
    this.#appSockets.set(app.name, socket);
    const pool = new AppPool(
      {
        name: app.name,
        runtime: runtime.path,
        socket: path,
        log,
        policy: workerPolicy,
        memory: this.#memory,
        recorder: this.#recorder,
        tell: (message) => this.edge.tell(message),
        hasEdge: () => this.edge.pid !== null,
        launched: (run) => {
          this.workers.follow(run);
          this.seats.follow(run, { active: () => pool.workers(), edge: () => this.edge.latest });
        },
        findInterpreter,
        doorPath: runtime.doorSocket(app.name),
        touched: this.#parts.touched,
      },
      settings,
    );
    this.pools.set(app.name, pool);
    await this.edge.handAppSocket(app.name, socket);
    return pool;
  }

  /** Forgets a pool whose workers have ended. */
  dropPool(name: string): void {
    this.pools.delete(name);
    this.#appSockets.get(name)?.close();
    this.#appSockets.delete(name);
  }

  settingsOf(app: AppConfig, config: Config): PoolSettings {
    const owner = { uid: accountOf(app.user, app.group).uid, edgeGroup: accountOf(config.user, config.group).gid };
    return { app, profile: config.profile, drain: config.timeouts.drain, owner };
  }

  /** Gives the edge a configuration; throws when it can't take it, and then it has the one before. */
  async configureEdge(config: Config): Promise<void> {
    const before = this.edgeConfig;
    await this.#managed.prepare(config);
    this.#certificates.use(config);
    this.edgeConfig = config;
    this.#edgesFiles();
    const problem = await this.edge.configure(config, this.#certificates.settings());
    if (problem === null) {
      this.upstreams.forget(before, config);
      return this.#managed.use(config);
    }
    this.edgeConfig = before;
    this.#certificates.use(before);
    throw new PropylonError("user", `The edge refuses the configuration: ${problem}`);
  }

  /** Has the edge open its logs anew: somebody has moved the files away. */
  reopenLogs(): void {
    this.#edgesFiles();
    this.edge.tell({ type: "reopen-logs" });
  }

  /** Starts the edge unless it runs: where programs are all there is, it would have nothing to do. */
  async ensureEdge(config: Config): Promise<void> {
    const serves = config.listeners.length > 0 || Object.keys(config.apps).length > 0;
    if (!serves || this.edge.started) return;
    await this.#managed.prepare(config);
    this.#certificates.use(config);
    await this.edge.start();
  }

  /** Lets clients in. */
  async accept(): Promise<void> {
    this.#accepting = true;
    this.workers.start();
    for (const [key, socket] of this.listeners) await this.acceptOn(key, socket);
    // Authorities ask back by the listeners.
    this.#managed.use(this.config);
  }

  async acceptOn(key: string, socket: ListeningSocket): Promise<void> {
    const problem = await this.edge.listen(key, socket);
    if (problem !== null) throw new PropylonError("user", `Cannot listen on ${key}: ${problem}`);
  }

  /** Certificates of the listeners that speak TLS, by their address. */
  certificates(): Readonly<Record<string, SecureSettings>> {
    return this.#certificates.settings();
  }

  /** Why it can't serve at present, one phrase each. */
  notReady(): readonly string[] {
    const reasons: string[] = [];
    if (!this.#accepting) reasons.push("the listeners are not open");
    if (this.edge.started && !this.edge.ready) reasons.push("the edge is not ready");
    for (const pool of this.pools.values()) {
      if (!pool.hasReady())
        reasons.push(`app ${pool.name} has no ready worker${pool.broken === null ? "" : `: ${pool.broken}`}`);
    }
    return reasons;
  }

  /** Lets no one in any more, finishes what is in flight, ends all processes. `now`: without finishing. */
  async stop(now: boolean): Promise<void> {
    this.#accepting = false;
    this.#certificates.stop();
    this.#managed.stop();
    this.workers.stop();
    // First ours: otherwise clients would wait in a backlog that nobody will accept from.
    for (const socket of this.listeners.values()) socket.close();
    this.listeners.clear();
    this.programs.abandonWaits();
    if (now) return this.kill();
    await this.edge.drain(this.config.timeouts.drain);
    await Promise.all([...this.pools.values()].map((pool) => pool.stop(false)));
    this.#closeAppSockets();
    await this.programs.stop(false);
  }

  async kill(): Promise<void> {
    const pools = [...this.pools.values()].map((pool) => pool.kill());
    await Promise.all([this.edge.kill(), ...pools, this.programs.stop(true)]);
    this.#closeAppSockets();
  }

  /** The edge's configuration, once the edge may write to the files of its logs. */
  #edgesFiles(): Config {
    const { edgeConfig } = this;
    const { user, group } = edgeConfig;
    if (user !== null) giveFiles(accessLogFiles(edgeConfig), accountOf(user, group));
    return edgeConfig;
  }

  #closeAppSockets(): void {
    this.#recorder.flush();
    for (const socket of this.#appSockets.values()) socket.close();
    this.#appSockets.clear();
  }

  #hear(message: FromEdge): void {
    if (message.type === "worker-connected") this.pools.get(message.app)?.workerConnected(message.worker);
    else if (message.type === "probed") this.pools.get(message.app)?.probed(message.id, message.status);
    else if (message.type === "worker-idle") this.pools.get(message.app)?.workerIdle(message.worker);
    else if (message.type === "worker-overdue") this.pools.get(message.app)?.workerOverdue(message.worker, message.why);
    else if (message.type === "worker-lost") this.#recorder.told(`${message.app}/${message.worker}`, message.requests);
  }

  #ownsPath(path: string | null): boolean {
    return path !== null && [...this.listeners.values()].some((socket) => socket.spec.path === path);
  }
}
