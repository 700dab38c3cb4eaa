import type { Log } from "../base/log.ts";
import type { AppConfig } from "../config/model.ts";
import { Child, describeExit, type Exit } from "../process/child.ts";
import type { EndKind, Run, RunEnd } from "../process/keeper.ts";
import { launcherCommand, PYTHON_FOLDER } from "../process/launcher.ts";
import { Stopper } from "../process/stop.ts";
import { parseWorkerMessage, type WorkerMessage } from "./worker-messages.ts";

/** Between TERM and KILL for a worker that has outstayed its time, ms. */
const LAST_GRACE = 1000;
/** Between two requests to drain, ms. */
const DRAIN_AGAIN = 100;

export interface WorkerSpec {
  readonly id: number;
  readonly app: AppConfig;
  /** The interpreter. */
  readonly python: string;
  /** Absolute path of the app's Unix socket. */
  readonly socket: string;
  /** Absolute path of its page of started exchanges. */
  readonly page: string;
  readonly profile: string;
  readonly log: Log;
  /** Resolves when the edge has no exchange left with this worker, or has waited long enough. */
  readonly idle: (worker: number) => Promise<void>;
}

/** One worker process, main's view (the worker's own code is `python/propylon_worker/`). */
export class WorkerRun implements Run {
  readonly ready: Promise<void>;
  readonly ended: Promise<RunEnd>;
  readonly #spec: WorkerSpec;
  readonly #child: Child;
  readonly #stopper: Stopper;
  readonly #output: Log;
  readonly #stacks = new Map<number, (text: string) => void>();
  #nextStacks = 1;
  #failure: Extract<WorkerMessage, { type: "failed" }> | null = null;
  #said = false;
  #connected = false;
  #timedOut = false;
  #timer: NodeJS.Timeout | null = null;
  #becomeReady!: () => void;

  constructor(spec: WorkerSpec) {
    this.#spec = spec;
    this.#output = spec.log.child(this.name);
    this.ready = new Promise((resolve) => {
      this.#becomeReady = resolve;
    });
    this.#child = this.#makeChild();
    this.#stopper = new Stopper(this.#child);
    this.ended = this.#child.ended.then((exit) => this.#end(exit));
  }

  get id(): number {
    return this.#spec.id;
  }

  /** `person/3` */
  get name(): string {
    return `${this.#spec.app.name}/${this.#spec.id}`;
  }

  get page(): string {
    return this.#spec.page;
  }

  get pid(): number | null {
    return this.#child.pid;
  }

  start(): void {
    const { app, id, page, profile, socket } = this.#spec;
    this.#child.start();
    this.#child.send({
      settings: {
        socket,
        page,
        worker: id,
        app: app.name,
        lanes: app.threads,
        load: app.load,
        factory: app.factory,
        directory: app.directory,
        pythonpath: app.pythonpath,
        tracebacks: app.tracebacks,
        profile,
      },
    });
    this.#timer = setTimeout(() => {
      this.#timedOut = true;
      this.stop(LAST_GRACE);
    }, app.startTimeout);
  }

  /** The edge has all its connections. */
  connected(): void {
    this.#connected = true;
    this.#checkReady();
  }

  /** Waits until the edge has nothing more for it; then it ends by itself, `patience` ms at most. */
  drain(patience: number): void {
    void this.#drain(patience);
  }

  stop(grace: number): void {
    this.#stopper.request("asked", grace);
  }

  /** Python stacks of its threads; says so when none come within `patience` ms. */
  stacks(patience: number): Promise<string> {
    const id = this.#nextStacks++;
    return new Promise((resolve) => {
      const settle = (text: string): void => {
        clearTimeout(timer);
        this.#stacks.delete(id);
        resolve(text);
      };
      const timer = setTimeout(() => settle(`(no answer within ${patience} ms)`), patience);
      void this.ended.then(() => settle("(the worker has ended)"));
      this.#stacks.set(id, settle);
      this.#child.send({ stacks: id });
    });
  }

  async #drain(patience: number): Promise<void> {
    await this.#spec.idle(this.id);
    const ask = (): void => this.#child.send({ drain: true });
    ask();
    // Again, since a worker whose edge has just ended may be connecting anew, and obeys only then.
    const again = setInterval(ask, DRAIN_AGAIN);
    const timer = setTimeout(() => this.stop(LAST_GRACE), patience);
    await this.ended;
    clearInterval(again);
    clearTimeout(timer);
  }

  #makeChild(): Child {
    const { app, id, python, profile } = this.#spec;
    const [command, ...args] = launcherCommand(
      python,
      {
        user: app.user,
        group: app.group,
        umask: app.umask,
        directory: app.directory,
        limits: app.limits,
        // As another user much may be out of reach that root reads; as ourselves the import error says it better.
        readable: app.user === null ? [] : whatIsRead(app),
      },
      [python, `${PYTHON_FOLDER}/propylon_worker`, app.name, String(id)],
    );
    const profileVariable = profile === "" ? {} : { PROPYLON_PROFILE: profile };
    return new Child({
      command,
      args,
      directory: "/",
      environment: { ...process.env, ...profileVariable, ...app.environment },
      output: (stream, line) => this.#output[stream === "stderr" ? "warn" : "info"](line),
      message: (line) => this.#hear(line),
    });
  }

  #hear(line: string): void {
    const message = parseWorkerMessage(line);
    switch (message?.type) {
      case "ready":
        this.#said = true;
        return this.#checkReady();
      case "failed":
        this.#failure = message;
        return;
      case "stacks":
        this.#stacks.get(message.id)?.(message.text);
        return;
      case "warning":
        this.#output.warn(message.text);
        return;
      default:
        this.#output.warn("an unknown message on the control channel", { line: line.slice(0, 200) });
    }
  }

  #checkReady(): void {
    if (!this.#said || !this.#connected) return;
    this.#clearTimer();
    this.#becomeReady();
  }

  #end(exit: Exit): RunEnd {
    this.#clearTimer();
    const remedy = this.#failure?.remedy ?? null;
    const traceback = this.#failure?.traceback ?? null;
    return { reason: this.#reason(exit), remedy, traceback, kind: this.#kind(exit) };
  }

  #reason(exit: Exit): string {
    if (this.#timedOut) return `was not ready within ${this.#spec.app.startTimeout} ms`;
    if (this.#failure !== null) return this.#failure.reason;
    return describeExit(exit);
  }

  #kind(exit: Exit): EndKind {
    if (this.#timedOut) return "timeout";
    if (this.#failure !== null || exit.error !== null) return "failed-start";
    if (this.#stopper.cause !== null) return "asked";
    return exit.signal === null ? "exit" : "signal";
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

function whatIsRead(app: AppConfig): readonly string[] {
  const script = app.load.kind === "script" ? [app.load.path] : [];
  return [PYTHON_FOLDER, app.directory, ...script, ...app.pythonpath];
}
