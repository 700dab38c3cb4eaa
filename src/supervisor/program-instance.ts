import { constants } from "node:os";
import { PropylonError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { AfterConfig, ProgramConfig } from "../config/program-model.ts";
import type { ProgramStatus } from "../control/operations.ts";
import { Keeper, type RunEnd } from "../process/keeper.ts";
import type { StartGate } from "../process/start-gate.ts";
import type { ProcessState } from "../process/states.ts";
import { cpuSeconds } from "./cpu-time.ts";
import { residentMemory } from "./pool-status.ts";
import { ProgramOutput } from "./program-output.ts";
import { instanceConfig, judgeEnd, ProgramRun } from "./program-run.ts";

/** A program that was running for this long starts the row of pauses anew, ms. */
const SETTLED = 10_000;

/** What a program needs of its surroundings. */
export interface ProgramParts {
  readonly log: Log;
  /** Interpreter for the launcher. */
  readonly python: string;
  readonly profile: string;
  readonly gate: StartGate;
  /** Makes a path in the runtime directory that nothing has. */
  readonly freshPath: () => string;
  /** Called whenever something may have come true that others wait for. */
  readonly changed: () => void;
}

/** What has been counted of an instance; it goes on when its settings change. */
export interface ProgramCounters {
  /** Starts that nobody asked for. */
  readonly restarts: number;
  /** Seconds, as far as they were seen. */
  readonly cpu: number;
  /** Lines of output that could not be written. */
  readonly lost: number;
}

const NOTHING: ProgramCounters = { restarts: 0, cpu: 0, lost: 0 };

/** One instance of a program, over all of its runs. */
export class ProgramInstance {
  readonly name: string;
  readonly config: ProgramConfig;
  readonly stdout: ProgramOutput;
  readonly stderr: ProgramOutput;
  /** From 0. */
  readonly number: number;
  readonly #parts: ProgramParts;
  readonly #log: Log;
  readonly #keeper: Keeper<ProgramRun>;
  readonly #before: ProgramCounters;
  #stoppedByUser = false;
  #started: Date | null = null;
  #ended: Date | null = null;
  #last: {
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly spawnError: string | null;
  } | null = null;
  #open = false;
  /** CPU seconds of runs that have ended, as far as they were seen, and of the one that runs. */
  #cpuBefore = 0;
  #cpuNow = 0;
  #outcomes: ((problem: RunEnd | null) => void)[] = [];

  /** @param before what was counted before its settings changed */
  constructor(config: ProgramConfig, number: number, parts: ProgramParts, before: ProgramCounters = NOTHING) {
    this.#before = before;
    this.name = config.instances === 1 ? config.name : `${config.name}:${number}`;
    this.config = instanceConfig(config, number);
    this.number = number;
    this.#parts = parts;
    this.#log = parts.log.child(`program ${this.name}`);
    const { stdout, stderr } = this.config;
    this.stdout = new ProgramOutput({ config: stdout, stream: "stdout", log: this.#log });
    this.stderr =
      stderr.kind === "stdout" ? this.stdout : new ProgramOutput({ config: stderr, stream: "stderr", log: this.#log });
    const { backoff, startRetries, retryFailed } = config;
    this.#keeper = new Keeper({
      launch: () => this.#launch(),
      policy: {
        ...backoff,
        settled: SETTLED,
        attempts: startRetries + 1,
        slow: retryFailed ?? Number.POSITIVE_INFINITY,
      },
      ready: (run) => this.#ready(run),
      ended: (run, end, wanted) => this.#finish(run, end, wanted),
      judge: (end, ready) => judgeEnd(config, end, ready),
    });
  }

  get state(): ProcessState {
    return this.#keeper.state;
  }

  get stoppedByUser(): boolean {
    return this.#stoppedByUser;
  }

  get pid(): number | null {
    return this.#keeper.run?.pid ?? null;
  }

  /** Why it is in its state, or null. */
  get reason(): string | null {
    return this.#keeper.lastEnd?.reason ?? null;
  }

  /** Whether what `after` asks of it is true. */
  satisfies(state: AfterConfig["state"]): boolean {
    if (state === "done") return this.state === "exited";
    return this.state === "running" && (state === "running" || this.#keeper.run?.health === "healthy");
  }

  /** Wanted, once what it comes after is up. */
  wait(): void {
    this.#keeper.wait();
  }

  /** Starts it now. Resolves when it is ready, rejects when this try fails; nothing when it runs. */
  async start(): Promise<void> {
    this.#stoppedByUser = false;
    if (this.isUp()) return;
    const outcome = new Promise<RunEnd | null>((resolve) => this.#outcomes.push(resolve));
    this.#keeper.start();
    this.#parts.changed();
    const problem = await outcome;
    if (problem !== null) throw startError(this.name, problem, this.state);
  }

  /** Whether there is a process of it that is not to end. */
  isUp(): boolean {
    return this.state === "starting" || this.state === "running";
  }

  /** Resolves when it has ended. `now`: KILL at once. */
  async stop({ now, byUser }: { readonly now: boolean; readonly byUser: boolean }): Promise<void> {
    if (byUser) this.#stoppedByUser = true;
    await this.#keeper.stop(now ? 0 : this.config.stopTimeout);
    this.#settle({ reason: "it was stopped", remedy: null, traceback: null, kind: "asked" });
    this.#parts.changed();
  }

  /** Signals its process alone; false when none runs. */
  signal(name: NodeJS.Signals | number): boolean {
    return this.#keeper.run?.signal(name) ?? false;
  }

  async clear(): Promise<void> {
    await Promise.all([this.stdout.clear(), this.stderr.clear()]);
  }

  async reopenFiles(): Promise<void> {
    for (const output of new Set([this.stdout, this.stderr])) await output.reopen();
  }

  /** After its last stop. */
  async close(): Promise<void> {
    for (const output of new Set([this.stdout, this.stderr])) await output.close();
  }

  /** Of all of its runs; they never go down. */
  counters(): ProgramCounters {
    const { restarts, cpu, lost } = this.#before;
    this.#cpuNow = Math.max(this.#cpuNow, cpuSeconds(this.pid) ?? 0);
    const lostNow = this.stdout.lost + (this.stderr === this.stdout ? 0 : this.stderr.lost);
    return {
      restarts: restarts + this.#keeper.restarts,
      cpu: cpu + this.#cpuBefore + this.#cpuNow,
      lost: lost + lostNow,
    };
  }

  /** Of its last process that ended; -N: by signal N; null: none has ended, or none was started. */
  lastExitCode(): number | null {
    if (this.#last?.signal != null) return -constants.signals[this.#last.signal];
    return this.#last?.code ?? null;
  }

  /** When its process, or the last one, was started. */
  get started(): Date | null {
    return this.#started;
  }

  get health(): ProgramStatus["health"] {
    if (this.config.health === null) return null;
    return this.#keeper.run?.health ?? "unknown";
  }

  status(): ProgramStatus {
    const { state, since, restarts } = this.#keeper;
    return {
      name: this.name,
      program: this.config.name,
      instance: this.number,
      state,
      pid: this.pid,
      since: since.toISOString(),
      started: this.#started?.toISOString() ?? null,
      ended: this.#ended?.toISOString() ?? null,
      restarts,
      exitCode: this.#last?.code ?? null,
      exitSignal: this.#last?.signal ?? null,
      spawnError: this.#last?.spawnError ?? null,
      stoppedByUser: this.#stoppedByUser,
      reason: this.reason,
      health: this.health,
      memory: residentMemory(this.pid),
      cpu: cpuSeconds(this.pid),
      stdout: this.stdout.path,
      stderr: this.stderr.path,
    };
  }

  #launch(): ProgramRun {
    const { python, profile, freshPath, gate, changed } = this.#parts;
    const { stdout, stderr } = this.config;
    const run = new ProgramRun({
      name: this.config.name,
      instance: this.number,
      config: this.config,
      python,
      profile,
      freshPath,
      gate,
      stdout: stdout.kind === "discard" ? null : this.stdout,
      stderr: stderr.kind === "discard" ? null : stderr.kind === "stdout" ? mergedOutput(stdout.kind) : this.stderr,
      problem: this.#openOutput(),
      healthChanged: changed,
    });
    this.#started = run.started;
    run.start();
    return run;
  }

  /** Null, or why its output has no place to go to. */
  #openOutput(): PropylonError | null {
    if (this.#open) return null;
    try {
      for (const output of new Set([this.stdout, this.stderr])) output.open();
      this.#open = true;
      return null;
    } catch (error) {
      if (error instanceof PropylonError) return error;
      throw error;
    }
  }

  #ready(run: ProgramRun): void {
    if (!this.config.once) {
      this.#log.info("runs", { pid: run.pid ?? undefined });
      this.#settle(null);
    }
    this.#parts.changed();
  }

  #finish(run: ProgramRun, end: RunEnd, wanted: boolean): void {
    this.#noteEnd(run);
    const { state } = this;
    const pid = run.pid ?? undefined;
    const remedy = end.remedy ?? undefined;
    if (wanted) this.#log.info(`has stopped: ${end.reason}`, { pid });
    else if (state === "exited") this.#log.info(end.reason, { pid });
    else if (state === "failed") this.#log.error(`failed, ${this.#afterwards()}: ${end.reason}`, { pid, remedy });
    else this.#log.warn(end.reason, { pid, remedy });
    this.#settle(state === "exited" && (this.config.once || this.config.startTime === 0) ? null : end);
    this.#parts.changed();
  }

  #afterwards(): string {
    const { retryFailed } = this.config;
    return retryFailed === null ? "and is not tried again" : "and is tried again slowly";
  }

  #noteEnd({ exit }: ProgramRun): void {
    this.#ended = new Date();
    this.#cpuBefore += this.#cpuNow;
    this.#cpuNow = 0;
    const spawnError = exit?.failure?.reason ?? null;
    this.#last = {
      code: spawnError === null ? (exit?.code ?? null) : null,
      signal: spawnError === null ? (exit?.signal ?? null) : null,
      spawnError,
    };
    this.stdout.runEnded();
    this.stderr.runEnded();
  }

  #settle(problem: RunEnd | null): void {
    for (const outcome of this.#outcomes.splice(0)) outcome(problem);
  }
}

function mergedOutput(stdout: ProgramConfig["stdout"]["kind"]): "stdout" | null {
  return stdout === "discard" ? null : "stdout";
}

function startError(name: string, end: RunEnd, state: ProcessState): PropylonError {
  const next = state === "backoff" ? "; it is tried again" : "";
  const details = end.remedy === null ? {} : { remedy: end.remedy };
  return new PropylonError("user", `Program ${name} does not start: ${end.reason}${next}`, details);
}
