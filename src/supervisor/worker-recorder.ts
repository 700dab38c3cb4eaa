import { readLanes } from "../base/lane-page.ts";
import type { RunEnd } from "../process/keeper.ts";
import type { OutOfMemory } from "../process/out-of-memory.ts";
import { askForStacks, isStopped, readStacks } from "../process/thread-stacks.ts";
import type { Draft } from "./flight-recorder.ts";
import { LastLines } from "./last-lines.ts";
import { stacksFile } from "./worker-page.ts";

/** Lines of output that a report shows. */
const LINES = 20;
/** Longest wait for the stacks of a worker that is about to be killed, ms. */
const LAST_STACKS = 700;

/** Why a worker was given up. `stop`: it did not end when it was asked to. */
export type GivenUp = "deadline" | "timeout" | "stop";

/** What main remembers of one worker for a report of its end. */
export class WorkerRecorder {
  readonly #page: string;
  readonly #memory: OutOfMemory;
  readonly #lines = new LastLines(LINES);
  readonly #began = performance.now();
  /** The signal that its stacks are asked for with; 0 until it has said so. */
  #signal = 0;
  #stacks = "";
  #givenUp: { readonly cause: GivenUp; readonly why: string } | null = null;

  /** @param page absolute path of its page of started exchanges */
  constructor(page: string, memory: OutOfMemory) {
    this.#page = page;
    this.#memory = memory;
  }

  /** A line of its output. */
  line(text: string): void {
    this.#lines.add(text);
  }

  /** It writes its stacks when it gets this signal. */
  recording(signal: number): void {
    this.#signal = signal;
  }

  /** It runs: where, matters when it is killed for its memory. */
  note(pid: number | null): void {
    if (pid !== null) this.#memory.note(pid);
  }

  /** Why it was given up, or null. */
  get givenUp(): { readonly cause: GivenUp; readonly why: string } | null {
    return this.#givenUp;
  }

  /** It is about to be killed: takes its stacks. Resolves when that can be done. */
  async giveUp(pid: number | null, cause: GivenUp, why: string): Promise<void> {
    if (this.#givenUp !== null) return;
    this.#givenUp = { cause, why };
    if (pid === null) return;
    const stopped = isStopped(pid);
    const stacks = await askForStacks(pid, this.#file(), { patience: LAST_STACKS, letGoOn: true });
    this.#stacks = stopped ? `(it was stopped by a signal)\n${stacks}` : stacks;
  }

  /** Its stacks now, without running any of its Python; says why when there are none. */
  async stacks(pid: number, patience: number): Promise<string> {
    if (isStopped(pid)) return "(it is stopped by a signal)";
    return (await askForStacks(pid, this.#file(), { patience, letGoOn: false })) || `(no answer within ${patience} ms)`;
  }

  /** What is told of a SIGKILL that was not ours. */
  explainKill(pid: number | null): { readonly outOfMemory: boolean; readonly text: string } {
    return pid === null ? { outOfMemory: false, text: "" } : this.#memory.explain(pid);
  }

  /** All that main knows of its end; null when that needs no report. `wanted`: it was asked to end. */
  draft(
    run: { readonly app: string; readonly id: number; readonly pid: number | null },
    end: RunEnd,
    wanted: boolean,
  ): Draft | null {
    if (run.pid !== null) this.#memory.forget(run.pid);
    const gaveUp = this.#givenUp?.cause === "stop";
    if (!gaveUp && (wanted || end.kind === "failed-start" || end.kind === "asked")) return null;
    return {
      id: `${run.app}-${run.id}`,
      app: run.app,
      worker: `${run.app}/${run.id}`,
      pid: run.pid ?? 0,
      time: new Date().toISOString(),
      kind: gaveUp ? "stop" : end.kind,
      reason: gaveUp ? this.#givenUp!.why : end.reason,
      uptime: Math.round(performance.now() - this.#began),
      stacks: this.#stacks || readStacks(stacksFile(this.#page)),
      lanes: (readLanes(this.#page) ?? []).map(({ thread, stream }, lane) => ({ lane, thread, stream })),
      log: this.#lines.list(),
    };
  }

  #file(): { readonly path: string; readonly signal: number } {
    return { path: stacksFile(this.#page), signal: this.#signal };
  }
}
