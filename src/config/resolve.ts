import { resolve as resolvePath } from "node:path";
import { checkRange } from "./check-range.ts";
import { templateNames } from "./collect-names.ts";
import type { AppConfig, Config, RequestIdConfig } from "./model.ts";
import { type ResolveContext, resolveApp } from "./resolve-app.ts";
import { resolveCaches } from "./resolve-cache.ts";
import { resolveAdmin, resolveListeners } from "./resolve-listeners.ts";
import { resolveAccessLogs, resolveLogFormats, resolveOwnLog } from "./resolve-logs.ts";
import { resolveLimits } from "./resolve-policy.ts";
import { resolveAfter, resolvePrograms } from "./resolve-program.ts";
import { resolveSites } from "./resolve-sites.ts";
import { resolveUwsgiStats } from "./resolve-statistics.ts";
import { checkHosts, resolveTrust } from "./resolve-trust.ts";
import { resolveUpstreams } from "./resolve-upstreams.ts";
import { resolveVariables } from "./resolve-variables.ts";
import type { Settings } from "./schema.ts";

/** Where the first visit works without privileges, and nobody else's does. */
export const DEFAULT_ADDRESS = "127.0.0.1:8000";

const DEFAULT_LISTENER = {
  address: DEFAULT_ADDRESS,
  protocol: "http",
  http2: true,
  public: false,
  mode: 0o660,
  unlink: true,
} as const;

/**
 * Turns settings that the schema has taken into the effective configuration: paths absolute, defaults that depend on
 * others filled in. Adds what contradicts itself or is missing on disk to the context's problems.
 *
 * @param appNames every app that is written, also those that the schema refused
 */
export function resolveSettings(
  settings: Settings,
  profile: string,
  appNames: ReadonlySet<string>,
  context: ResolveContext,
): Config {
  const { limits, timeouts } = settings;
  // Programs alone need no listener.
  const serves = appNames.size > 0 || settings.sites !== undefined || Object.keys(settings.programs ?? {}).length === 0;
  const trustedProxies = resolveTrust(settings.trusted_proxies, ["trusted_proxies"], context);
  const listeners = resolveListeners(
    settings.listeners ?? (serves ? [DEFAULT_LISTENER] : []),
    settings.sites,
    trustedProxies.ranges,
    context,
  );
  if (settings.listeners?.length === 0 && serves)
    context.problems.error(["listeners"], "an empty list listens nowhere", {
      remedy: `leave listeners out for ${DEFAULT_ADDRESS}`,
    });
  const apps: Record<string, AppConfig> = {};
  if (settings.profiles !== undefined)
    context.problems.error(["profiles"], "profiles stand at the top of the file only", { at: "key" });
  const programs = resolvePrograms(settings.programs ?? {}, appNames, context);
  for (const [name, app] of Object.entries(settings.apps ?? {}))
    apps[name] = {
      ...resolveApp(name, app, context),
      after: resolveAfter(["apps", name], app.after, settings.programs ?? {}, context),
    };
  const names = templateNames(settings);
  const upstreams = resolveUpstreams(settings.upstreams ?? {}, { ...context, names, captures: 0 });
  const caches = resolveCaches(settings.caches);
  const scope = { ...context, names, captures: 0 };
  const logs = resolveLogFormats(settings.log_formats ?? {}, scope);
  const log = resolveOwnLog(settings.log, logs, context);
  const accessLog = resolveAccessLogs(settings.access_log, ["access_log"], logs, scope);
  const policyLimits = resolveLimits(settings, scope);
  const sites = resolveSites(settings, {
    ...context,
    apps: appNames,
    upstreams,
    names,
    listeners,
    caches,
    logs,
    limits: policyLimits,
  });
  checkHosts(trustedProxies, sites, context);
  return {
    directory: context.directory,
    profile,
    listeners,
    admin: resolveAdmin(settings.admin, context),
    adminToken: settings.admin_token === undefined ? null : resolvePath(context.directory, settings.admin_token),
    adminMetrics: settings.admin_metrics,
    uwsgiStats: resolveUwsgiStats(settings.uwsgi_stats, context),
    user: settings.user ?? null,
    group: settings.group ?? null,
    apps,
    programs,
    variables: resolveVariables(settings.variables ?? {}, { ...context, names }),
    upstreams: Object.fromEntries(upstreams.configs),
    sites,
    ...policyLimits,
    trustedProxies,
    unknownHosts: settings.unknown_hosts,
    limits: {
      requestLine: limits.request_line,
      headerSize: limits.header_size,
      headerCount: limits.header_count,
      body: limits.body,
      spoolMemory: limits.spool_memory,
      spoolFile: limits.spool_file,
      connections: limits.connections,
      connectionsPerClient: limits.connections_per_client,
      requests: limits.requests_per_connection,
      http2: limits.http2,
    },
    timeouts: {
      head: timeouts.head,
      body: timeouts.body,
      idle: timeouts.idle,
      write: timeouts.write,
      drain: timeouts.drain,
      minimumRate: timeouts.minimum_rate,
      rateGrace: timeouts.rate_grace,
    },
    static: { cacheSize: settings.static.cache_size, cacheFile: settings.static.cache_file },
    caches,
    accessLog,
    log,
    requestId: resolveRequestId(settings.request_id, context),
  };
}

function resolveRequestId(settings: Settings["request_id"], context: ResolveContext): RequestIdConfig | null {
  if (settings === undefined) return null;
  for (const range of settings.trust) checkRange(range, ["request_id", "trust"], context);
  return settings;
}
