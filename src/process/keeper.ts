import { afterExit, NO_HISTORY, type RestartHistory, type RestartPolicy } from "./backoff.ts";
import { nextState, type ProcessEvent, type ProcessState } from "./states.ts";

/** One run of a process, from its start to its end. */
export interface Run {
  readonly pid: number | null;
  /** Resolves when it can do its work; never rejects, and stays pending when it ends before. */
  readonly ready: Promise<void>;
  /** How it ended; never rejects. */
  readonly ended: Promise<RunEnd>;
  /** Finishes what it has, then ends; `patience` ms at most, then as `stop`. */
  drain(patience: number): void;
  /** TERM, and KILL after `grace` ms; 0: KILL at once. */
  stop(grace: number): void;
}

export interface RunEnd {
  /** `exited with code 3`, `ModuleNotFoundError: ...`; without a full stop. */
  readonly reason: string;
  readonly remedy: string | null;
  readonly traceback: string | null;
  /** For the metric: one of few words. */
  readonly kind: EndKind;
  /** The exit code, where that tells something. */
  readonly code?: number | null;
}

export type EndKind =
  | "exit"
  | "signal"
  | "out-of-memory"
  | "deadline"
  | "failed-start"
  | "timeout"
  | "unhealthy"
  | "asked";

/** What the end of a run that nobody asked for means: nothing more to do, a start that failed, or an end after it was ready. */
export type Judgement = "finished" | "failed-start" | "ended";

export interface KeeperParts<R extends Run> {
  /** Starts a new run. */
  readonly launch: () => R;
  readonly policy: RestartPolicy;
  readonly ready: (run: R) => void;
  /** A run has ended. `wanted`: we had asked for it. The keeper's state is already the next one. */
  readonly ended: (run: R, end: RunEnd, wanted: boolean) => void;
  /** Left out: one that was never ready is a failed start, and all others come back. */
  readonly judge?: (end: RunEnd, ready: boolean) => Judgement;
}

/** Keeps one process alive: starts it again with growing pauses, gives up when it never gets ready, then tries slowly. */
export class Keeper<R extends Run> {
  readonly #parts: KeeperParts<R>;
  #state: ProcessState = "stopped";
  #since = new Date();
  #run: R | null = null;
  #readyAt: number | null = null;
  #history: RestartHistory = NO_HISTORY;
  #timer: NodeJS.Timeout | null = null;
  #restarts = 0;
  #lastEnd: RunEnd | null = null;

  constructor(parts: KeeperParts<R>) {
    this.#parts = parts;
  }

  get state(): ProcessState {
    return this.#state;
  }

  /** When it came into this state. */
  get since(): Date {
    return this.#since;
  }

  /** The process that runs now, or null. */
  get run(): R | null {
    return this.#run;
  }

  /** Starts after the first. */
  get restarts(): number {
    return this.#restarts;
  }

  /** How the last run ended, while that matters: until the next is ready. */
  get lastEnd(): RunEnd | null {
    return this.#lastEnd;
  }

  /** Wanted, but not to be started yet: {@link start} does. */
  wait(): void {
    this.#clearTimer();
    this.#lastEnd = null;
    this.#change("wait");
  }

  /** Starts it, if it does not run already; what failed before counts no more. */
  start(): void {
    if (!this.#change("start")) return;
    this.#clearTimer();
    this.#history = NO_HISTORY;
    this.#launch();
  }

  /** Tries again now, instead of after the pause. */
  retry(): void {
    if (this.#state !== "backoff" && this.#state !== "failed") return;
    this.#clearTimer();
    this.#change("retry");
    this.#restarts++;
    this.#launch();
  }

  /** Lets the process finish, `patience` ms at most. Resolves when it has ended. */
  async drain(patience: number): Promise<void> {
    this.#clearTimer();
    if (!this.#change("drain")) return;
    if (this.#state === "stopping") this.#run?.stop(patience);
    else this.#run?.drain(patience);
    await this.#run?.ended;
  }

  /** Ends the process, KILL after `grace` ms. Resolves when it has ended. */
  async stop(grace: number): Promise<void> {
    this.#clearTimer();
    this.#change("stop");
    this.#run?.stop(grace);
    await this.#run?.ended;
  }

  #launch(): void {
    const run = this.#parts.launch();
    this.#run = run;
    this.#readyAt = null;
    void run.ready.then(() => this.#ready(run));
    void run.ended.then((end) => this.#ended(run, end));
  }

  #ready(run: R): void {
    if (this.#run !== run || !this.#change("ready")) return;
    this.#readyAt = performance.now();
    this.#lastEnd = null;
    this.#parts.ready(run);
  }

  #ended(run: R, end: RunEnd): void {
    if (this.#run !== run) return;
    this.#run = null;
    const { judge = judgeByReadiness } = this.#parts;
    const judgement = judge(end, this.#readyAt !== null);
    if (judgement !== "finished" || !this.#change("finish")) this.#change("exit");
    const wanted = this.#state === "stopped";
    if (this.#state === "exited") this.#lastEnd = end;
    else if (!wanted) this.#plan(end, judgement);
    this.#parts.ended(run, end, wanted);
  }

  #plan(end: RunEnd, judgement: Judgement): void {
    const ran = this.#readyAt === null || judgement === "failed-start" ? null : performance.now() - this.#readyAt;
    const { history, pause, giveUp } = afterExit(this.#history, ran, this.#parts.policy, Math.random());
    this.#history = history;
    this.#lastEnd = end;
    if (giveUp) this.#change("give-up");
    if (Number.isFinite(pause)) this.#timer = setTimeout(() => this.retry(), pause);
  }

  #change(event: ProcessEvent): boolean {
    const next = nextState(this.#state, event);
    if (next === null) return false;
    if (next !== this.#state) this.#since = new Date();
    this.#state = next;
    return true;
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

function judgeByReadiness(_end: RunEnd, ready: boolean): Judgement {
  return ready ? "ended" : "failed-start";
}
