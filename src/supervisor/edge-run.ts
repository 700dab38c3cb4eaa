import { type ChildProcess, fork } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Log } from "../base/log.ts";
import type { CacheOrder, CacheReport } from "../cache/orders.ts";
import type { Config } from "../config/model.ts";
import type { EdgeSnapshot, FromEdge, ToEdge, UpstreamsAnswer } from "../edge/messages.ts";
import { describeExit } from "../process/child.ts";
import type { Run, RunEnd } from "../process/keeper.ts";
import { LineSplitter } from "../process/lines.ts";
import { Stopper } from "../process/stop.ts";

/** An edge's program: beside us, compiled if we are. */
export const EDGE_PROGRAM: string = fileURLToPath(new URL(`../edge/main${extname(import.meta.url)}`, import.meta.url));

export interface EdgeSpec {
  readonly number: number;
  readonly program: string;
  readonly log: Log;
  /** Numbers of the account to run as, or null: as we are. */
  readonly account: { readonly uid: number; readonly gid: number } | null;
  /** Tells the edge all it must know; resolves to null, or to why it can't be an edge of ours. */
  readonly brief: (run: EdgeRun) => Promise<string | null>;
  readonly heard: (message: FromEdge) => void;
}

/** One edge process, main's view (its own code is `src/edge/`). */
export class EdgeRun implements Run {
  readonly ready: Promise<void>;
  readonly ended: Promise<RunEnd>;
  readonly #spec: EdgeSpec;
  readonly #stopper: Stopper;
  readonly #configured = new Map<number, (error: string | null) => void>();
  readonly #listening = new Map<string, (error: string | null) => void>();
  readonly #metrics = new Map<number, (snapshot: EdgeSnapshot | null) => void>();
  readonly #cached = new Map<number, (report: CacheReport | null) => void>();
  readonly #upstreams = new Map<number, (answer: UpstreamsAnswer) => void>();
  #process: ChildProcess | null = null;
  #nextId = 1;
  #over = false;
  #trouble: string | null = null;
  /** It can't do what the configuration says, and that is no fault of ours. */
  refused = false;
  #becomeReady!: () => void;
  #end!: (end: RunEnd) => void;

  constructor(spec: EdgeSpec) {
    this.#spec = spec;
    this.ready = new Promise((resolve) => {
      this.#becomeReady = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#stopper = new Stopper({
      ended: this.ended,
      // An edge leaves TERM to main: what ends it is its channel.
      signal: (name) => this.#process?.kill(name === "SIGTERM" ? "SIGKILL" : name),
    });
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  start(): void {
    const { number, program, account, log } = this.#spec;
    const child = fork(program, [String(number)], {
      stdio: ["ignore", "inherit", "pipe", "ipc", process.stderr.fd],
      serialization: "json",
      // Main's own: its debugger's port, and the small young generation, which would cost the edge its speed.
      execArgv: process.execArgv.filter((argument) => !/^--(?:inspect|max-semi-space-size)/.test(argument)),
      ...(account ?? {}),
    });
    this.#process = child;
    const stderr = new LineSplitter((line) => log.warn(line));
    child.stderr!.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.stderr!.on("end", () => stderr.end());
    child.on("message", (message) => this.#hear(message as FromEdge));
    child.on("error", (error) => {
      if (child.pid === undefined) this.#ended(null, null, error);
      else log.warn(`its channel failed: ${error.message}`);
    });
    child.once("exit", (code, signal) => this.#ended(code, signal, null));
  }

  /** Resolves when the message, and the handle with it, has left us; or the edge has gone. */
  send(message: ToEdge, handle?: unknown): Promise<void> {
    const child = this.#process;
    return new Promise((resolve) => {
      if (child === null || this.#over || !child.connected) return resolve();
      // A failure to send is told by the edge's end, which follows.
      child.send(message, handle as Parameters<ChildProcess["send"]>[1] & object, {}, () => resolve());
    });
  }

  /** Resolves to null when the edge has swapped the configuration in, else to why not. */
  configure(message: Omit<Extract<ToEdge, { type: "configure" }>, "type" | "id">): Promise<string | null> {
    const id = this.#nextId++;
    const config = withoutEnvironments(message.config);
    return this.#ask(this.#configured, id, GONE, () => void this.send({ type: "configure", id, ...message, config }));
  }

  /** Hands over a listener; resolves to null when the edge accepts on it, else to why not. */
  listen(key: string, handle: unknown): Promise<string | null> {
    return this.#ask(this.#listening, key, GONE, () => void this.send({ type: "listen", key }, handle));
  }

  /** The edge's figures now, or null when it ends before it answers. @param running with each request that workers have */
  metrics(running: boolean): Promise<EdgeSnapshot | null> {
    const id = this.#nextId++;
    return this.#ask<number, EdgeSnapshot | null>(
      this.#metrics,
      id,
      null,
      () => void this.send({ type: "metrics", id, running }),
    );
  }

  /** What came of an order to the HTTP cache, or null when the edge ends before it answers. */
  cache(order: CacheOrder): Promise<CacheReport | null> {
    const id = this.#nextId++;
    return this.#ask<number, CacheReport | null>(
      this.#cached,
      id,
      null,
      () => void this.send({ type: "cache", id, order }),
    );
  }

  /** Changes an upstream's targets where something is asked; resolves to how all are then. */
  upstreams(asked: Extract<ToEdge, { type: "upstreams" }>["asked"]): Promise<UpstreamsAnswer> {
    const id = this.#nextId++;
    const gone: UpstreamsAnswer = { error: "the edge has ended: try again", upstreams: [] };
    return this.#ask(this.#upstreams, id, gone, () => void this.send({ type: "upstreams", id, asked }));
  }

  drain(patience: number): void {
    void this.send({ type: "drain", timeout: patience });
    const timer = setTimeout(() => this.stop(0), patience + DRAIN_SLACK);
    void this.ended.then(() => clearTimeout(timer));
  }

  stop(grace: number): void {
    this.#stopper.request("asked", grace);
  }

  /** Ends it as one that does not work any more. */
  condemn(reason: string): void {
    this.#trouble ??= reason;
    this.stop(0);
  }

  #ask<K, T>(asked: Map<K, (answer: T) => void>, key: K, whenGone: T, send: () => void): Promise<T> {
    return new Promise((resolve) => {
      if (this.#over) return resolve(whenGone);
      asked.set(key, resolve);
      void this.ended.then(() => resolve(whenGone));
      send();
    });
  }

  #hear(message: FromEdge): void {
    switch (message.type) {
      case "started":
        void this.#brief();
        return;
      case "configured":
        this.refused = message.user === true;
        return settle(this.#configured, message.id, message.error);
      case "listening":
        return settle(this.#listening, message.key, message.error);
      case "upstreams":
        return settle(this.#upstreams, message.id, message);
      case "metrics":
        return settle(this.#metrics, message.id, message.snapshot);
      case "cached":
        return settle(this.#cached, message.id, message.report);
      case "log":
        return this.#spec.log[message.level](message.message, message.fields);
      default:
        this.#spec.heard(message);
    }
  }

  async #brief(): Promise<void> {
    const problem = await this.#spec.brief(this);
    if (problem === null) this.#becomeReady();
    else this.condemn(problem);
  }

  #ended(code: number | null, signal: NodeJS.Signals | null, error: Error | null): void {
    if (this.#over) return;
    this.#over = true;
    const reason = this.#trouble ?? describeExit({ code, signal, error });
    const asked = this.#stopper.cause !== null && this.#trouble === null;
    this.#end({ reason, remedy: null, traceback: null, kind: asked ? "asked" : signal === null ? "exit" : "signal" });
  }
}

const GONE = "the edge ended";
/** An edge that has not ended this long after its drain time is killed, ms. */
const DRAIN_SLACK = 2000;

function settle<K, T>(asked: Map<K, (answer: T) => void>, key: K, answer: T): void {
  const resolve = asked.get(key);
  asked.delete(key);
  resolve?.(answer);
}

/** Environments hold secrets, and an edge, which talks to the world, has no use for them; nor for programs. */
function withoutEnvironments(config: Config): Config {
  const apps = Object.entries(config.apps).map(([name, app]) => [name, { ...app, environment: {} }] as const);
  return { ...config, apps: Object.fromEntries(apps), programs: {} };
}
