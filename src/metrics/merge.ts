import type { MetricFamily, MetricSample } from "./family.ts";

/**
 * The families of several processes as one: samples with the same name and labels are added, gauges too (connections of
 * two edges are the sum of both). Help and type are the first process's; the order is that of first appearance.
 */
export function mergeFamilies(processes: readonly (readonly MetricFamily[])[]): MetricFamily[] {
  const merged = new Map<string, { family: MetricFamily; samples: Map<string, MetricSample> }>();
  for (const family of processes.flat()) {
    let entry = merged.get(family.name);
    if (entry === undefined) {
      entry = { family, samples: new Map() };
      merged.set(family.name, entry);
    } else if (entry.family.type !== family.type) {
      throw new Error(`merge metric "${family.name}": it is a ${entry.family.type} here and a ${family.type} there`);
    }
    addSamples(entry.samples, family.samples);
  }
  return [...merged.values()].map(({ family, samples }) => ({ ...family, samples: [...samples.values()] }));
}

/**
 * Keeps what dead processes had counted, so that a counter never goes down when its process is replaced: Prometheus would
 * take that for a restart of everything. Gauges die with their process.
 */
export class CounterBase {
  #families: MetricFamily[] = [];

  /** Adds the last known families of a process that has ended. */
  add(families: readonly MetricFamily[]): void {
    this.#families = mergeFamilies([this.#families, families.filter((family) => family.type !== "gauge")]);
  }

  /** The dead and these living processes together. */
  with(living: readonly (readonly MetricFamily[])[]): MetricFamily[] {
    return mergeFamilies([this.#families, ...living]);
  }
}

function addSamples(into: Map<string, MetricSample>, samples: readonly MetricSample[]): void {
  for (const sample of samples) {
    const key = sampleKey(sample);
    const before = into.get(key);
    into.set(key, before === undefined ? sample : { ...before, value: before.value + sample.value });
  }
}

function sampleKey(sample: MetricSample): string {
  return JSON.stringify([sample.name, ...Object.entries(sample.labels).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
