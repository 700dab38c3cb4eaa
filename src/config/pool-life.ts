import { dirname, resolve } from "node:path";
import type { AppSettings } from "./app-schema.ts";
import type { Disk } from "./disk.ts";
import type { poolLife } from "./pool-life-schema.ts";
import type { Problems } from "./problems.ts";
import type { Path } from "./sourced.ts";

/** A limit of age below this would replace workers without end, ms. */
const LEAST_AGE = 1000;

/** How the workers of an app begin, are replaced, and end. Milliseconds, bytes, counts; null: no limit. */
export interface PoolLifeConfig {
  /** The app is imported once, in a forerunner, and workers are forked from it. */
  readonly preload: boolean;
  readonly recycle: RecycleConfig;
  /** What a new worker has to answer before it is given requests of clients; null: nothing. */
  readonly ready: {
    readonly path: string;
    readonly host: string;
    readonly status: number;
    readonly timeout: number;
  } | null;
  readonly reloadMode: "all-at-once" | "one-by-one";
  /** Absolute paths that reload the app when they are touched. */
  readonly touchReload: readonly string[];
  /** Longest stay of a replaced worker for the processes that it has started, ms. */
  readonly childrenTimeout: number;
}

/** When a worker is replaced. */
export interface RecycleConfig {
  readonly requests: number | null;
  /** ms */
  readonly age: number | null;
  /** Resident memory, bytes. */
  readonly memory: number | null;
  /** Largest share taken off each limit, 0 to 1. */
  readonly jitter: number;
}

/** Paths are seen from `directory`; what can't be is added to the problems of the app at `at`. */
export function resolvePoolLife(
  at: Path,
  settings: Pick<AppSettings, keyof typeof poolLife>,
  { directory, disk, problems }: { readonly directory: string; readonly disk: Disk; readonly problems: Problems },
): PoolLifeConfig {
  const { recycle } = settings;
  const touchReload = (settings.touch_reload ?? []).map((file) => resolve(directory, file));
  for (const [index, file] of touchReload.entries()) {
    if (!disk.isDirectory(dirname(file)))
      problems.warn([...at, "touch_reload", index], `there is no folder ${dirname(file)} to watch, yet`);
  }
  if (recycle?.age !== undefined && recycle.age < LEAST_AGE)
    problems.error([...at, "recycle", "age"], "workers can't be replaced more often than each second");
  return {
    preload: settings.preload,
    recycle: {
      requests: recycle?.requests ?? null,
      age: recycle?.age ?? null,
      memory: recycle?.memory ?? null,
      jitter: (recycle?.jitter ?? 0) / 100,
    },
    ready: settings.ready ?? null,
    reloadMode: settings.reload_mode,
    touchReload,
    childrenTimeout: settings.children_timeout,
  };
}
