import { readFileSync } from "node:fs";
import type { AppConfig, Config, ListenerConfig } from "../config/model.ts";
import { handlersOf } from "../config/used-apps.ts";
import type { WorkerSnapshot } from "../edge/messages.ts";
import type { Assembly } from "./assembly.ts";
import { memoryOf } from "./pool-status.ts";
import { waitingConnections } from "./ports-in-use.ts";
import type { SeatFigures } from "./worker-seats.ts";

/**
 * All that uWSGI 2.0's stats server tells, from our own figures; docs/import-uwsgi.md says which there are none of. A `worker` is one of
 * an app's workers, a `core` one of its lanes.
 */
export async function uwsgiStats(assembly: Assembly): Promise<object> {
  const { edge, pools, seats, workers, config } = assembly;
  await Promise.all([edge.figures(PATIENCE, true), workers.ask(PATIENCE)]);
  const { latest } = edge;
  const told: object[] = [];
  for (const [index, pool] of [...pools.values()].entries()) {
    const app = config.apps[pool.name];
    if (app === undefined) continue; // a reload is about to bring it
    const figures = seats.figures(app.name, app.workers, pool.workers(), latest);
    for (let seat = 0; seat < app.workers; seat++)
      told.push(worker(told.length + 1, index, app, config, figures[seat] ?? EMPTY));
  }
  const queued = Object.values(latest?.apps ?? {}).reduce((sum, app) => sum + app.queued, 0);
  return {
    version: "2.0.21-propylon",
    listen_queue: queued,
    listen_queue_errors: refused(assembly),
    signal_queue: 0,
    load: queued,
    pid: process.pid,
    uid: process.getuid!(),
    gid: process.getgid!(),
    cwd: config.directory,
    locks: [{ "user 0": 0 }],
    sockets: config.listeners.map((listener) => socket(listener, assembly)),
    workers: told,
  };
}

// --- internal ---

/** Longest wait for an edge or a worker that is stuck, ms: then its last figures are told. */
const PATIENCE = 100;
/** Node's backlog, unless the system's largest is less. */
const BACKLOG = 511;
const EMPTY: SeatFigures = {
  all: { lanes: [], ran: 0, sent: 0, exceptions: 0 },
  now: null,
  spawned: 0,
  overdue: 0,
};

function worker(id: number, index: number, app: AppConfig, config: Config, seat: SeatFigures): object {
  const { all, now, spawned, overdue } = seat;
  const memory = memoryOf(now?.run.pid ?? null);
  const cores = coresOf(app, seat);
  const requests = total(all.lanes);
  return {
    id,
    pid: now?.run.pid ?? 0,
    accepting: now === null ? 0 : 1,
    requests,
    delta_requests: total(now?.sums.lanes ?? []),
    exceptions: all.exceptions,
    harakiri_count: overdue,
    signals: 0,
    signal_queue: 0,
    status: now === null ? "cheap" : cores.some((core) => core.in_request === 1) ? "busy" : "idle",
    rss: memory?.resident ?? 0,
    vsz: memory?.virtual ?? 0,
    running_time: Math.round(all.ran),
    last_spawn: now === null ? 0 : Math.floor(now.since.getTime() / 1000),
    respawn_count: spawned,
    tx: all.sent,
    avg_rt: Math.round(now?.edge?.mean ?? 0),
    apps: [
      {
        id: index,
        modifier1: 0,
        mountpoint: mountOf(app.name, config),
        startup_time: Math.round((now?.run.loaded ?? 0) / 1000),
        requests,
        exceptions: all.exceptions,
        chdir: app.directory,
      },
    ],
    cores,
  };
}

interface Core {
  readonly in_request: 0 | 1;
}

/** An event loop has one lane, which runs whatever it was given. */
function coresOf({ threads }: AppConfig, { all, now }: SeatFigures): readonly Core[] {
  const loop = now?.run.interface?.kind === "asgi";
  const count = loop ? 1 : Math.max(threads, all.lanes.length);
  return Array.from({ length: count }, (_, id) => {
    const lane = now?.lanes[id];
    const stream = loop ? now.edge?.running?.[0]?.stream : lane?.stream || undefined;
    return {
      id,
      requests: all.lanes[id] ?? 0,
      static_requests: 0,
      routed_requests: 0,
      offloaded_requests: 0,
      write_errors: 0,
      read_errors: 0,
      in_request: stream === undefined ? 0 : 1,
      vars: stream === undefined ? [] : variables(now?.edge ?? null, stream),
      req_info: stream === undefined || lane === undefined ? {} : { request_start: wallTime(lane.began) },
    };
  });
}

/** What a request that runs is, by the variables that its environ has; none where the edge has answered it already. */
function variables(edge: WorkerSnapshot | null, stream: number): readonly string[] {
  const request = edge?.running?.find((each) => each.stream === stream);
  if (request === undefined) return [];
  const { method, target, protocol, host, client } = request;
  const [path = "", ...query] = target.split("?");
  return [
    `REQUEST_METHOD=${method}`,
    `REQUEST_URI=${target}`,
    `PATH_INFO=${path}`,
    `QUERY_STRING=${query.join("?")}`,
    `SERVER_PROTOCOL=${protocol}`,
    `REMOTE_ADDR=${client}`,
    `HTTP_HOST=${host}`,
  ];
}

/** Seconds since 1970, of one of CLOCK_MONOTONIC. */
function wallTime(monotonic: number): number {
  return Math.floor(Date.now() / 1000 - (Number(process.hrtime.bigint()) / 1e9 - monotonic));
}

function socket({ address, host, path, protocol }: ListenerConfig, { listeners }: Assembly): object {
  const port = listeners.get(address)?.port ?? 0;
  return {
    name: path ?? `${host === "*" ? "0.0.0.0" : host}:${port}`,
    proto: protocol,
    queue: path === null ? waitingConnections(port) : 0,
    max_queue: Math.min(BACKLOG, mostWaiting()),
    shared: 0,
    can_offload: 0,
  };
}

/** Requests that were turned away since the queue was full, or took too long. */
function refused({ edge }: Assembly): number {
  const family = edge.families().find(({ name }) => name === "propylon_app_requests_rejected_total");
  return (family?.samples ?? []).reduce(
    (sum, { labels, value }) => (labels["reason"] === "unavailable" ? sum : sum + value),
    0,
  );
}

function mountOf(app: string, { sites }: Config): string {
  const handler = sites.flatMap(handlersOf).find((found) => found.kind === "app" && found.app === app);
  return handler?.kind === "app" ? handler.mount : "";
}

function mostWaiting(): number {
  try {
    return Number(readFileSync("/proc/sys/net/core/somaxconn", "latin1"));
  } catch {
    return BACKLOG; // no /proc
  }
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
