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
    family("propylon_websockets_open", "WebSockets of ASGI apps that are open now.", "gauge", (p) => p.webSockets.open),
    family(
      "propylon_websockets_total",
      "WebSockets that an app has accepted.",
      "counter",
      (p) => p.webSockets.accepted,
    ),
    messageFamily(pools),
    family(
      "propylon_app_requests_lost_total",
      "Requests answered 502 because their worker died.",
      "counter",
      (p) => p.lost,
    ),
  ];
}

function messageFamily(pools: ReadonlyMap<string, Pool>): MetricFamily {
  const name = "propylon_websocket_messages_total";
  const samples = [...pools.values()].flatMap(({ name: app, webSockets: { received, sent } }): MetricSample[] => [
    { name, labels: { app, direction: "in" }, value: received },
    { name, labels: { app, direction: "out" }, value: sent },
  ]);
  return { name, help: "WebSocket messages from clients (in) and to them (out).", type: "counter", samples };
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
