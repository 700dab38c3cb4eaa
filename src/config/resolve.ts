import { resolve as resolvePath } from "node:path";
import type { AccessLogConfig, AppConfig, Config, SiteConfig } from "./model.ts";
import { type ResolveContext, resolveApp } from "./resolve-app.ts";
import { resolveAdmin, resolveListeners } from "./resolve-listeners.ts";
import { resolveSite } from "./resolve-site.ts";
import type { Settings } from "./schema.ts";

/** Where the first visit works without privileges, and nobody else's does. */
export const DEFAULT_ADDRESS = "127.0.0.1:8000";

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
  const listeners = settings.listeners ?? [
    { address: DEFAULT_ADDRESS, mode: 0o660, unlink: true, owner: undefined, group: undefined },
  ];
  if (listeners.length === 0)
    context.problems.error(["listeners"], "an empty list listens nowhere", {
      remedy: `leave listeners out for ${DEFAULT_ADDRESS}`,
    });
  const apps: Record<string, AppConfig> = {};
  if (settings.profiles !== undefined)
    context.problems.error(["profiles"], "profiles stand at the top of the file only", { at: "key" });
  for (const [name, app] of Object.entries(settings.apps ?? {})) apps[name] = resolveApp(name, app, context);
  return {
    directory: context.directory,
    profile,
    listeners: resolveListeners(listeners, context),
    admin: resolveAdmin(settings.admin, context),
    user: settings.user ?? null,
    group: settings.group ?? null,
    apps,
    sites: resolveSites(settings, appNames, context),
    limits: {
      requestLine: limits.request_line,
      headerSize: limits.header_size,
      headerCount: limits.header_count,
      body: limits.body,
      spoolMemory: limits.spool_memory,
      spoolFile: limits.spool_file,
      connections: limits.connections,
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
    accessLog: resolveAccessLog(settings.access_log, context),
    log: settings.log,
  };
}

function resolveSites(
  settings: Settings,
  appNames: ReadonlySet<string>,
  context: ResolveContext,
): readonly SiteConfig[] {
  if (settings.sites !== undefined) {
    const hosts = new Map<string, string>();
    if (settings.sites.length === 0)
      context.problems.error(["sites"], "an empty list answers nothing", {
        remedy: "leave sites out when one app answers everything",
      });
    const sites = settings.sites.map((site, index) =>
      resolveSite(site, ["sites", index], { ...context, apps: appNames, hosts }),
    );
    warnOfUnused(sites, appNames, context);
    return sites;
  }
  const [only, ...others] = appNames;
  if (only === undefined) {
    context.problems.error([], "There is nothing to serve: neither apps nor sites", {
      remedy: "add an app, such as apps: {web: {wsgi: app:app}}",
    });
    return [];
  }
  if (others.length > 0) {
    const message = `there are ${appNames.size} apps (${[...appNames].join(", ")}) and no sites that say which one answers`;
    context.problems.error(["apps"], message, {
      at: "key",
      remedy: `add sites: [{routes: [{path: /${others[0]}, app: ${others[0]}}, {app: ${only}}]}]`,
    });
  }
  return [
    {
      hosts: ["_"],
      routes: [{ match: { kind: "any" }, methods: null, handler: { kind: "app", app: only, mount: "" } }],
    },
  ];
}

function warnOfUnused(sites: readonly SiteConfig[], appNames: ReadonlySet<string>, { problems }: ResolveContext): void {
  const routes = sites.flatMap((site) => site.routes);
  const used = new Set(routes.flatMap(({ handler }) => (handler.kind === "app" ? [handler.app] : [])));
  for (const name of appNames) {
    if (!used.has(name))
      problems.warn(["apps", name], "no route leads to this app", {
        at: "key",
        remedy: `add a route, such as {path: /${name}, app: ${name}}`,
      });
  }
}

function resolveAccessLog(settings: Settings["access_log"], { directory }: ResolveContext): AccessLogConfig | null {
  if (settings === undefined || settings === false) return null;
  return { path: settings.path === "-" ? "-" : resolvePath(directory, settings.path), format: settings.format };
}
