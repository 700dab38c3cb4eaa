import { resolve } from "node:path";
import { domainToASCII } from "node:url";
import { didYouMean } from "../base/did-you-mean.ts";
import { formatTcpAddress, parseAddress } from "./address.ts";
import type { HttpsRedirectSettings } from "./browser-schema.ts";
import { checkOrder } from "./check-order.ts";
import { capturesBeforeRoutes, capturesOfSite, routeNames } from "./collect-names.ts";
import type { LogTable } from "./log-model.ts";
import type { CacheStoreConfig, ListenerConfig } from "./model.ts";
import { checkPattern } from "./pattern-check.ts";
import type { LimitTable } from "./policy-model.ts";
import type { ResolveContext } from "./resolve-app.ts";
import { NO_OPTIONS, resolveOptions } from "./resolve-options.ts";
import { resolveRoute } from "./resolve-route.ts";
import { resolveRules } from "./resolve-rules.ts";
import { resolveTrust } from "./resolve-trust.ts";
import type { UpstreamTable } from "./resolve-upstreams.ts";
import type { RouteContext } from "./route-context.ts";
import type { RouteConfig, SiteConfig } from "./route-model.ts";
import type { RouteSettings } from "./route-schema.ts";
import type { SiteSettings } from "./site-schema.ts";
import type { Path } from "./sourced.ts";

/** A site resolves in the sight of the others, the apps, the upstreams and the listeners. */
export interface SiteContext extends ResolveContext {
  readonly apps: ReadonlySet<string>;
  readonly upstreams: UpstreamTable;
  /** What templates may name besides the request's own variables. */
  readonly names: ReadonlySet<string>;
  readonly listeners: readonly ListenerConfig[];
  readonly caches: Readonly<Record<string, CacheStoreConfig>>;
  readonly logs: LogTable;
  readonly limits: LimitTable;
  /** Addresses that some site names. */
  readonly namedListeners: ReadonlySet<string>;
  /** Host, or `default site` -> the sites before this one that have it: where, and on which listeners. */
  readonly claims: Map<string, Claim[]>;
}

export interface Claim {
  readonly listeners: readonly string[] | null;
  readonly place: string;
}

const DEFAULT_CLAIM = "default site";

/** The site that a configuration without sites has. */
export function siteOfApp(app: string): SiteConfig {
  const route: RouteConfig = {
    ...NO_OPTIONS,
    name: null,
    match: { kind: "any" },
    methods: null,
    conditions: [],
    internal: false,
    rules: [],
    handler: { kind: "app", app, mount: "", environ: {}, deadline: null, share: null },
    routes: [],
  };
  const hosts = ["_"];
  return {
    ...NO_OPTIONS,
    hosts,
    listeners: null,
    default: false,
    order: "written",
    trust: null,
    httpsRedirect: null,
    rules: [],
    routes: [route],
  };
}

export function resolveSite(settings: SiteSettings, at: Path, context: SiteContext): SiteConfig {
  const { problems } = context;
  const listeners = resolveSiteListeners(settings.listeners, [...at, "listeners"], context);
  const hosts = (settings.hosts ?? ["_"]).map((host, index) =>
    resolveHost(host, [...at, "hosts", index], listeners, context),
  );
  if (hosts.length === 0)
    problems.error([...at, "hosts"], "an empty list names no host", {
      remedy: "leave hosts out to answer for every host",
    });
  if (settings.default && !claim(DEFAULT_CLAIM, [...at, "default"], listeners, context))
    problems.error([...at, "default"], "another site is the default on the same listener", {
      remedy: `the first is at ${context.claims.get(DEFAULT_CLAIM)![0]!.place}`,
    });
  const names = routeNames(settings.routes);
  checkOrder(settings.routes, settings.order, [...at, "routes"], problems);
  checkNames(settings.routes, [...at, "routes"], new Map(), context);
  const scope: RouteContext = {
    ...context,
    order: settings.order,
    site: at,
    routeNames: new Set(names),
    siteCaptures: capturesOfSite(settings),
    captures: settings.order === "nginx" ? capturesOfSite(settings) : capturesBeforeRoutes(settings),
    options: NO_OPTIONS,
    own: null,
  };
  // A site's headers are written for all of its routes, after them.
  const options = resolveOptions(settings, at, NO_OPTIONS, { ...scope, captures: scope.siteCaptures });
  const inside: RouteContext = { ...scope, options };
  return {
    ...options,
    hosts,
    listeners,
    default: settings.default,
    order: settings.order,
    httpsRedirect: resolveHttpsRedirect(settings.redirect_to_https),
    trust:
      settings.trusted_proxies === undefined
        ? null
        : resolveTrust(settings.trusted_proxies, [...at, "trusted_proxies"], context),
    rules: resolveRules(settings.rules, [...at, "rules"], inside, null),
    routes: settings.routes.flatMap((route, index) => resolveRoute(route, [...at, "routes", index], inside) ?? []),
  };
}

function resolveHttpsRedirect(settings: HttpsRedirectSettings | undefined): SiteConfig["httpsRedirect"] {
  if (settings === undefined || settings === false) return null;
  return settings === true ? { status: 308, port: 443 } : settings;
}

/** A listener's address as the model has it: `:80` is `*:80`, a Unix socket's path is absolute. */
export function listenerAddress(written: string, directory: string): string {
  const parsed = parseAddress(written);
  if (parsed.kind === "unix") return `unix:${resolve(directory, parsed.path)}`;
  return parsed.kind === "tcp" ? formatTcpAddress(parsed.host, parsed.port) : written;
}

/**
 * The listeners that a site is bound to. Where a profile, the environment or a flag replaced the listeners of the file, sites that
 * were all bound to one are bound to the one that took its place.
 */
function resolveSiteListeners(
  written: SiteSettings["listeners"],
  at: Path,
  { directory, listeners, namedListeners, problems }: SiteContext,
): readonly string[] | null {
  if (written === undefined) return null;
  if (written.length === 0)
    problems.error(at, "an empty list answers nowhere", { remedy: "leave listeners out to answer on all of them" });
  const known = new Set(listeners.map(({ address }) => address));
  const wanted = written.map((address) => listenerAddress(address, directory));
  if (wanted.every((address) => known.has(address))) return wanted;
  const replaced = [["listeners"], ["listeners", 0], ["listeners", 0, "address"]].some(
    (path) => problems.layerOf(path) !== problems.layerOf(at),
  );
  if (replaced && known.size === 1 && namedListeners.size === 1) return [...known];
  const shown = [...known].join(", ");
  for (const [index, address] of wanted.entries()) {
    if (known.has(address)) continue;
    const remedy = replaced
      ? `${problems.placeOf(["listeners"])} replaces the listeners by ${shown}; name those that the sites name, or leave the site's listeners out`
      : (didYouMean(address, known) ?? `the listeners are ${shown}`);
    problems.error([...at, index], `there is no listener ${address}`, { remedy, with: [["listeners"]] });
  }
  return wanted;
}

function resolveHost(written: string, at: Path, listeners: readonly string[] | null, context: SiteContext): string {
  const { problems } = context;
  const host = written.startsWith("~")
    ? `~${checkPattern(written.slice(1), at, "host", problems)}`
    : plainHost(written, at, context);
  if (!claim(host, at, listeners, context))
    problems.error(at, `the host "${host}" is named twice`, {
      remedy: `the first is at ${context.claims.get(host)![0]!.place}`,
    });
  return host;
}

function plainHost(written: string, at: Path, { problems }: SiteContext): string {
  const lower = written.toLowerCase();
  const wildcard = /^\*?\./.exec(lower)?.[0] ?? "";
  const name = lower.slice(wildcard.length).replace(/\.$/, "");
  const ascii = name === "_" || name.startsWith("[") ? name : domainToASCII(name);
  if (ascii === "") problems.error(at, `"${written}" is not a host name`);
  return wildcard + ascii;
}

/** Notes that a site has a host; false where another has it on the same listener. */
function claim(
  name: string,
  at: Path,
  listeners: readonly string[] | null,
  { claims, problems }: SiteContext,
): boolean {
  const before = claims.get(name) ?? [];
  const clash = before.some(
    (other) => other.listeners === null || listeners === null || other.listeners.some((one) => listeners.includes(one)),
  );
  claims.set(name, [...before, { listeners, place: problems.placeOf(at) }]);
  return !clash;
}

/** A name leads to one route. */
function checkNames(routes: readonly RouteSettings[], at: Path, seen: Map<string, string>, context: SiteContext): void {
  for (const [index, route] of routes.entries()) {
    const here = [...at, index];
    for (const name of routeNames([{ ...route, routes: undefined }])) {
      const first = seen.get(name);
      if (first === undefined) seen.set(name, context.problems.placeOf([...here, "name"]));
      else
        context.problems.error([...here, "name"], `the name "${name}" is given twice`, {
          remedy: `the first is at ${first}`,
        });
    }
    checkNames(route.routes ?? [], [...here, "routes"], seen, context);
  }
}
