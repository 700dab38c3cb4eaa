import type { MetricFamily, MetricSample } from "./family.ts";
import { sampleKey } from "./merge.ts";

interface Kept {
  sample: MetricSample;
  /** What was counted before the source began anew. */
  before: number;
}

/**
 * Sees the figures of one source again and again, and keeps its counters from going down: one that is lower than it was has begun
 * anew, and goes on from what it had reached. Gauges pass.
 */
export class CounterKeeper {
  readonly #families = new Map<string, Map<string, Kept>>();

  /** @param all also those that were seen earlier and are missing now, as they were last */
  keep(families: readonly MetricFamily[], all: boolean): MetricFamily[] {
    return families.map((family) => (isCounted(family) ? this.#keep(family, all) : family));
  }

  #keep(family: MetricFamily, all: boolean): MetricFamily {
    let known = this.#families.get(family.name);
    if (known === undefined) {
      known = new Map();
      this.#families.set(family.name, known);
    }
    const samples: MetricSample[] = [];
    for (const sample of family.samples) {
      const key = sampleKey(sample.name, sample.labels);
      const kept = known.get(key);
      if (kept === undefined) known.set(key, { sample, before: 0 });
      else {
        if (sample.value < kept.sample.value) kept.before += kept.sample.value;
        kept.sample = sample;
      }
      if (!all) samples.push(total(known.get(key)!));
    }
    return { ...family, samples: all ? Array.from(known.values(), total) : samples };
  }
}

/** Whether its samples only grow. */
export function isCounted({ type }: MetricFamily): boolean {
  return type === "counter" || type === "histogram" || type === "summary";
}

function total({ sample, before }: Kept): MetricSample {
  return before === 0 ? sample : { ...sample, value: sample.value + before };
}
