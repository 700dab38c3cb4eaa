import type { Log } from "../base/log.ts";
import type { AppConfig } from "../config/model.ts";
import { Child, describeExit, type Exit } from "../process/child.ts";
import type { Run, RunEnd } from "../process/keeper.ts";
import { Stopper } from "../process/stop.ts";
import { parseForerunnerMessage } from "./forerunner-messages.ts";
import type { ForkHears } from "./forked-process.ts";
import { appSettings, workerCommand, workerEnvironment } from "./worker-command.ts";
import { parseWorkerMessage, type WorkerMessage } from "./worker-messages.ts";

/** Between TERM and KILL for a forerunner that was not ready in time, ms. */
const LAST_GRACE = 1000;

export interface ForerunnerSpec {
  readonly app: AppConfig;
  /** The interpreter. */
  readonly python: string;
  readonly profile: string;
  /** Absolute path of the socket that forked workers come to. */
  readonly door: string;
  readonly log: Log;
}

/** One process that has imported an app and forks its workers, main's view (its own code is `python/propylon_worker/forerunner.py`). */
export class ForerunnerRun implements Run {
  readonly ready: Promise<void>;
  readonly ended: Promise<RunEnd>;
  readonly #spec: ForerunnerSpec;
  readonly #child: Child;
  readonly #stopper: Stopper;
  readonly #output: Log;
  /** Asked for, by key; and those that live, by pid. */
  readonly #asked = new Map<string, ForkHears>();
  readonly #forked = new Map<number, ForkHears>();
  #failure: Extract<WorkerMessage, { type: "failed" }> | null = null;
  #timedOut = false;
  #timer: NodeJS.Timeout | null = null;
  #becomeReady!: () => void;

  constructor(spec: ForerunnerSpec) {
    this.#spec = spec;
    this.#output = spec.log.child(this.name);
    this.ready = new Promise((resolve) => {
      this.#becomeReady = resolve;
    });
    const [command, ...args] = workerCommand(spec.app, spec.python, "forerunner");
    this.#child = new Child({
      command,
      args,
      directory: "/",
      environment: workerEnvironment(spec.app, spec.profile),
      output: (stream, line) => this.#output[stream === "stderr" ? "warn" : "info"](line),
      message: (line) => this.#hear(line),
    });
    this.#stopper = new Stopper(this.#child);
    this.ended = this.#child.ended.then((exit) => this.#end(exit));
  }

  /** `person/forerunner` */
  get name(): string {
    return `${this.#spec.app.name}/forerunner`;
  }

  get pid(): number | null {
    return this.#child.pid;
  }

  start(): void {
    const { app, door, profile } = this.#spec;
    this.#child.start();
    this.#child.send({ settings: { ...appSettings(app, profile), door } });
    this.#timer = setTimeout(() => {
      this.#timedOut = true;
      this.stop(LAST_GRACE);
    }, app.startTimeout);
  }

  fork(key: string, hears: ForkHears): void {
    this.#asked.set(key, hears);
    this.#child.send({ fork: key });
  }

  drain(patience: number): void {
    this.stop(patience);
  }

  stop(grace: number): void {
    this.#stopper.request("asked", grace);
  }

  #hear(line: string): void {
    const fork = parseForerunnerMessage(line);
    if (fork !== null) {
      switch (fork.type) {
        case "forked": {
          const hears = this.#asked.get(fork.key);
          this.#asked.delete(fork.key);
          hears?.forked(fork.pid);
          if (hears !== undefined) this.#forked.set(fork.pid, hears);
          return;
        }
        case "unforked":
          this.#asked.get(fork.key)?.failed(fork.reason);
          this.#asked.delete(fork.key);
          return;
        case "exited":
          this.#forked.get(fork.pid)?.exited(fork.code, fork.signal);
          this.#forked.delete(fork.pid);
          return;
      }
    }
    const message = parseWorkerMessage(line);
    if (message?.type === "ready") {
      this.#clearTimer();
      this.#becomeReady();
    } else if (message?.type === "failed") this.#failure = message;
    else if (message?.type === "warning") this.#output.warn(message.text);
    else this.#output.warn("an unknown message on the control channel", { line: line.slice(0, 200) });
  }

  #end(exit: Exit): RunEnd {
    this.#clearTimer();
    for (const hears of [...this.#asked.values(), ...this.#forked.values()]) hears.orphaned();
    const { reason, remedy, traceback } = this.#failure ?? {
      reason: describeExit(exit),
      remedy: null,
      traceback: null,
    };
    if (this.#timedOut) {
      const late = `was not ready within ${this.#spec.app.startTimeout} ms`;
      return { reason: late, remedy: null, traceback: null, kind: "timeout" };
    }
    const asked = this.#stopper.cause !== null ? "asked" : exit.signal === null ? "exit" : "signal";
    const failed = this.#failure !== null || exit.error !== null;
    return { reason, remedy, traceback, kind: failed ? "failed-start" : asked };
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
