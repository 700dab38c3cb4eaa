import type { z } from "zod";
import { didYouMean } from "../base/did-you-mean.ts";
import { type CacheSettings, type cacheSchema, plainCache } from "./cache-schema.ts";
import type { ConditionConfig } from "./condition-model.ts";
import type { ConditionSettings } from "./condition-schema.ts";
import type { CacheStoreConfig } from "./model.ts";
import { resolveCondition } from "./resolve-conditions.ts";
import type { RouteContext } from "./route-context.ts";
import type { CacheConfig } from "./route-model.ts";
import type { Settings } from "./schema.ts";
import type { Path } from "./sourced.ts";
import { checkTemplate } from "./template-check.ts";

/** The store of routes that name none; there without being written. */
const DEFAULT_STORE = "default";
const DEFAULT_SIZE = 64 * 1024 * 1024;

/** The stores of a configuration, the default one always among them. */
export function resolveCaches(settings: Settings["caches"]): Readonly<Record<string, CacheStoreConfig>> {
  return { [DEFAULT_STORE]: { size: DEFAULT_SIZE }, ...settings };
}

/** How answers are kept; null: they are not. Adds a problem for a store that is not there. */
export function resolveCache(
  written: z.output<typeof cacheSchema>,
  at: Path,
  context: RouteContext,
): CacheConfig | null {
  if (written === false) return null;
  const settings: CacheSettings = written === true ? plainCache() : written;
  const { caches, problems } = context;
  const size = caches[settings.store]?.size;
  if (size === undefined)
    problems.error([...at, "store"], `there is no store ${settings.store}`, {
      remedy: didYouMean(settings.store, Object.keys(caches)) ?? `add caches: {${settings.store}: {size: 64MB}}`,
    });
  else if (settings.max_entry > size)
    problems.error([...at, "max_entry"], "one answer may be larger than the whole store", {
      remedy: `make the store ${settings.store} larger, or max_entry smaller`,
      with: [["caches", settings.store, "size"]],
    });
  return {
    store: settings.store,
    key: settings.key === undefined ? null : checkTemplate(settings.key, [...at, "key"], context),
    methods: settings.methods,
    ttl: resolveTtl(settings.ttl ?? {}, [...at, "ttl"], context),
    heuristics: settings.heuristics,
    staleWhileRevalidate: settings.stale_while_revalidate,
    staleIfError: settings.stale_if_error,
    ignore: settings.ignore,
    accelExpires: settings.accel_expires,
    minUses: settings.min_uses,
    maxEntry: settings.max_entry,
    wait: settings.wait,
    revalidate: settings.revalidate,
    requestDirectives: settings.request_directives,
    status: settings.status,
    bypass: resolveConditions(settings.bypass, [...at, "bypass"], context),
    refresh: resolveConditions(settings.refresh, [...at, "refresh"], context),
    noStore: resolveConditions(settings.no_store, [...at, "no_store"], context),
  };
}

// --- internal ---

function resolveTtl(
  written: Readonly<Record<string, number>>,
  at: Path,
  { problems }: RouteContext,
): Readonly<Record<string, number>> {
  const times: Record<string, number> = {};
  for (const [key, time] of Object.entries(written)) {
    for (const status of key.split(/\s+/)) {
      if (times[status] !== undefined)
        problems.error([...at, key], `the status ${status} is given twice`, { at: "key", remedy: "give it one time" });
      times[status] = time;
    }
  }
  return times;
}

/** One condition may stand there without a list around it. */
function resolveConditions(
  written: readonly ConditionSettings[] | undefined,
  at: Path,
  context: RouteContext,
): readonly ConditionConfig[] {
  const isList = context.problems.isList(at);
  return (written ?? []).flatMap(
    (condition, index) => resolveCondition(condition, isList ? [...at, index] : at, context) ?? [],
  );
}
