import { constants } from "node:os";
import { didYouMean } from "../base/did-you-mean.ts";
import { PropylonError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { OutputSource } from "../control/operations.ts";
import type { ProgramInstance } from "./program-instance.ts";
import type { ProgramSet } from "./program-set.ts";

/** The operations that programs take by name: of all instances of a program, or of one (`vapor:0`). */
export class ProgramOperations {
  readonly #programs: ProgramSet;
  readonly #log: Log;

  constructor(programs: ProgramSet, log: Log) {
    this.#programs = programs;
    this.#log = log;
  }

  /** Whether a program, or an instance of one, has this name. */
  has(name: string): boolean {
    return this.#programs.find(name) !== null;
  }

  /** Resolves when all run; rejects when one does not start, or when all run already. */
  async start(name: string): Promise<void> {
    const instances = this.#find(name);
    const down = instances.filter((instance) => !instance.isUp());
    if (down.length === 0) throw new PropylonError("user", `Program "${name}" runs already`);
    const stopping = down.find(({ state }) => state === "stopping" || state === "draining");
    if (stopping !== undefined) throw new PropylonError("user", `Program "${stopping.name}" is still stopping`);
    this.#log.info(`program ${name} is started on request`);
    await Promise.all(down.map((instance) => instance.start()));
  }

  /** Resolves when all have ended. */
  async stop(name: string, now: boolean): Promise<void> {
    const instances = this.#find(name);
    this.#log.info(`program ${name} is stopped on request`);
    await Promise.all(instances.map((instance) => instance.stop({ now, byUser: true })));
  }

  async restart(name: string): Promise<void> {
    const instances = this.#find(name);
    this.#log.info(`program ${name} is restarted on request`);
    await Promise.all(
      instances.map(async (instance) => {
        await instance.stop({ now: false, byUser: false });
        await instance.start();
      }),
    );
  }

  signal(name: string, signal: string): void {
    const wanted = parseSignal(signal);
    const instances = this.#find(name);
    const signalled = instances.filter((instance) => instance.signal(wanted));
    if (signalled.length === 0) throw new PropylonError("user", `Program "${name}" does not run`);
    this.#log.info(`program ${name} is sent ${signal} on request`);
  }

  async clear(name: string): Promise<void> {
    await Promise.all(this.#find(name).map((instance) => instance.clear()));
  }

  output(name: string, stream: "stdout" | "stderr"): OutputSource {
    const instances = this.#find(name);
    if (instances.length > 1) {
      const names = instances.map((instance) => instance.name).join(", ");
      throw new PropylonError("user", `Program "${name}" has ${instances.length} instances`, {
        remedy: `name one of ${names}`,
      });
    }
    return instances[0]![stream];
  }

  #find(name: string): readonly ProgramInstance[] {
    const found = this.#programs.find(name);
    if (found !== null) return found;
    const known = this.#programs.names();
    const remedy = didYouMean(name, known) ?? `there is ${known.join(", ") || "none"}`;
    throw new PropylonError("user", `No program is called "${name}"`, { remedy });
  }
}

function parseSignal(written: string): NodeJS.Signals | number {
  if (/^\d+$/.test(written)) {
    const number = Number(written);
    if (number > 0 && number <= 64) return number;
  }
  const name = written.toUpperCase().replace(/^(?!SIG)/, "SIG");
  if (Object.hasOwn(constants.signals, name)) return name as NodeJS.Signals;
  throw new PropylonError("user", `"${written}" is no signal`, { remedy: "write HUP, TERM, USR1, ... or its number" });
}
