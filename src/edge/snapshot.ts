import type { Pool } from "../app/pool.ts";
import type { MetricFamily, MetricSample } from "../metrics/family.ts";
import type { HttpMetrics } from "../metrics/http-metrics.ts";
import type { EdgeSnapshot } from "./messages.ts";

/** The edge's figures now, for `/metrics` and `status`. */
export function snapshot(
  metrics: HttpMetrics,
  pools: ReadonlyMap<string, Pool>,
  connections: number,
  droppedLogLines: number,
  others: readonly MetricFamily[],
): EdgeSnapshot {
  const apps: Record<string, EdgeSnapshot["apps"][string]> = {};
  for (const [name, pool] of pools) {
    const workers: Record<number, { requests: number; open: number }> = {};
    for (const [id, link] of pool.links) workers[id] = { requests: link.requests, open: link.open };
    apps[name] = { inFlight: pool.inFlight, queued: pool.queued, workers };
  }
  return {
    families: [...metrics.families(), ...poolFamilies(pools), ...others, logFamily(droppedLogLines)],
    requests: metrics.requests,
    connections,
    apps,
  };
}

function poolFamilies(pools: ReadonlyMap<string, Pool>): MetricFamily[] {
  const family = (
    name: string,
    help: string,
    type: "counter" | "gauge",
    value: (pool: Pool) => number,
  ): MetricFamily => {
    const samples: MetricSample[] = [];
    for (const pool of pools.values()) samples.push({ name, labels: { app: pool.name }, value: value(pool) });
    return { name, help, type, samples };
  };
  return [
    family(
      "propylon_app_requests_in_flight",
      "Requests that an app has not answered yet, waiting ones included.",
      "gauge",
      (p) => p.inFlight,
    ),
    family("propylon_app_queue_length", "Requests that wait for a worker of the app.", "gauge", (p) => p.queued),
    family("propylon_app_requests_total", "Requests given to the app's pool.", "counter", (p) => p.requests),
    family(
      "propylon_app_requests_rejected_total",
      "Requests answered 503 without reaching the app.",
      "counter",
      (p) => p.rejected,
    ),
    family(
      "propylon_app_requests_retried_total",
      "Requests given to another worker because theirs died.",
      "counter",
      (p) => p.retries,
    ),
    family(
      "propylon_app_requests_lost_total",
      "Requests answered 502 because their worker died.",
      "counter",
      (p) => p.lost,
    ),
  ];
}

function logFamily(dropped: number): MetricFamily {
  const name = "propylon_access_log_dropped_lines_total";
  return {
    name,
    help: "Access log lines that could not be written.",
    type: "counter",
    samples: [{ name, labels: {}, value: dropped }],
  };
}
