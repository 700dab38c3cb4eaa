import type { ExpositionFormat } from "./exposition-format.ts";
import type { MetricFamily, MetricSample } from "./family.ts";

/**
 * The exposition of all families: HELP and TYPE once a family, families by name, series by labels, buckets in their order. A
 * family without samples is left out. OpenMetrics names counters without `_total`, tells units and ends with `# EOF`.
 */
export function exposition(families: readonly MetricFamily[], format: ExpositionFormat = "text"): string {
  const sorted = families.filter((family) => family.samples.length > 0).sort((a, b) => compare(a.name, b.name));
  const lines: string[] = [];
  for (const family of sorted) {
    if (format === "text") textHead(family, lines);
    else openMetricsHead(family, lines);
    addSamples(family, format, lines);
  }
  if (format === "openmetrics") lines.push("# EOF");
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

// --- internal ---

/** Ends of names that OpenMetrics has a UNIT line for. */
const UNIT = /_(seconds|bytes)$/;

function textHead({ name, help, type }: MetricFamily, lines: string[]): void {
  lines.push(`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type === "unknown" ? "untyped" : type}`);
}

function openMetricsHead(family: MetricFamily, lines: string[]): void {
  const { name, type } = openMetricsKind(family);
  lines.push(`# TYPE ${name} ${type}`);
  const unit = UNIT.exec(name)?.[1];
  if (unit !== undefined) lines.push(`# UNIT ${name} ${unit}`);
  lines.push(`# HELP ${name} ${escapeLabel(family.help)}`);
}

/** A counter's family is named without the `_total` of its samples, an info's without `_info`. */
function openMetricsKind({ name, type, samples }: MetricFamily): { readonly name: string; readonly type: string } {
  if (type === "counter")
    return name.endsWith("_total") ? { name: name.slice(0, -"_total".length), type } : { name, type: "unknown" };
  if (type === "gauge" && name.endsWith("_info") && samples.every(({ value }) => value === 1))
    return { name: name.slice(0, -"_info".length), type: "info" };
  return { name, type };
}

function addSamples({ samples }: MetricFamily, format: ExpositionFormat, lines: string[]): void {
  // What tells one series from another is also what is written of it: 10,000 series are in 50 ms only when little is done twice.
  const series = samples.map((sample) => ({ sample, labels: labelText(sample.labels) }));
  // Sorting is stable, so the buckets, sum and count of one series stay in the order they were given.
  series.sort((a, b) => compare(a.labels, b.labels));
  for (const { sample, labels } of series) {
    const { le } = sample.labels;
    let all = labels;
    if (le !== undefined) {
      const bound = `le="${format === "openmetrics" ? boundOf(le) : escapeLabel(le)}"`;
      all = labels === "" ? bound : `${labels},${bound}`;
    }
    lines.push(`${sample.name}${all === "" ? "" : `{${all}}`} ${formatValue(sample.value)}`);
  }
}

/** All labels but the bucket's bound. */
function labelText(labels: MetricSample["labels"]): string {
  let text = "";
  for (const name in labels) {
    if (name === "le") continue;
    const pair = `${name}="${escapeLabel(labels[name]!)}"`;
    text += text === "" ? pair : `,${pair}`;
  }
  return text;
}

/** OpenMetrics writes bounds as numbers with a point: `1.0`. */
function boundOf(text: string): string {
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
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
  return /["\\\n]/.test(text) ? escapeHelp(text).replaceAll('"', '\\"') : text;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
