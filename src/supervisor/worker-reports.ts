import { CounterKeeper, isCounted } from "../metrics/counter-keeper.ts";
import { sampleKey } from "../metrics/merge.ts";
import type { AppFamily, MetricsMessage } from "./metrics-message.ts";

/** What a worker has said of itself. */
export interface WorkerReport {
  /** `performance.now()` when it came. */
  readonly at: number;
  readonly families: readonly AppFamily[];
  readonly samples: number;
  readonly leftOut: number;
  readonly error: string | null;
  readonly gil: readonly [number, number] | null;
  /** Exceptions that left the app's code in this worker. */
  readonly exceptions: number;
}

/** A worker tells more than there is room for, so that what was let in is still told when metrics before it have grown. */
const SPARE = 1000;

/** Samples of its own metrics that a worker of an app with these settings is to tell at most; null: none. */
export function mostSamples(metrics: { readonly series: number } | null): number {
  return metrics === null ? 0 : metrics.series * 2 + SPARE;
}

/** Questions to one worker for its metrics, and the last answer: a worker that is stuck is not waited for. */
export class WorkerReports {
  readonly #send: (message: Readonly<Record<string, unknown>>) => void;
  readonly #keeper = new CounterKeeper();
  readonly #parts = new Map<number, AppFamily[]>();
  /** When a gauge whose newest value counts has changed last, by series. */
  readonly #changed = new Map<string, { readonly value: number; readonly at: number }>();
  /** The question that waits for an answer. */
  #open: { readonly answered: Promise<void>; readonly settle: () => void } | null = null;
  #asked = 0;
  #latest: WorkerReport | null = null;

  constructor(send: (message: Readonly<Record<string, unknown>>) => void) {
    this.#send = send;
  }

  get latest(): WorkerReport | null {
    return this.#latest;
  }

  /** A question has not been answered yet. */
  get owes(): boolean {
    return this.#open !== null;
  }

  /** When the value of this gauge was first seen, `performance.now()`. */
  changedAt(name: string, labels: Readonly<Record<string, string>>): number {
    return this.#changed.get(sampleKey(name, labels))?.at ?? 0;
  }

  /** Asks; resolves when the next answer is here, which may be never. @param most samples; 0: none of the app's */
  ask(most: number): Promise<void> {
    // One question at a time: a worker that is stuck must not find a heap of them.
    if (this.#open === null) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#open = { answered: promise, settle: resolve };
      this.#send({ metrics: ++this.#asked, most });
    }
    return this.#open.answered;
  }

  hear({ id, families, more, leftOut, error, gil, exceptions }: MetricsMessage): void {
    const parts = this.#parts.get(id) ?? [];
    parts.push(...families);
    if (more) {
      this.#parts.set(id, parts);
      return;
    }
    this.#parts.delete(id);
    const at = performance.now();
    // What could not be collected is as it was.
    const known = error === null ? this.#keep(joined(parts), at) : (this.#latest?.families ?? []);
    const samples = known.reduce((sum, family) => sum + family.samples.length, 0);
    this.#latest = { at, families: known, samples, leftOut, error, gil, exceptions };
    this.#open?.settle();
    this.#open = null;
  }

  #keep(families: readonly AppFamily[], at: number): readonly AppFamily[] {
    const kept = this.#keeper.keep(families, true);
    for (const { mode, samples } of families) {
      if (mode !== "mostrecent") continue;
      for (const { name, labels, value } of samples) {
        const key = sampleKey(name, labels);
        if (this.#changed.get(key)?.value !== value) this.#changed.set(key, { value, at });
      }
    }
    const present = new Set(families.map(({ name }) => name));
    // A metric that was unregistered: what it had counted stays.
    const gone = (this.#latest?.families ?? []).filter((family) => !present.has(family.name) && isCounted(family));
    return [...kept.map((family, index) => ({ ...family, mode: families[index]!.mode })), ...gone];
  }
}

/** A family with many samples comes in several parts. */
function joined(parts: readonly AppFamily[]): readonly AppFamily[] {
  const byName = new Map<string, AppFamily>();
  for (const part of parts) {
    const known = byName.get(part.name);
    if (known !== undefined && known.type !== part.type) continue;
    byName.set(part.name, known === undefined ? part : { ...part, samples: [...known.samples, ...part.samples] });
  }
  return [...byName.values()];
}
