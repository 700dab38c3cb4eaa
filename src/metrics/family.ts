/** One metric with its samples: the shape between processes and of the exposition. */
export interface MetricFamily {
  /** As in the Prometheus text format: a counter's ends in `_total`. */
  readonly name: string;
  readonly help: string;
  /** `summary` and `unknown` are for metrics that are not ours. */
  readonly type: "counter" | "gauge" | "histogram" | "summary" | "unknown";
  readonly samples: readonly MetricSample[];
}

export interface MetricSample {
  /** The family's name, or with `_bucket`, `_sum`, `_count` for a histogram. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
