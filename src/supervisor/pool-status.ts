import { readFileSync } from "node:fs";
import type { AppConfig } from "../config/model.ts";
import type { AppStatus, ProcessStatus } from "../control/operations.ts";
import type { WorkerReport } from "../control/report.ts";
import type { Keeper, RunEnd } from "../process/keeper.ts";
import type { WorkerRun } from "./worker-run.ts";

let pageSize = 0;

/** Resident set size of a process in bytes, or null where it can't be read. */
export function residentMemory(pid: number | null): number | null {
  return memoryOf(pid)?.resident ?? null;
}

/** What a process has of memory and of address space, in bytes; null where it can't be read. */
export function memoryOf(pid: number | null): { readonly resident: number; readonly virtual: number } | null {
  const pages = pid === null ? null : pagesOf(pid);
  if (pages === null) return null;
  pageSize ||= findPageSize();
  return { resident: pages.resident * pageSize, virtual: pages.virtual * pageSize };
}

// Node tells bytes, the kernel tells pages: of ourselves both are known (4, 16 or 64 KiB, by machine).
function findPageSize(): number {
  const ratio = process.memoryUsage.rss() / (pagesOf(process.pid)?.resident ?? 1);
  return [4096, 16_384, 65_536].find((size) => ratio < size * 2) ?? 4096;
}

function pagesOf(pid: number): { readonly resident: number; readonly virtual: number } | null {
  try {
    const [virtual, resident] = readFileSync(`/proc/${pid}/statm`, "latin1").split(" ");
    return resident === undefined ? null : { resident: Number(resident), virtual: Number(virtual) };
  } catch {
    return null; // it has just ended, or there is no /proc
  }
}

export interface AppFigures {
  readonly app: AppConfig;
  readonly python: string;
  readonly keepers: readonly Keeper<WorkerRun>[];
  readonly stopped: boolean;
  readonly starting: boolean;
  readonly failure: RunEnd | null;
  readonly inFlight: number;
  readonly queued: number;
  /** Why workers that should be replaced are not, or null. */
  readonly problem: string | null;
  readonly reports: readonly WorkerReport[];
}

export function appStatus(figures: AppFigures): AppStatus {
  const { app, python, keepers, inFlight, queued } = figures;
  const end = figures.failure ?? keepers.find((keeper) => keeper.lastEnd !== null)?.lastEnd ?? null;
  const kind = keepers.map((keeper) => keeper.run?.interface ?? null).find((found) => found !== null) ?? null;
  return {
    name: app.name,
    state: appState(figures),
    reason: end?.reason ?? figures.problem,
    traceback: end?.traceback ?? null,
    workers: app.workers,
    lanes: kind?.kind === "asgi" ? app.concurrency : app.threads,
    interface: kind,
    inFlight,
    queued,
    python,
    reports: figures.reports.map(({ id, time, worker, kind, reason, requests }) => ({
      id,
      time,
      worker,
      kind,
      reason,
      requests: requests?.length ?? null,
    })),
  };
}

/** A kept process as it is shown; `note`: what is to be said of it while it runs. */
type ShownKeeper = Pick<Keeper<never>, "state" | "since" | "restarts" | "lastEnd"> & {
  readonly run: { readonly name: string; readonly pid: number | null; readonly note?: string | null } | null;
};

/** @param name while it has no process */
export function workerStatus(
  name: string,
  keeper: ShownKeeper,
  figures: { readonly requests: number } | undefined,
): ProcessStatus {
  const { run, state, since, restarts, lastEnd } = keeper;
  return {
    name: run?.name ?? name,
    pid: run?.pid ?? 0,
    state,
    since: since.toISOString(),
    memory: residentMemory(run?.pid ?? null),
    requests: figures?.requests ?? null,
    restarts,
    reason: lastEnd?.reason ?? run?.note ?? null,
  };
}

/** What the edge tells about an app that can't run: the traceback too where the app's settings allow it in the browser. */
export function brokenReason(app: AppConfig, end: RunEnd): string {
  const remedy = end.remedy === null ? "" : `\n${end.remedy}`;
  return app.tracebacks && end.traceback !== null ? `${end.reason}${remedy}\n\n${end.traceback}` : end.reason;
}

function appState({ keepers, stopped, starting, failure }: AppFigures): string {
  if (stopped) return "stopped";
  if (starting) return "starting";
  if (keepers.length === 0) return failure === null ? "starting" : "failed";
  const count = (state: string): number => keepers.filter((keeper) => keeper.state === state).length;
  if (count("running") === keepers.length) return "running";
  if (count("running") > 0) return "degraded";
  return count("failed") > 0 ? "failed" : "starting";
}
