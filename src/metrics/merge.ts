import type { MetricFamily, MetricSample } from "./family.ts";

/**
 * The families of several processes as one: samples with the same name and labels are added, gauges too (connections of
 * two edges are the sum of both). Help and type are the first process's; the order is that of first appearance.
 */
export function mergeFamilies(processes: readonly (readonly MetricFamily[])[]): MetricFamily[] {
  const byName = new Map<string, MetricFamily[]>();
  for (const families of processes)
    for (const family of families) {
      const known = byName.get(family.name);
      if (known === undefined) byName.set(family.name, [family]);
      else known.push(family);
    }
  return [...byName.values()].map(mergeOne);
}

/**
 * Keeps what dead processes had counted, so that a counter never goes down when its process is replaced: Prometheus would
 * take that for a restart of everything. Gauges die with their process.
 */
export class CounterBase {
  readonly #families = new Map<string, { family: MetricFamily; readonly samples: Map<string, MetricSample> }>();

  /** Adds the last known families of a process that has ended. */
  add(families: readonly MetricFamily[]): void {
    for (const family of families) {
      if (family.type === "gauge" || family.type === "unknown") continue;
      let known = this.#families.get(family.name);
      if (known === undefined) {
        known = { family, samples: new Map() };
        this.#families.set(family.name, known);
      }
      checkType(known.family, family);
      addSamples(known.samples, family.samples);
    }
  }

  /** The dead and these living processes together. */
  with(living: readonly (readonly MetricFamily[])[]): MetricFamily[] {
    const merged = mergeFamilies(living).map((family) => this.#added(family));
    const names = new Set(merged.map(({ name }) => name));
    for (const [name, { family, samples }] of this.#families)
      if (!names.has(name)) merged.push({ ...family, samples: [...samples.values()] });
    return merged;
  }

  #added(family: MetricFamily): MetricFamily {
    const dead = this.#families.get(family.name);
    if (dead === undefined) return family;
    checkType(dead.family, family);
    const missing = new Set(dead.samples.keys());
    const samples = family.samples.map((sample) => {
      const key = sampleKey(sample.name, sample.labels);
      const before = dead.samples.get(key);
      if (before === undefined) return sample;
      missing.delete(key);
      return { ...sample, value: sample.value + before.value };
    });
    for (const key of missing) samples.push(dead.samples.get(key)!);
    return { ...family, samples };
  }
}

function checkType(one: MetricFamily, other: MetricFamily): void {
  if (one.type !== other.type)
    throw new Error(`merge metric "${one.name}": it is a ${one.type} here and a ${other.type} there`);
}

function mergeOne(families: readonly MetricFamily[]): MetricFamily {
  const [first, ...others] = families as [MetricFamily, ...MetricFamily[]];
  if (others.length === 0) return first;
  const samples = new Map<string, MetricSample>();
  for (const family of families) {
    checkType(first, family);
    addSamples(samples, family.samples);
  }
  return { ...first, samples: [...samples.values()] };
}

function addSamples(into: Map<string, MetricSample>, samples: readonly MetricSample[]): void {
  for (const sample of samples) {
    const key = sampleKey(sample.name, sample.labels);
    const before = into.get(key);
    into.set(key, before === undefined ? sample : { ...before, value: before.value + sample.value });
  }
}

/** The same for samples of the same name and labels, in whatever order they stand. */
export function sampleKey(name: string, labels: MetricSample["labels"]): string {
  const names = Object.keys(labels);
  if (names.length > 1) names.sort();
  let key = name;
  for (const label of names) key += `\0${label}\0${labels[label]}`;
  return key;
}
