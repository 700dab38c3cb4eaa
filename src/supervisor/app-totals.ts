import { isCounted } from "../metrics/counter-keeper.ts";
import type { MetricFamily, MetricSample } from "../metrics/family.ts";
import { CounterBase, mergeFamilies, sampleKey } from "../metrics/merge.ts";
import type { AppFamily } from "./metrics-message.ts";
import type { WorkerReports } from "./worker-reports.ts";

export interface AppMetricsSettings {
  /** Put before the names of all of the app's metrics. */
  readonly prefix: string;
  /** Most series of the app. */
  readonly series: number;
}

/** A worker that lives, by its place: a number that those after it use again. */
export interface PlacedReports {
  readonly place: number;
  readonly reports: WorkerReports;
}

/**
 * An app's own metrics, of all of its workers as one. Counters, histograms and summaries are added up, and what workers had counted
 * that are no more stays; gauges are those of living workers, each with its own `worker` label unless their mode merges them.
 */
export class AppTotals {
  readonly #app: string;
  readonly #dead = new CounterBase();
  readonly #admitted = new Set<string>();
  #full = false;
  /** What the last merge was made from, and what it made. */
  #from: readonly unknown[] = [];
  #merged: readonly MetricFamily[] = [];

  constructor(app: string) {
    this.#app = app;
  }

  /** There were series that it had no room for. */
  get full(): boolean {
    return this.#full;
  }

  /** A worker has ended. */
  bury(reports: WorkerReports): void {
    const { latest } = reports;
    if (latest !== null) this.#dead.add(oneTypeEach([this.#dead.with([]), latest.families.filter(isCounted)])[1]!);
  }

  families(living: readonly PlacedReports[], settings: AppMetricsSettings): readonly MetricFamily[] {
    // As long as nobody has said anything new, neither is there.
    const from = [settings, ...living.flatMap(({ place, reports }) => [place, reports.latest])];
    if (from.length !== this.#from.length || from.some((part, index) => part !== this.#from[index])) {
      this.#from = from;
      this.#merged = this.#merge(living, settings);
    }
    return this.#merged;
  }

  #merge(living: readonly PlacedReports[], settings: AppMetricsSettings): MetricFamily[] {
    const known = living.map(({ reports }) => reports.latest?.families ?? []);
    const counted = mergeFamilies(oneTypeEach([this.#dead.with([]), ...known.map(ofCounters)]));
    const gauges = this.#gauges(living);
    const names = new Set(counted.map(({ name }) => name));
    const all = [...counted, ...gauges.filter(({ name }) => !names.has(name))];
    return all.map((family) => this.#exposed(family, settings));
  }

  #exposed(family: MetricFamily, { prefix, series }: AppMetricsSettings): MetricFamily {
    const samples: MetricSample[] = [];
    for (const { name, labels, value } of family.samples) {
      if (!this.#admits(sampleKey(name, labels), series)) continue;
      samples.push({ name: prefix + name, labels: { app: this.#app, ...labels }, value });
    }
    const { name, type, help } = family;
    return { name: prefix + name, type, help, samples };
  }

  // Who is in stays in, so that no counter is there at one time and not at the next.
  #admits(key: string, most: number): boolean {
    if (this.#admitted.has(key)) return true;
    if (this.#admitted.size >= most) {
      this.#full = true;
      return false;
    }
    this.#admitted.add(key);
    return true;
  }

  #gauges(living: readonly PlacedReports[]): MetricFamily[] {
    const families = living.flatMap(({ place, reports }) =>
      (reports.latest?.families ?? [])
        .filter((family) => !isCounted(family))
        .map((family) => ({ place, reports, family })),
    );
    const byName = Map.groupBy(families, ({ family }) => family.name);
    return [...byName.values()].map((group) => mergedGauge(group));
  }
}

interface PlacedFamily extends PlacedReports {
  readonly family: AppFamily;
}

function mergedGauge(group: readonly PlacedFamily[]): MetricFamily {
  const { name, type, help, mode } = group[0]!.family;
  if (mode === "all") {
    const samples = group.flatMap(({ place, family }) =>
      family.samples.map((sample) => ({ ...sample, labels: { ...sample.labels, worker: String(place) } })),
    );
    return { name, type, help, samples };
  }
  const merged = new Map<string, MetricSample & { readonly at: number }>();
  for (const { reports, family } of group)
    for (const sample of family.samples) {
      const key = sampleKey(sample.name, sample.labels);
      const before = merged.get(key);
      const at = mode === "mostrecent" ? reports.changedAt(sample.name, sample.labels) : 0;
      if (before === undefined) merged.set(key, { ...sample, at });
      else if (mode === "sum") merged.set(key, { ...sample, at, value: before.value + sample.value });
      else if (mode === "min") merged.set(key, { ...sample, at, value: Math.min(before.value, sample.value) });
      else if (mode === "max") merged.set(key, { ...sample, at, value: Math.max(before.value, sample.value) });
      else if (at > before.at) merged.set(key, { ...sample, at });
    }
  return { name, type, help, samples: Array.from(merged.values(), ({ at: _, ...sample }) => sample) };
}

function ofCounters(families: readonly AppFamily[]): readonly MetricFamily[] {
  return families.filter(isCounted);
}

/** A name that has become another type of metric, by a reload with other code, is what it was first. */
function oneTypeEach(lists: readonly (readonly MetricFamily[])[]): readonly (readonly MetricFamily[])[] {
  const types = new Map<string, MetricFamily["type"]>();
  return lists.map((families) =>
    families.filter(({ name, type }) => {
      if (!types.has(name)) types.set(name, type);
      return types.get(name) === type;
    }),
  );
}

/** The apps' families and ours as one list, and the names that can't be exposed twice: those of a family of another kind or of ours. */
export function withoutClashes(
  own: readonly MetricFamily[],
  apps: readonly (readonly MetricFamily[])[],
): { readonly families: MetricFamily[]; readonly clashes: readonly string[] } {
  const kinds = new Map<string, string>(own.map((family) => [baseOf(family), "ours"]));
  const clashes: string[] = [];
  const kept = apps.map((families) =>
    families.filter((family) => {
      const base = baseOf(family);
      const kind = kinds.get(base) ?? (family.name.startsWith("propylon_") ? "ours" : family.type);
      kinds.set(base, kind);
      if (kind === family.type) return true;
      clashes.push(`${family.samples[0]?.labels["app"]} ${family.name}`);
      return false;
    }),
  );
  return { families: mergeFamilies([own, ...kept]), clashes };
}

/** OpenMetrics names a counter without `_total`: no other family may have that name. */
function baseOf({ name, type }: MetricFamily): string {
  return type === "counter" ? name.replace(/_total$/, "") : name;
}
