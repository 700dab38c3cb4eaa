import type { Pool } from "../app/pool.ts";
import { runningOf } from "../app/request-note.ts";
import type { RouteShare } from "../app/route-share.ts";
import type { MetricFamily, MetricSample } from "../metrics/family.ts";
import type { FamilySource } from "../metrics/family-sources.ts";
import type { EdgeSnapshot, WorkerSnapshot } from "./messages.ts";

/** The edge's figures now, for `/metrics` and `status`. @param running tell of each request that workers have */
export function snapshot(
  figures: FamilySource,
  pools: ReadonlyMap<string, Pool>,
  connections: number,
  requests: number,
  running: boolean,
): EdgeSnapshot {
  const apps: Record<string, EdgeSnapshot["apps"][string]> = {};
  for (const [name, pool] of pools) {
    const workers: Record<number, WorkerSnapshot> = {};
    for (const [id, link] of pool.links) {
      const { requests, open, tally, inFlight } = link;
      const told = running ? { running: Array.from(inFlight.values(), runningOf) } : {};
      workers[id] = { requests, open, ...tally.figures, ...told };
    }
    apps[name] = { inFlight: pool.inFlight, queued: pool.queued, workers };
  }
  return { families: figures.families(), requests, connections, apps };
}

/** What is counted of the apps of these pools. */
export function poolFamilies(pools: ReadonlyMap<string, Pool>): MetricFamily[] {
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
    rejections(pools),
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
    family(
      "propylon_app_requests_overdue_total",
      "Requests answered 504 at their deadline.",
      "counter",
      (p) => p.overdue,
    ),
    family(
      "propylon_app_workers_overdue_total",
      "Workers killed since a request in them was past its hard deadline.",
      "counter",
      (p) => p.condemned,
    ),
    ...shareFamilies(pools),
  ];
}

/** Of the routes that have a part of an app of their own. */
function shareFamilies(pools: ReadonlyMap<string, Pool>): MetricFamily[] {
  const family = (
    name: string,
    help: string,
    type: "counter" | "gauge",
    value: (share: RouteShare) => number,
  ): MetricFamily => {
    const samples: MetricSample[] = [];
    for (const pool of pools.values())
      for (const share of pool.shares.values())
        samples.push({ name, labels: { app: pool.name, route: share.route }, value: value(share) });
    return { name, help, type, samples };
  };
  return [
    family("propylon_route_requests_running", "Requests of a route's share with the app.", "gauge", (s) => s.running),
    family("propylon_route_queue_length", "Requests that wait for their route's share.", "gauge", (s) => s.queued),
    family("propylon_route_requests_total", "Requests to a route with a share.", "counter", (s) => s.requests),
    family(
      "propylon_route_requests_rejected_total",
      "Requests answered 503 because their route's share and its queue were full.",
      "counter",
      (s) => s.rejected,
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

function rejections(pools: ReadonlyMap<string, Pool>): MetricFamily {
  const name = "propylon_app_requests_rejected_total";
  const samples: MetricSample[] = [];
  for (const { name: app, rejections: reasons } of pools.values())
    for (const [reason, value] of Object.entries(reasons)) samples.push({ name, labels: { app, reason }, value });
  return { name, help: "Requests answered 503 without reaching the app, by why.", type: "counter", samples };
}
