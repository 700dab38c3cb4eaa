import type { Peer } from "./peers/peer.ts";
import type { Surroundings } from "./running-peer.ts";

/** What every benchmark is run with. */
export interface Context {
  readonly surroundings: Surroundings;
  /** Repeats in place of the benchmark's own. */
  readonly repeats: number | null;
  /** Of each single measurement. */
  readonly seconds: number;
  /** Says how far it is. */
  progress(text: string): void;
}

/** One benchmark: a name for the command line, a sentence for the table. */
export interface Benchmark {
  readonly name: string;
  readonly title: string;
  /** The first is compared with the others. */
  readonly peers: readonly Peer[];
  /** Throws when any request failed. */
  run(context: Context): Promise<Outcome>;
}

export interface Outcome {
  /** For people. */
  readonly table: string;
  /** For machines: every single measurement. */
  readonly samples: unknown;
}
