import type { Log } from "../base/log.ts";
import type { AppConfig } from "../config/model.ts";
import { Child, describeExit, type Exit } from "../process/child.ts";
import type { EndKind, Run, RunEnd } from "../process/keeper.ts";
import type { OutOfMemory } from "../process/out-of-memory.ts";
import { Stopper } from "../process/stop.ts";
import { Farewell } from "./farewell.ts";
import type { Draft } from "./flight-recorder.ts";
import { ForkedProcess, type Forker } from "./forked-process.ts";
import { appSettings, workerCommand, workerEnvironment } from "./worker-command.ts";
import type { WorkerDoor } from "./worker-door.ts";
import { type AppInterface, parseWorkerMessage, type WorkerMessage } from "./worker-messages.ts";
import { stacksFile } from "./worker-page.ts";
import type { WorkerProcess } from "./worker-process.ts";
import { type GivenUp, WorkerRecorder } from "./worker-recorder.ts";
import { mostSamples, WorkerReports } from "./worker-reports.ts";

/** Between TERM and KILL for a worker that has outstayed its time, ms. */
const LAST_GRACE = 1000;
/** Between two requests to drain, ms. */
const DRAIN_AGAIN = 100;
/** Between two probes of a worker that is not ready yet, ms. */
const PROBE_AGAIN = 100;

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
  readonly memory: OutOfMemory;
  /** Resolves when the edge has no exchange left with this worker, or has waited long enough. */
  readonly idle: (worker: number) => Promise<void>;
  /** Who forks it, and where it comes to then; null: it is started by main. */
  readonly forerunner: { readonly forker: Forker; readonly door: WorkerDoor } | null;
  /** The status with which it answers GET of a path, null: it does not at present. */
  readonly probe: (worker: number, path: string, host: string) => Promise<number | null>;
}

/** One worker process, main's view (the worker's own code is `python/propylon_worker/`). */
export class WorkerRun implements Run {
  readonly ready: Promise<void>;
  readonly ended: Promise<RunEnd>;
  /** What it tells of itself when it is asked. */
  readonly reports = new WorkerReports((message) => this.#process.send(message));
  readonly #spec: WorkerSpec;
  readonly #process: WorkerProcess;
  readonly #stopper: Stopper;
  readonly #output: Log;
  readonly #recorder: WorkerRecorder;
  readonly #stacks = new Map<number, (text: string) => void>();
  #nextStacks = 1;
  #failure: Extract<WorkerMessage, { type: "failed" }> | null = null;
  #said = false;
  #connected = false;
  #probing = false;
  #farewell: Farewell | null = null;
  #note: string | null = null;
  #waits: string | null = null;
  #hurry: number | null = null;
  /** Why its probe counts as failed. */
  #refused: string | null = null;
  #timedOut = false;
  #timer: NodeJS.Timeout | null = null;
  #interface: AppInterface | null = null;
  #loaded = 0;
  #becomeReady!: () => void;

  constructor(spec: WorkerSpec) {
    this.#spec = spec;
    this.#output = spec.log.child(this.name);
    this.#recorder = new WorkerRecorder(spec.page, spec.memory);
    this.ready = new Promise((resolve) => {
      this.#becomeReady = resolve;
    });
    this.#process = this.#makeProcess();
    this.#stopper = new Stopper(this.#process);
    this.ended = this.#process.ended.then(async (exit) => {
      await this.#farewell?.over;
      return this.#end(exit);
    });
  }

  /** The settings that it was started with. */
  get app(): AppConfig {
    return this.#spec.app;
  }

  /** It can be asked. */
  get isReady(): boolean {
    return this.#said;
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

  /** How it calls its app; null until it has imported that. */
  get interface(): AppInterface | null {
    return this.#interface;
  }

  /** How long it took to import the app, ms; 0 until it has. */
  get loaded(): number {
    return this.#loaded;
  }

  get pid(): number | null {
    return this.#process.pid;
  }

  start(): void {
    const { app, id, page, profile, socket } = this.#spec;
    this.#process.start();
    this.#process.send({
      settings: {
        ...appSettings(app, profile),
        socket,
        page,
        stacks: stacksFile(page),
        worker: id,
        metrics: mostSamples(app.metrics),
      },
    });
    this.#timer = setTimeout(() => {
      this.#timedOut = true;
      void this.#giveUp("timeout", `was not ready within ${app.startTimeout} ms`, LAST_GRACE);
    }, app.startTimeout);
    this.#recorder.note(this.pid);
  }

  /** The edge has all its connections. */
  connected(): void {
    this.#connected = true;
    this.#checkReady();
  }

  /** The edge has had all its connections. */
  get isConnected(): boolean {
    return this.#connected;
  }

  /** Waits until the edge has nothing more for it; then it ends by itself, `patience` ms at most. */
  drain(patience: number): void {
    void this.#drain(patience);
  }

  stop(grace: number): void {
    this.hurry(grace);
    this.#stopper.request("asked", grace);
  }

  /** Nobody waits any more for what it has started: `patience` ms at most once it is drained. */
  hurry(patience: number): void {
    this.#hurry = patience;
    this.#farewell?.hurry(patience);
  }

  /** Why it goes, and what it waits for then; null: nothing is to be said. */
  get note(): string | null {
    return [this.#note, this.#waits].filter((part) => part !== null).join("; ") || null;
  }

  /** Says why it is replaced. */
  explain(note: string): void {
    this.#note = note;
  }

  /** Something in it is past its hard deadline: it is killed. */
  overdue(why: string): void {
    void this.#giveUp("deadline", why, 0);
  }

  /** What there is to report of its end, or null. */
  draft(end: RunEnd, wanted: boolean): Draft | null {
    return this.#recorder.draft({ app: this.#spec.app.name, id: this.id, pid: this.pid }, end, wanted);
  }

  /** Python stacks of its threads; of one that does not answer by itself those that a signal gets; says so when there are none. */
  async stacks(patience: number): Promise<string> {
    const told = await this.#askForStacks(patience / 2);
    if (told !== null) return told;
    return this.pid === null ? "(the worker has ended)" : this.#recorder.stacks(this.pid, patience / 2);
  }

  #askForStacks(patience: number): Promise<string | null> {
    const id = this.#nextStacks++;
    return new Promise((resolve) => {
      const settle = (text: string | null): void => {
        clearTimeout(timer);
        this.#stacks.delete(id);
        resolve(text);
      };
      const timer = setTimeout(() => settle(null), patience);
      void this.ended.then(() => settle("(the worker has ended)"));
      this.#stacks.set(id, settle);
      this.#process.send({ stacks: id });
    });
  }

  async #drain(patience: number): Promise<void> {
    await this.#spec.idle(this.id);
    const ask = (): void => this.#process.send({ drain: true });
    ask();
    // Again, since a worker whose edge has just ended may be connecting anew, and obeys only then.
    const again = setInterval(ask, DRAIN_AGAIN);
    this.#sayFarewell(patience);
    await this.#process.ended;
    clearInterval(again);
  }

  #sayFarewell(patience: number): void {
    const { pid } = this;
    if (pid === null || this.#farewell !== null) return;
    this.#process.leaveGroup();
    this.#farewell = new Farewell({
      pid,
      ended: this.#process.ended,
      patience,
      children: this.#spec.app.childrenTimeout,
      stop: (grace) => void this.#giveUp("stop", `did not end within ${patience} ms, and was killed`, grace),
      waits: (count) => {
        this.#waits = `waits for ${processes(count)} of its own`;
        this.#spec.log.info(`${this.name} ${this.#waits}`, { pid });
      },
      tired: (count) => this.#spec.log.warn(`${this.name}: ${processes(count)} of its own took too long: ended`),
    });
    if (this.#hurry !== null) this.#farewell.hurry(this.#hurry);
    this.#farewell.start();
  }

  async #giveUp(cause: GivenUp, why: string, grace: number): Promise<void> {
    await this.#recorder.giveUp(this.pid, cause, why);
    this.#stopper.request("asked", grace);
  }

  #makeProcess(): WorkerProcess {
    const { app, id, python, profile, forerunner } = this.#spec;
    const output = (stream: "stdout" | "stderr", line: string): void => {
      this.#recorder.line(line);
      this.#output[stream === "stderr" ? "warn" : "info"](line);
    };
    const message = (line: string): void => this.#hear(line);
    if (forerunner !== null) return new ForkedProcess({ ...forerunner, output, message });
    const [command, ...args] = workerCommand(app, python, String(id));
    return new Child({ command, args, directory: "/", environment: workerEnvironment(app, profile), output, message });
  }

  #hear(line: string): void {
    const message = parseWorkerMessage(line);
    switch (message?.type) {
      case "ready":
        this.#said = true;
        this.#interface = message.interface;
        this.#loaded = message.loaded;
        return this.#checkReady();
      case "failed":
        this.#failure = message;
        return;
      case "stacks":
        this.#stacks.get(message.id)?.(message.text);
        return;
      case "recording":
        return this.#recorder.recording(message.signal);
      case "warning":
        this.#output.warn(message.text);
        return;
      case "metrics":
        return this.reports.hear(message);
      default:
        this.#output.warn("an unknown message on the control channel", { line: line.slice(0, 200) });
    }
  }

  #checkReady(): void {
    if (!this.#said || !this.#connected || this.#probing) return;
    this.#clearTimer();
    this.#recorder.note(this.pid);
    if (this.#spec.app.ready === null) return this.#becomeReady();
    this.#probing = true;
    void this.#probe(this.#spec.app.ready);
  }

  async #probe({ path, host, status, timeout }: NonNullable<AppConfig["ready"]>): Promise<void> {
    const last = performance.now() + timeout;
    let over = false;
    void this.#process.ended.then(() => {
      over = true;
    });
    let got: number | null = null;
    this.#timer = setTimeout(() => {
      this.#refused = `GET ${path} ${got === null ? "was not answered" : `was answered ${got}, not ${status},`} within ${timeout} ms`;
      this.stop(LAST_GRACE);
    }, timeout);
    while (!over && performance.now() < last) {
      const answer = await this.#spec.probe(this.id, path, host);
      if (answer === status) {
        if (this.#refused !== null) return;
        this.#clearTimer();
        return this.#becomeReady();
      }
      got = answer ?? got;
      await new Promise((resolve) => setTimeout(resolve, PROBE_AGAIN));
    }
  }

  #end(exit: Exit): RunEnd {
    this.#clearTimer();
    const remedy = this.#failure?.remedy ?? null;
    const traceback = this.#failure?.traceback ?? null;
    return { ...this.#outcome(exit), remedy, traceback };
  }

  #outcome(exit: Exit): { readonly reason: string; readonly kind: EndKind } {
    const { givenUp } = this.#recorder;
    if (this.#refused !== null) return { reason: this.#refused, kind: "timeout" };
    if (this.#timedOut && givenUp !== null) return { reason: givenUp.why, kind: "timeout" };
    if (this.#failure !== null) return { reason: this.#failure.reason, kind: "failed-start" };
    if (givenUp?.cause === "deadline") return { reason: `was killed: ${givenUp.why}`, kind: "deadline" };
    const reason = describeExit(exit);
    if (exit.error !== null) return { reason, kind: "failed-start" };
    if (this.#stopper.cause !== null) return { reason, kind: "asked" };
    if (exit.signal !== "SIGKILL") return { reason, kind: exit.signal === null ? "exit" : "signal" };
    const { outOfMemory, text } = this.#recorder.explainKill(this.pid);
    return { reason: `${reason} (${text})`, kind: outOfMemory ? "out-of-memory" : "signal" };
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

function processes(count: number): string {
  return `${count} ${count === 1 ? "process" : "processes"}`;
}
