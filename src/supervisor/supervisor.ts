import { PropylonError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { AppConfig, Config } from "../config/model.ts";
import { apiHandler } from "../control/api.ts";
import type { ChangeReport, Operations, OutputSource, ReloadReport, StatusReport } from "../control/operations.ts";
import type { WorkerReport } from "../control/report.ts";
import { ControlServer } from "../control/server.ts";
import type { Handler } from "../http/exchange.ts";
import { DEFAULT_POLICY, type RestartPolicy } from "../process/backoff.ts";
import { findInterpreter } from "../process/interpreter.ts";
import { type AppPool, unknownApp } from "./app-pool.ts";
import { Assembly } from "./assembly.ts";
import { change, changesTo } from "./change.ts";
import { MetricsCollector } from "./collect-metrics.ts";
import { handlesWork } from "./listening.ts";
import { LogBuffer, rememberingLog } from "./log-buffer.ts";
import { mainStatus } from "./main-status.ts";
import { Notifier } from "./notifier.ts";
import { PassedSockets } from "./passed-sockets.ts";
import { PidFile } from "./pid-file.ts";
import { ProgramOperations } from "./program-operations.ts";
import { RuntimeDirectory } from "./runtime-directory.ts";
import { SideListeners } from "./side-listeners.ts";
import { obeySignals, type SignalTable } from "./signals.ts";
import { spokenListeners } from "./spoken-url.ts";
import { startApps } from "./start-apps.ts";
import { unaskedReload } from "./unasked-reload.ts";
import { uwsgiStats } from "./uwsgi-stats.ts";

export interface SupervisorOptions {
  readonly config: Config;
  /** Main's own log; processes speak through its children. */
  readonly log: Log;
  /** Opens the file of that log anew. */
  readonly reopenLog?: () => void;
  /** Reads the configuration again, for a reload; throws a PropylonError when it is wrong. */
  readonly load: () => Promise<Config>;
  readonly version: string;
  /** Absolute path. */
  readonly pidFile?: string | undefined;
  /** An app that does not start is told in the browser, whatever ran before is ended, and propylon goes on (`propylon dev`). */
  readonly development?: boolean;
  /** Called once, when clients are let in. */
  readonly ready?: (status: StatusReport) => void;
  /** The interpreter of an app and why it is that one (`process/interpreter.ts`); throws a PropylonError when there is none. */
  readonly findInterpreter?: (app: AppConfig) => { readonly path: string; readonly reason: string };
  readonly policy?: RestartPolicy;
  /** Other meanings of signals than ours: those of the program that we stand in for. */
  readonly signals?: SignalTable;
  /** Sockets the plain way whatever Node can (`listening.ts`); for tests. */
  readonly plainSockets?: boolean;
  /** The edge's program; for tests. */
  readonly edgeProgram?: string;
  /** Where runtime directories may be, best first. */
  readonly runtimeBases?: readonly string[];
}

/** Time for answers of the control API in flight when main ends, ms. */
const LAST_ANSWERS = 500;
/** Longest wait for a worker's stacks, ms. */
const STACKS_PATIENCE = 3000;

/** The main process: brings everything up, keeps it so, takes it down. It never sees a client's request (DESIGN §3). */
export class Supervisor implements Operations {
  /** Resolves when all has ended. */
  readonly ended: Promise<void>;
  readonly #options: SupervisorOptions;
  readonly #log: Log;
  readonly #logs = new LogBuffer();
  readonly #since = new Date();
  readonly #metrics: MetricsCollector;
  readonly #control: ControlServer;
  readonly #side: SideListeners;
  readonly #pidFile: PidFile | null;
  #notifier: Notifier | null = null;
  #runtime: RuntimeDirectory | null = null;
  #assembly: Assembly | null = null;
  /** Changes wait for the one before. */
  #changes: Promise<unknown> = Promise.resolve();
  #ending: Promise<void> | null = null;
  #end!: () => void;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#metrics = new MetricsCollector({ version: options.version, since: this.#since });
    this.#log = rememberingLog(options.log, this.#logs, "main", options.config.log.level === "debug");
    const handler = this.#handler();
    this.#control = new ControlServer(handler);
    const statistics = async (): Promise<object> => uwsgiStats(this.#running());
    this.#side = new SideListeners({ log: this.#log, handler, statistics });
    this.#pidFile = options.pidFile === undefined ? null : new PidFile(options.pidFile);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Starts, obeys signals, resolves when all has ended. Rejects when it can't start; then nothing is left behind. */
  async run(): Promise<void> {
    process.title = "propylon: main";
    const disobey = obeySignals(
      {
        stop: (now) => void this.stop({ now }),
        reload: () => void unaskedReload(this.#log, "all, on a signal", () => this.reload({})),
        reopenLogs: () => void this.#reopenLogs(),
      },
      this.#options.signals,
    );
    try {
      await this.start();
      await this.ended;
    } finally {
      disobey();
    }
  }

  /**
   * Without a name: starts everything; resolves when clients are let in, or when it was told to stop meanwhile; rejects when it can't
   * start. With one: starts an app that was stopped.
   */
  async start({ name }: { readonly name?: string } = {}): Promise<void> {
    if (name !== undefined) return this.#startApp(name);
    try {
      await this.#bringUp();
    } catch (error) {
      const stopped = this.#ending !== null;
      this.#ending ??= this.#takeDown(true);
      await this.#ending;
      if (!stopped) throw error;
    }
  }

  async status(): Promise<StatusReport> {
    const assembly = this.#running();
    const { version } = this.#options;
    const { directory, profile } = assembly.config;
    const figures = await assembly.edge.figures();
    const pools = [...assembly.pools.values()].map((pool) => pool.status(figures, assembly.reports.list(pool.name)));
    return {
      version,
      pid: process.pid,
      directory,
      profile,
      since: this.#since.toISOString(),
      ready: this.notReady().length === 0,
      listeners: spokenListeners(assembly.listeners, assembly.config),
      processes: [
        mainStatus(this.#since, this.#ending === null ? "running" : "draining"),
        ...(assembly.edge.started ? [assembly.edge.status()] : []),
        ...pools.flatMap(({ processes }) => processes),
      ],
      apps: pools.map(({ app }) => app),
      programs: assembly.programs.status(),
    };
  }

  async reload({ app, programs = false }: Parameters<Operations["reload"]>[0]): Promise<ReloadReport> {
    const reload = this.#inTurn(async (assembly) => {
      const loaded = await this.#options.load();
      if (programs) return this.#change(assembly, { ...assembly.config, programs: loaded.programs }, []);
      if (app === undefined) {
        const stopped = [...assembly.pools.values()].flatMap((pool) => (pool.stopped ? [pool.name] : []));
        return this.#change(
          assembly,
          loaded,
          Object.keys(loaded.apps).filter((name) => !stopped.includes(name)),
        );
      }
      const settings = loaded.apps[app];
      if (settings === undefined) throw unknownApp(app, Object.keys(loaded.apps));
      const next = { ...assembly.config, apps: { ...assembly.config.apps, [app]: settings } };
      return this.#change(assembly, next, [app]);
    });
    return this.#metrics.reloads.watch(reload);
  }

  async changes(): Promise<ChangeReport> {
    return changesTo(this.#running(), await this.#options.load());
  }

  async restart({ name }: { readonly name: string }): Promise<ReloadReport> {
    return this.#inTurn(async (assembly) => {
      if (this.#programs().has(name)) {
        await this.#programs().restart(name);
        return { apps: [], changes: [], programs: { added: [], changed: [name], removed: [] } };
      }
      const all = Object.keys(assembly.config.apps);
      if (name !== "all" && !all.includes(name)) throw unknownApp(name, all);
      return this.#change(assembly, assembly.config, name === "all" ? all : [name]);
    });
  }

  async stop({ name, now = false }: { readonly name?: string; readonly now?: boolean }): Promise<void> {
    if (name === undefined) {
      void this.#shutDown(now);
      return;
    }
    if (this.#programs().has(name)) return this.#programs().stop(name, now);
    const pool = this.#pool(name);
    this.#log.info(`app ${name} is stopped on request`);
    await pool.stop(now);
  }

  async signal({ name, signal }: { readonly name: string; readonly signal: string }): Promise<void> {
    this.#programs().signal(name, signal);
  }

  async clear({ name }: { readonly name: string }): Promise<void> {
    await this.#programs().clear(name);
  }

  output({ name, stream }: Parameters<Operations["output"]>[0]): OutputSource {
    return this.#programs().output(name, stream);
  }

  async stacks({ app }: { readonly app: string }): ReturnType<Operations["stacks"]> {
    return Promise.all(
      this.#pool(app)
        .workers()
        .map(async (run) => ({ worker: run.id, pid: run.pid ?? 0, text: await run.stacks(STACKS_PATIENCE) })),
    );
  }

  async upstreams(options: Parameters<Operations["upstreams"]>[0]): ReturnType<Operations["upstreams"]> {
    return this.#running().upstreams.ask(this.config(), options);
  }

  async reports({ app }: { readonly app?: string }): Promise<readonly WorkerReport[]> {
    return this.#running().reports.list(app === undefined ? null : this.#pool(app).name);
  }

  async metrics({ format = "text" }: Parameters<Operations["metrics"]>[0] = {}): Promise<string> {
    return this.#metrics.collect(this.#running(), format);
  }

  readonly cache: Operations["cache"] = async (order) => this.#running().edge.cache(order);

  notReady(): readonly string[] {
    if (this.#ending !== null) return ["propylon is stopping"];
    return this.#assembly?.notReady() ?? ["propylon is starting"];
  }

  config(): Config {
    return this.#assembly?.config ?? this.#options.config;
  }

  // --- internal ---

  async #bringUp(): Promise<void> {
    const { config, runtimeBases, policy = DEFAULT_POLICY, development = false, edgeProgram } = this.#options;
    const plain = this.#options.plainSockets ?? !handlesWork();
    if (plain)
      this.#log.warn(`Node ${process.version} has no bound handles: clients are refused while an edge restarts`);
    this.#pidFile?.refuseTaken();
    this.#runtime = RuntimeDirectory.create(config.directory, runtimeBases);
    this.#notifier = Notifier.take(process.env, this.#log);
    const passed = PassedSockets.take(process.env, (message) => this.#log.warn(message));
    const assembly = new Assembly({
      config,
      passed,
      log: this.#log,
      runtime: this.#runtime,
      plain,
      edgePolicy: policy,
      // In development the first failed start is shown, and mended by the next save.
      workerPolicy: development ? { ...policy, attempts: 1 } : policy,
      findInterpreter: this.#options.findInterpreter ?? findInterpreter,
      touched: (app, file) =>
        void unaskedReload(this.#log, `app ${app}, since ${file} was touched`, () => this.reload({ app })),
      ...(edgeProgram === undefined ? {} : { edgeProgram }),
    });
    for (const socket of await assembly.bind(config.listeners)) assembly.listeners.set(socket.spec.address, socket);
    for (const unused of passed.closeRest())
      this.#log.warn(`no listener has the address of the passed socket ${unused}`);
    this.#assembly = assembly;
    await this.#control.listenPrivately(this.#runtime.control);
    await this.#side.open(config);
    assembly.programs.add(config.programs);
    for (const app of Object.values(config.apps)) await assembly.addPool(app, config);
    await Promise.all([assembly.ensureEdge(config), startApps(assembly, this.#options.development ?? false)]);
    if (this.#ending !== null) return this.#ending;
    await assembly.accept();
    this.#pidFile?.write();
    const status = await this.status();
    this.#log.info("ready", { listeners: status.listeners.map(({ url }) => url).join(" ") });
    this.#options.ready?.(status);
    this.#notifier?.ready("ready");
  }

  async #reopenLogs(): Promise<void> {
    this.#options.reopenLog?.();
    this.#assembly?.reopenLogs();
    await this.#assembly?.programs.reopenFiles();
  }

  async #startApp(name: string): Promise<void> {
    if (this.#programs().has(name)) return this.#programs().start(name);
    if (!this.#pool(name).stopped) throw new PropylonError("user", `App "${name}" is not stopped`);
    const { apps } = await this.restart({ name });
    const reason = apps[0]?.reason;
    if (reason) throw new PropylonError("user", `App "${name}" does not start: ${reason}`);
  }

  #handler(): Handler {
    const failed = (operation: string, error: unknown): void =>
      this.#log.error(`${operation} failed: ${error instanceof Error ? error.message : String(error)}`);
    return apiHandler({ operations: this, logs: this.#logs, failed });
  }

  /** One change after the other: each starts from what the one before has left. */
  #inTurn<T>(work: (assembly: Assembly) => Promise<T>): Promise<T> {
    const turn = this.#changes.then(() => {
      const assembly = this.#running();
      this.#notifier?.reloading();
      return work(assembly);
    });
    // Whatever became of it, it is over: whoever waits for the end of a reload must not wait in vain.
    this.#changes = turn
      .catch(() => {})
      .then(() => {
        if (this.#ending === null) this.#notifier?.ready("ready");
      });
    return turn;
  }

  async #change(assembly: Assembly, next: Config, apps: readonly string[]): Promise<ReloadReport> {
    const adopt = await this.#side.prepare(assembly.config, next);
    try {
      const report = await change(assembly, next, {
        apps: new Set(apps),
        development: this.#options.development ?? false,
        log: this.#log,
        ending: () => this.#ending !== null,
      });
      const failed = report.apps.filter(({ swapped }) => !swapped);
      const kept = this.#options.development ? "is broken" : "keeps its workers";
      for (const { name, reason } of failed) {
        if (reason !== null) this.#log.error(`app ${name} ${kept}: ${reason}`);
      }
      if (failed.length === 0) this.#log.info("changed", { apps: apps.join(" "), changes: report.changes.join("; ") });
      await adopt(failed.length === 0);
      return report;
    } catch (error) {
      await adopt(false);
      throw error;
    }
  }

  #shutDown(now: boolean): Promise<void> {
    if (this.#ending === null) {
      this.#log.info(now ? "stopping at once" : "stopping: waits for what is in flight");
      this.#notifier?.stopping();
      this.#ending = this.#takeDown(now).then(() => this.#log.info("stopped"));
    } else if (now) {
      void this.#assembly?.kill();
    }
    return this.#ending;
  }

  async #takeDown(now: boolean): Promise<void> {
    await this.#assembly?.stop(now);
    this.#logs.end();
    await Promise.all([this.#control.close(LAST_ANSWERS), this.#side.close()]);
    this.#runtime?.remove();
    this.#pidFile?.remove();
    this.#notifier?.end();
    this.#end();
  }

  #running(): Assembly {
    if (this.#assembly === null) throw new PropylonError("user", "Propylon is still starting", { remedy: "try again" });
    return this.#assembly;
  }

  #programs(): ProgramOperations {
    return new ProgramOperations(this.#running().programs, this.#log);
  }

  #pool(name: string): AppPool {
    const { pools, programs } = this.#running();
    const pool = pools.get(name);
    if (pool === undefined) throw unknownApp(name, [...pools.keys(), ...programs.names()]);
    return pool;
  }
}
