import { isDeepStrictEqual } from "node:util";
import { PropylonError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { AfterConfig, ProgramConfig } from "../config/program-model.ts";
import type { ProgramChanges, ProgramStatus } from "../control/operations.ts";
import { type ProgramCounters, ProgramInstance, type ProgramParts } from "./program-instance.ts";
import { startOrder, stopWaves } from "./program-order.ts";

export type ProgramConfigs = Readonly<Record<string, ProgramConfig>>;

interface Program {
  readonly config: ProgramConfig;
  readonly instances: readonly ProgramInstance[];
}

/** All programs: started and stopped in order, changed with the configuration. */
export class ProgramSet {
  readonly #parts: ProgramParts;
  readonly #log: Log;
  readonly #programs = new Map<string, Program>();
  readonly #watchers = new Set<() => void>();
  #ending = false;

  constructor(parts: Omit<ProgramParts, "changed">) {
    this.#parts = { ...parts, changed: () => this.#changed() };
    this.#log = parts.log;
  }

  /** Starts these programs beside the ones there are: those with autostart, in their order, each when what it comes after is up. */
  add(configs: ProgramConfigs): void {
    for (const config of Object.values(configs)) this.#make(config);
    for (const config of startOrder(Object.values(configs))) {
      if (config.autostart) this.#begin(config.name);
    }
  }

  /** What would have to be done to get to these. */
  compare(next: ProgramConfigs): ProgramChanges {
    const known = [...this.#programs.keys()];
    return {
      added: Object.keys(next).filter((name) => !this.#programs.has(name)),
      changed: known.filter(
        (name) => next[name] !== undefined && !isDeepStrictEqual(this.#programs.get(name)!.config, next[name]),
      ),
      removed: known.filter((name) => next[name] === undefined),
    };
  }

  /** Starts changed programs anew (those that somebody has stopped stay so) and stops removed ones. Resolves when these have ended. */
  async apply(next: ProgramConfigs, { changed, removed }: ProgramChanges): Promise<void> {
    const gone = [...changed, ...removed].flatMap((name) => this.#programs.get(name) ?? []);
    await this.#stopAll(gone, false);
    const counters = new Map<string, readonly ProgramCounters[]>();
    for (const { config, instances } of gone) {
      await Promise.all(instances.map((instance) => instance.close()));
      counters.set(
        config.name,
        instances.map((instance) => instance.counters()),
      );
      this.#programs.delete(config.name);
    }
    for (const name of changed) this.#make(next[name]!, counters.get(name));
    for (const config of startOrder(changed.map((name) => next[name]!))) {
      const before = gone.find((program) => program.config.name === config.name)!;
      const stopped = before.instances.every((instance) => instance.stoppedByUser);
      if (config.autostart && !stopped) this.#begin(config.name);
    }
    this.#inOrder(Object.keys(next));
  }

  /** Takes programs away again that {@link add} has just started. */
  async remove(names: readonly string[]): Promise<void> {
    const gone = names.flatMap((name) => this.#programs.get(name) ?? []);
    await this.#stopAll(gone, false);
    for (const { config, instances } of gone) {
      await Promise.all(instances.map((instance) => instance.close()));
      this.#programs.delete(config.name);
    }
  }

  /** Nobody waits any more, and nothing that waits is started. */
  abandonWaits(): void {
    this.#ending = true;
    this.#changed();
  }

  /** Resolves when all of this has come true; rejects when one of these programs has failed, or all is ending. */
  async waitFor(after: readonly AfterConfig[]): Promise<void> {
    for (;;) {
      const missing = after.filter((condition) => !this.#holds(condition));
      if (missing.length === 0) return;
      if (this.#ending) throw new PropylonError("user", "propylon is stopping");
      for (const { program } of missing) this.#refuseFailed(program);
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  /** The instances that a name means: a program's, or one (`vapor:0`). Null when there is no such program. */
  find(name: string): readonly ProgramInstance[] | null {
    const program = this.#programs.get(name);
    if (program !== undefined) return program.instances;
    const one = this.instances().find((instance) => instance.name === name);
    return one === undefined ? null : [one];
  }

  names(): readonly string[] {
    return [...this.#programs.keys()];
  }

  instances(): readonly ProgramInstance[] {
    return [...this.#programs.values()].flatMap(({ instances }) => instances);
  }

  status(): readonly ProgramStatus[] {
    return this.instances().map((instance) => instance.status());
  }

  /** Output files are opened anew: somebody has renamed them. */
  async reopenFiles(): Promise<void> {
    await Promise.all(this.instances().map((instance) => instance.reopenFiles()));
  }

  /** Ends all, in order: what comes after others first, then by priority. `now`: KILL, at the same time. */
  async stop(now: boolean): Promise<void> {
    this.abandonWaits();
    const all = [...this.#programs.values()];
    await (now ? Promise.all(all.map((program) => stopProgram(program, true))) : this.#stopAll(all, false));
    await Promise.all(this.instances().map((instance) => instance.close()));
  }

  #make(config: ProgramConfig, counters: readonly ProgramCounters[] = []): void {
    const instances = Array.from(
      { length: config.instances },
      (_, number) => new ProgramInstance(config, number, this.#parts, counters[number]),
    );
    this.#programs.set(config.name, { config, instances });
  }

  #begin(name: string): void {
    const { config, instances } = this.#programs.get(name)!;
    if (config.after.length === 0) return void this.#start(instances);
    for (const instance of instances) instance.wait();
    void this.#beginAfter(config, instances);
  }

  /** A program whose dependency has failed goes on waiting: somebody may mend it. */
  async #beginAfter(config: ProgramConfig, instances: readonly ProgramInstance[]): Promise<void> {
    while (!config.after.every((condition) => this.#holds(condition))) {
      if (this.#ending || this.#programs.get(config.name)?.instances !== instances) return;
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
    // Somebody may have stopped or started one meanwhile.
    this.#start(instances.filter(({ state }) => state === "waiting"));
  }

  #start(instances: readonly ProgramInstance[]): void {
    for (const instance of instances) {
      // How it went is told by its log and its state.
      instance.start().catch((error: unknown) => {
        if (!(error instanceof PropylonError)) this.#log.error(`program ${instance.name}: ${String(error)}`);
      });
    }
  }

  #holds({ program, state }: AfterConfig): boolean {
    const instances = this.#programs.get(program)?.instances ?? [];
    return instances.length > 0 && instances.every((instance) => instance.satisfies(state));
  }

  #refuseFailed(name: string): void {
    if (!this.#programs.has(name))
      throw new PropylonError("user", `it waits for program ${name}, which is not there yet`, {
        remedy: "reload the whole configuration",
      });
    const failed = this.find(name)?.find(({ state }) => state === "failed");
    if (failed === undefined) return;
    const why = failed.reason === null ? "" : `: ${failed.reason}`;
    throw new PropylonError("user", `it waits for program ${failed.name}, which has failed${why}`, {
      remedy: `see why: propylon logs ${failed.name}`,
    });
  }

  async #stopAll(programs: readonly Program[], now: boolean): Promise<void> {
    const configs = programs.map(({ config }) => config);
    for (const wave of stopWaves(configs))
      await Promise.all(wave.map((name) => stopProgram(programs.find(({ config }) => config.name === name)!, now)));
  }

  #inOrder(names: readonly string[]): void {
    for (const name of names) {
      const program = this.#programs.get(name);
      if (program === undefined) continue;
      this.#programs.delete(name);
      this.#programs.set(name, program);
    }
  }

  #changed(): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const watcher of watchers) watcher();
  }
}

async function stopProgram({ instances }: Program, now: boolean): Promise<void> {
  await Promise.all(instances.map((instance) => instance.stop({ now, byUser: false })));
}
