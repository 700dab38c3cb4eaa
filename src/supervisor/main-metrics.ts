import type { MetricFamily, MetricSample } from "../metrics/family.ts";
import type { AppPool } from "./app-pool.ts";
import { residentMemory } from "./pool-status.ts";

export interface MainFigures {
  readonly version: string;
  readonly since: Date;
  readonly pools: Iterable<AppPool>;
  /** Name and pid of each of our own living processes: `main`, `edge 0`. */
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
  readonly edgeRestarts: number;
  /** Age of the edge's figures in seconds; null: there are none. */
  readonly edgeAge: number | null;
  /** Reports by app and kind. */
  readonly reports: readonly { readonly app: string; readonly kind: string; readonly count: number }[];
}

/** What main counts itself; the edge's families come beside these. */
export function mainFamilies(figures: MainFigures): MetricFamily[] {
  const { version, since, processes, edgeRestarts, edgeAge } = figures;
  const pools = [...figures.pools];
  const family = (
    type: "counter" | "gauge",
    name: string,
    help: string,
    values: Iterable<readonly [labels: Readonly<Record<string, string>>, value: number]>,
  ): MetricFamily => {
    const samples: MetricSample[] = Array.from(values, ([labels, value]) => ({ name, labels, value }));
    return { name, help, type, samples };
  };
  return [
    family("gauge", "propylon_build_info", "Version of propylon and of Node.", [
      [{ version, node: process.versions.node }, 1],
    ]),
    family("gauge", "propylon_start_time_seconds", "When main started, seconds since 1970.", [
      [{}, since.getTime() / 1000],
    ]),
    family(
      "gauge",
      "propylon_process_resident_memory_bytes",
      "Resident memory of a process.",
      processes.flatMap(({ name, pid }) => {
        const memory = residentMemory(pid);
        return memory === null ? [] : [[{ process: name }, memory] as const];
      }),
    ),
    family(
      "gauge",
      "propylon_edge_report_age_seconds",
      "Age of the edge's figures; more than a moment when it is busy or stuck.",
      edgeAge === null ? [] : [[{}, edgeAge]],
    ),
    family(
      "gauge",
      "propylon_workers",
      "Workers of an app by state.",
      pools.flatMap((pool) => [...pool.states()].map(([state, count]) => [{ app: pool.name, state }, count] as const)),
    ),
    family(
      "gauge",
      "propylon_app_ready",
      "1 when an app has a ready worker.",
      pools.map((pool) => [{ app: pool.name }, pool.hasReady() ? 1 : 0] as const),
    ),
    family(
      "counter",
      "propylon_worker_restarts_total",
      "Workers that ended without being asked, by why.",
      pools.flatMap((pool) =>
        [...pool.restarts].map(([reason, count]) => [{ app: pool.name, reason }, count] as const),
      ),
    ),
    family(
      "counter",
      "propylon_worker_recycled_total",
      "Workers that were replaced because they had reached a limit of `recycle`, by which.",
      pools.flatMap((pool) =>
        [...pool.recycled].map(([reason, count]) => [{ app: pool.name, reason }, count] as const),
      ),
    ),
    family(
      "counter",
      "propylon_worker_reports_total",
      "Workers that were killed, crashed or timed out, by why: `propylon reports` tells of them.",
      figures.reports.map(({ app, kind, count }) => [{ app, reason: kind }, count] as const),
    ),
    family("counter", "propylon_edge_restarts_total", "Edges that ended without being asked.", [[{}, edgeRestarts]]),
  ];
}
