import type { MetricFamily, MetricSample } from "../metrics/family.ts";

/** How gauges of several workers become one: `prometheus_client`'s `multiprocess_mode`, `live` or not. */
export type GaugeMode = "all" | "sum" | "min" | "max" | "mostrecent";

export interface AppFamily extends MetricFamily {
  readonly mode: GaugeMode;
}

/** A part of what a worker tells of itself when it is asked (docs/worker-protocol.md). */
export interface MetricsMessage {
  readonly type: "metrics";
  /** Of the question; 0: it is ending. */
  readonly id: number;
  readonly families: readonly AppFamily[];
  readonly more: boolean;
  /** Samples beyond the limit. */
  readonly leftOut: number;
  /** Why its metrics could not be collected. */
  readonly error: string | null;
  /** Seconds that its probes waited for the interpreter's lock, and how many there were; null: it has none. */
  readonly gil: readonly [number, number] | null;
  /** Exceptions that left the app's code, ever. */
  readonly exceptions: number;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]{0,199}$/;
const LABEL = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]{0,99}$/;

/** Checks a message; null when it is none. Families and samples that can't be exposed are left out: the app is not ours. */
export function parseMetricsMessage(value: Readonly<Record<string, unknown>>): MetricsMessage | null {
  const { metrics: id, families, more, left_out: leftOut, error, gil, exceptions } = value;
  if (typeof id !== "number" || !Array.isArray(families)) return null;
  return {
    type: "metrics",
    id,
    families: families.flatMap((family) => parseFamily(family) ?? []),
    more: more === true,
    leftOut: typeof leftOut === "number" ? leftOut : 0,
    error: typeof error === "string" ? error : null,
    gil: Array.isArray(gil) && typeof gil[0] === "number" && typeof gil[1] === "number" ? [gil[0], gil[1]] : null,
    exceptions: typeof exceptions === "number" && exceptions > 0 ? exceptions : 0,
  };
}

// --- internal ---

const TYPES: ReadonlySet<unknown> = new Set(["counter", "gauge", "histogram", "summary", "unknown"]);
/** Ends of the names of a type's samples. */
const ENDS: Readonly<Record<AppFamily["type"], readonly string[]>> = {
  counter: ["_total"],
  gauge: ["", "_info"],
  histogram: ["_bucket", "_sum", "_count"],
  summary: ["_sum", "_count"],
  unknown: [""],
};

function parseFamily(value: unknown): AppFamily | null {
  if (!Array.isArray(value)) return null;
  const [base, type, mode, help, groups] = value as unknown[];
  if (typeof base !== "string" || !NAME.test(base) || !TYPES.has(type) || !Array.isArray(groups)) return null;
  const kind = type as AppFamily["type"];
  const samples: MetricSample[] = [];
  for (const group of groups)
    addGroup(
      group,
      ENDS[kind].map((end) => base + end),
      samples,
    );
  // In the text format the family has the name of its samples.
  const name =
    kind === "counter" ? `${base}_total` : (samples[0]?.name.endsWith("_info") ?? false) ? `${base}_info` : base;
  return { name, type: kind, mode: modeOf(mode), help: typeof help === "string" ? help : "", samples };
}

function addGroup(value: unknown, names: readonly string[], samples: MetricSample[]): void {
  if (!Array.isArray(value)) return;
  const [name, labelNames, rows] = value as unknown[];
  if (typeof name !== "string" || !names.includes(name)) return;
  if (!Array.isArray(labelNames) || !Array.isArray(rows)) return;
  const labelled = labelNames.map((label) =>
    typeof label === "string" && LABEL.test(label) ? exportedName(label) : null,
  );
  if (labelled.includes(null)) return;
  for (const row of rows) {
    if (!Array.isArray(row) || !Array.isArray(row[0]) || row[0].length !== labelled.length) continue;
    const number = typeof row[1] === "number" ? row[1] : (NUMBERS[String(row[1])] ?? null);
    if (number === null) continue;
    const labels: Record<string, string> = {};
    for (const [index, label] of labelled.entries()) labels[label!] = String(row[0][index]);
    samples.push({ name, labels, value: number });
  }
}

const NUMBERS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  "+Inf": Number.POSITIVE_INFINITY,
  "-Inf": Number.NEGATIVE_INFINITY,
};

/** `app` and `worker` say whose a series is; an app's own labels of these names are renamed as Prometheus does it. */
function exportedName(label: string): string {
  return label === "app" || label === "worker" ? `exported_${label}` : label;
}

function modeOf(mode: unknown): GaugeMode {
  const plain = typeof mode === "string" ? mode.replace(/^live/, "") : "";
  return plain === "sum" || plain === "min" || plain === "max" || plain === "mostrecent" ? plain : "all";
}
