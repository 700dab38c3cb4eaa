import type { MetricFamily, MetricSample } from "./family.ts";

/** The Content-Type of {@link exposition}. */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Prometheus text format 0.0.4: HELP and TYPE once a family, families by name, series by labels, buckets in their order. A
 * family without samples is left out.
 */
export function exposition(families: readonly MetricFamily[]): string {
  const sorted = families.filter((family) => family.samples.length > 0).sort((a, b) => compare(a.name, b.name));
  return sorted.map(formatFamily).join("");
}

function formatFamily(family: MetricFamily): string {
  const lines = [`# HELP ${family.name} ${escapeHelp(family.help)}`, `# TYPE ${family.name} ${family.type}`];
  // Sorting is stable, so the buckets, sum and count of one series stay in the order they were given.
  const series = family.samples
    .map((sample) => ({ sample, key: seriesKey(sample) }))
    .sort((a, b) => compare(a.key, b.key));
  for (const { sample } of series) lines.push(`${sample.name}${formatLabels(sample)} ${formatValue(sample.value)}`);
  return `${lines.join("\n")}\n`;
}

/** What tells one series of a family from another: its labels without the bucket's bound. */
function seriesKey(sample: MetricSample): string {
  const { le: _, ...labels } = sample.labels;
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => compare(a, b)));
}

function formatLabels(sample: MetricSample): string {
  const pairs = Object.entries(sample.labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
