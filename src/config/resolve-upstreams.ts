import type { ProxyProtocol, TargetConfig, UpstreamConfig } from "./proxy-model.ts";
import { defaultPort, PROTOCOLS, parseProxyUrl, type Server } from "./proxy-url.ts";
import type { ResolveContext } from "./resolve-app.ts";
import { resolverOf } from "./resolver-schema.ts";
import type { Path } from "./sourced.ts";
import { checkTemplate, type TemplateScope } from "./template-check.ts";
import type { TargetSettings, UpstreamSettings } from "./upstream-schema.ts";

/** The upstreams of a configuration: those with a name, and those that a route's URL stands for. */
export interface UpstreamTable {
  readonly configs: Map<string, UpstreamConfig>;
  /** What targets of a named upstream speak, where it says so. */
  readonly protocols: ReadonlyMap<string, ProxyProtocol>;
  /** Named upstreams that some route leads to. */
  readonly used: Set<string>;
}

type Context = ResolveContext & TemplateScope;

/** Requests that wait for one of the few connections that a uWSGI keeps open. */
const KEPT_QUEUE = 1000;
const KEPT = { keepalive: 32, keepaliveTimeout: 60_000, keepaliveRequests: 0, keepaliveTime: 0 } as const;

export function resolveUpstreams(
  settings: Readonly<Record<string, UpstreamSettings>>,
  context: Context,
): UpstreamTable {
  const configs = new Map<string, UpstreamConfig>();
  const protocols = new Map<string, ProxyProtocol>();
  for (const [name, upstream] of Object.entries(settings)) {
    const at = ["upstreams", name];
    const protocol = protocolOf(upstream.targets, at, context);
    if (protocol !== null) protocols.set(name, protocol);
    configs.set(name, resolveUpstream(name, upstream, protocol ?? "http", at, context));
  }
  return { configs, protocols, used: new Set() };
}

/** The upstream of a server that is written at a route: the same for the same address. Returns its name. */
export function upstreamFor(
  protocol: ProxyProtocol,
  server: Server & { readonly port: number },
  table: UpstreamTable,
): string {
  const host = server.host.includes(":") ? `[${server.host}]` : server.host.toLowerCase();
  const name = `${protocol}://${server.path === null ? `${host}:${server.port}` : `unix:${server.path}`}`;
  if (!table.configs.has(name)) {
    const target: TargetConfig = {
      ...server,
      weight: 1,
      maxConnections: 0,
      maxFails: 1,
      failTimeout: 10_000,
      backup: false,
      down: false,
    };
    table.configs.set(name, {
      name,
      targets: [target],
      balance: "round-robin",
      key: "",
      consistent: true,
      resolver: null,
      ...KEPT,
      queueSize: 0,
      queueTimeout: 10_000,
      slowStart: 0,
      health: null,
    });
  }
  return name;
}

/** One scheme for all targets, or none. */
function protocolOf(targets: readonly TargetSettings[], at: Path, { problems }: Context): ProxyProtocol | null {
  let first: ProxyProtocol | null = null;
  for (const [index, { address }] of targets.entries()) {
    const scheme = /^(\w+):\/\//.exec(address)?.[1]?.toLowerCase();
    const protocol = PROTOCOLS.find((known) => known === scheme) ?? null;
    if (protocol !== null && first !== null && protocol !== first)
      problems.error(
        [...at, "targets", index, "address"],
        `targets of one upstream speak one protocol, not ${first} and ${protocol}`,
      );
    first ??= protocol;
  }
  return first;
}

function resolveUpstream(
  name: string,
  settings: UpstreamSettings,
  protocol: ProxyProtocol,
  at: Path,
  context: Context,
): UpstreamConfig {
  const { problems } = context;
  const targets = settings.targets.flatMap(
    (target, index) => resolveTarget(target, protocol, [...at, "targets", index], context) ?? [],
  );
  if (settings.targets.length === 0) problems.error([...at, "targets"], "an upstream needs a target");
  else if (targets.length > 0 && targets.every(({ backup }) => backup))
    problems.error([...at, "targets"], "every target is a backup, so there is none that it stands in for");
  const { health } = settings;
  return {
    name,
    targets,
    balance: settings.balance,
    key: resolveKey(settings, at, context),
    consistent: settings.consistent,
    resolver: resolverOf(settings.resolver),
    keepalive: settings.keepalive,
    keepaliveTimeout: settings.keepalive_timeout,
    keepaliveRequests: settings.keepalive_requests,
    keepaliveTime: settings.keepalive_time,
    queueSize: settings.queue.size === 0 && protocol === "puwsgi" ? KEPT_QUEUE : settings.queue.size,
    queueTimeout: settings.queue.timeout,
    slowStart: settings.slow_start,
    health: health === undefined ? null : { ...health, path: health.path ?? null },
  };
}

function resolveTarget(
  settings: TargetSettings,
  protocol: ProxyProtocol,
  at: Path,
  { directory, problems }: Context,
): TargetConfig | null {
  const { address } = settings;
  const where = [...at, "address"];
  const example = { remedy: "write http://127.0.0.1:8080, 127.0.0.1:8080 or unix:/run/x.sock" };
  const url = parseProxyUrl(
    address.includes("://") || address.startsWith("unix:") ? address : `${protocol}://${address}`,
    directory,
  );
  if (url.kind !== "server") {
    const reason = url.kind === "bad" ? url.reason : `"${address}" is not an address`;
    problems.error(where, reason, url.kind === "bad" && url.remedy !== undefined ? { remedy: url.remedy } : example);
    return null;
  }
  if (url.path !== "" && url.path !== "/")
    problems.error(where, `a target has no path, "${address}" has one`, {
      remedy: "write it at the route's proxy, as path",
    });
  const port = url.server.path === null ? (url.server.port ?? defaultPort(url.protocol)) : 0;
  if (port === null)
    problems.error(where, `a ${protocol} server has no usual port`, { remedy: `write ${address}:PORT` });
  if (protocol === "puwsgi" && settings.max_connections === 0)
    problems.error(where, "a puwsgi target needs max_connections", {
      remedy:
        "write as many as uWSGI has processes times threads: each holds one connection, and those beyond wait unheard",
    });
  return {
    ...url.server,
    port: port ?? 0,
    weight: settings.weight,
    maxConnections: settings.max_connections,
    maxFails: settings.max_fails,
    failTimeout: settings.fail_timeout,
    backup: settings.backup,
    down: settings.down,
  };
}

function resolveKey({ balance, key }: UpstreamSettings, at: Path, context: Context): string {
  const where = [...at, "key"];
  if (balance === "hash") return checkTemplate(key ?? "{request_uri}", where, context);
  if (balance === "sticky") {
    const name = key ?? "propylon_target";
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
      context.problems.error(where, `"${name}" is not a name for a cookie`, {
        remedy: "write a name such as propylon_target",
      });
    return name;
  }
  if (key !== undefined)
    context.problems.error(where, `balance: ${balance} has no key`, {
      at: "key",
      remedy: "write balance: hash or sticky",
    });
  return "";
}
