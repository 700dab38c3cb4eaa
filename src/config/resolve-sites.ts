import type { LogTable } from "./log-model.ts";
import type { CacheStoreConfig, ListenerConfig } from "./model.ts";
import type { LimitTable } from "./policy-model.ts";
import type { ResolveContext } from "./resolve-app.ts";
import { type Claim, listenerAddress, resolveSite, siteOfApp } from "./resolve-site.ts";
import type { UpstreamTable } from "./resolve-upstreams.ts";
import type { SiteConfig } from "./route-model.ts";
import type { Settings } from "./schema.ts";
import { handlersOf, usedApps } from "./used-apps.ts";

/** What sites lead to and stand on. */
export interface SitesContext extends ResolveContext {
  readonly apps: ReadonlySet<string>;
  readonly upstreams: UpstreamTable;
  readonly names: ReadonlySet<string>;
  readonly listeners: readonly ListenerConfig[];
  readonly caches: Readonly<Record<string, CacheStoreConfig>>;
  readonly logs: LogTable;
  readonly limits: LimitTable;
}

/** The sites that are written, or the one of the only app. */
export function resolveSites(settings: Settings, context: SitesContext): readonly SiteConfig[] {
  const { problems } = context;
  if (settings.sites === undefined) return siteOfOnlyApp(settings, context);
  if (settings.sites.length === 0)
    problems.error(["sites"], "an empty list answers nothing", {
      remedy: "leave sites out when one app answers everything",
    });
  const namedListeners = new Set(
    settings.sites.flatMap(({ listeners }) => (listeners ?? []).map((one) => listenerAddress(one, context.directory))),
  );
  const inside = { ...context, namedListeners, claims: new Map<string, Claim[]>() };
  const sites = settings.sites.map((site, index) => resolveSite(site, ["sites", index], inside));
  warnOfUnusedApps(sites, context);
  warnOfUnusedUpstreams(settings, sites, context);
  return sites;
}

function siteOfOnlyApp(settings: Settings, { apps, problems }: SitesContext): readonly SiteConfig[] {
  const [only, ...others] = apps;
  if (only === undefined) {
    if (settings.programs === undefined)
      problems.error([], "There is nothing to serve: neither apps nor sites", {
        remedy: "add an app, such as apps: {web: {wsgi: app:app}}",
      });
    return [];
  }
  if (others.length > 0) {
    const message = `there are ${apps.size} apps (${[...apps].join(", ")}) and no sites that say which one answers`;
    problems.error(["apps"], message, {
      at: "key",
      remedy: `add sites: [{routes: [{path: /${others[0]}, app: ${others[0]}}, {app: ${only}}]}]`,
    });
  }
  return [siteOfApp(only)];
}

function warnOfUnusedApps(sites: readonly SiteConfig[], { apps, problems }: SitesContext): void {
  const used = usedApps(sites);
  for (const name of apps) {
    if (!used.has(name))
      problems.warn(["apps", name], "no route leads to this app", {
        at: "key",
        remedy: `add a route, such as {path: /${name}, app: ${name}}`,
      });
  }
}

/** Where a proxy's address has variables in it, any upstream may be meant. */
function warnOfUnusedUpstreams(
  settings: Settings,
  sites: readonly SiteConfig[],
  { upstreams, problems }: SitesContext,
): void {
  if (sites.flatMap(handlersOf).some((handler) => handler.kind === "proxy" && handler.target !== null)) return;
  for (const name of Object.keys(settings.upstreams ?? {})) {
    if (!upstreams.used.has(name))
      problems.warn(["upstreams", name], "no route leads to this upstream", {
        at: "key",
        remedy: `add a route, such as {path: /${name}/, proxy: ${name}}`,
      });
  }
}
