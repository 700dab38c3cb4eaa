import type { ConditionConfig } from "../../src/config/condition-model.ts";
import type { HeaderRuleConfig } from "../../src/config/header-model.ts";
import type { Config } from "../../src/config/model.ts";
import type { ProxyConfig, UpstreamConfig } from "../../src/config/proxy-model.ts";
import { NO_POLICY } from "../../src/config/resolve-policy.ts";
import { NO_TRUST } from "../../src/config/resolve-trust.ts";
import type {
  HandlerConfig,
  RouteConfig,
  RouteOptions,
  RuleConfig,
  SiteConfig,
  StaticConfig,
} from "../../src/config/route-model.ts";
import { DEFAULT_LIMITS } from "../../src/http/settings.ts";
import { BASE } from "../static/settings.ts";

const OPTIONS: RouteOptions = {
  requestHeaders: [],
  responseHeaders: [],
  expires: null,
  errors: [],
  intercept: false,
  locations: null,
  access: [],
  bodyLimit: null,
  bandwidth: { rate: 0, after: 0 },
  logged: true,
  accessLog: null,
  compress: null,
  charset: null,
  cache: null,
  policy: NO_POLICY,
};

export const ANY = { kind: "any" } as const;
export const NONE = { kind: "none" } as const;
export const exact = (path: string) => ({ kind: "exact", path }) as const;
export const prefix = (path: string) => ({ kind: "prefix", path, final: false }) as const;
export const final = (path: string) => ({ kind: "prefix", path, final: true }) as const;
export const segments = (path: string) => ({ kind: "segments", path }) as const;
export const regex = (pattern: string, ignoreCase = false) => ({ kind: "regex", pattern, ignoreCase }) as const;

/** A route, with whatever else it is to have. */
export function route(
  match: RouteConfig["match"],
  handler: HandlerConfig,
  more: Partial<Omit<RouteConfig, "match" | "handler">> = {},
): RouteConfig {
  return {
    ...OPTIONS,
    name: null,
    match,
    methods: null,
    conditions: [],
    internal: false,
    rules: [],
    handler,
    routes: [],
    ...more,
  };
}

export function site(routes: readonly RouteConfig[], more: Partial<SiteConfig> = {}): SiteConfig {
  return {
    ...OPTIONS,
    hosts: ["_"],
    listeners: null,
    default: false,
    order: "written",
    trust: null,
    httpsRedirect: null,
    rules: [],
    routes,
    ...more,
  };
}

export const nothing: HandlerConfig = { kind: "none" };
export const fail = (status: number): HandlerConfig => ({ kind: "fail", status });
export const goto = (to: string): HandlerConfig => ({ kind: "goto", to });
export const say = (body: string, status = 200): HandlerConfig => ({ kind: "respond", status, body, headers: [] });
export const files = (root: string, more: Partial<StaticConfig> = {}): StaticConfig => ({ ...BASE, root, ...more });

export const rewrite = (
  pattern: string,
  to: string,
  flag: Extract<RuleConfig, { kind: "rewrite" }>["flag"] = "continue",
): RuleConfig => ({ kind: "rewrite", pattern, ignoreCase: false, to, flag });
export const give = (status: number, text: string | null = null): RuleConfig => ({ kind: "return", status, text });
export const put = (name: string, value: string): RuleConfig => ({ kind: "set", name, value });
export const when = (
  condition: ConditionConfig,
  rules: readonly RuleConfig[],
  inner: RouteConfig | null = null,
): RuleConfig => ({ kind: "when", condition, rules, route: inner });
export const is = (value: string, to: string): ConditionConfig => ({ kind: "equals", value, to, not: false });
export const like = (value: string, pattern: string, ignoreCase = false): ConditionConfig => ({
  kind: "matches",
  value,
  pattern,
  ignoreCase,
  not: false,
});
export const truth = (value: string): ConditionConfig => ({ kind: "true", value, not: false });
export const header = (
  operation: HeaderRuleConfig["operation"],
  name: string,
  value = "",
  always = true,
): HeaderRuleConfig => ({ operation, name, value, always });

/** NGINX's `try_files`, with static files for what is found. */
export function tryFiles(root: string, paths: readonly string[], otherwise: HandlerConfig): HandlerConfig {
  return {
    kind: "try",
    steps: paths.map((path) => ({ kind: "file", root, strip: "", path })),
    found: files(root, { indexGoto: true }),
    otherwise,
  };
}

/** A proxy to `http://127.0.0.1:PORT` under the name `upstream` of the configuration. */
export function proxyTo(upstream: string): ProxyConfig {
  return {
    kind: "proxy",
    protocol: "http",
    upstream,
    target: null,
    name: upstream,
    path: null,
    host: "{host}",
    forwarded: false,
    method: null,
    body: null,
    passHeaders: null,
    resolver: null,
    script: { index: "", split: null },
    keepConnections: true,
    parameters: [],
    buffering: true,
    requestBuffering: true,
    requestTrailers: true,
    connectTimeout: 1000,
    sendTimeout: 5000,
    readTimeout: 5000,
    retry: { on: ["error"], tries: 1, timeout: 0 },
    redirects: ["default"],
    cookiePaths: [],
    cookieDomains: [],
    cookieFlags: [],
    hide: [],
    underscores: false,
    upgrade: true,
    tunnel: { idle: 5000, lifetime: 0 },
    accel: true,
    tls: null,
  };
}

/** An upstream of this name with one target, which never is taken out. */
export function upstreamAt(name: string, port: number): Record<string, UpstreamConfig> {
  const target = { host: "127.0.0.1", port, path: null, weight: 1, maxConnections: 0, maxFails: 0, failTimeout: 1000 };
  return {
    [name]: {
      name,
      targets: [{ ...target, backup: false, down: false }],
      balance: "round-robin",
      key: "",
      consistent: false,
      resolver: null,
      keepalive: 0,
      keepaliveTimeout: 1000,
      keepaliveRequests: 0,
      keepaliveTime: 0,
      queueSize: 0,
      queueTimeout: 0,
      slowStart: 0,
      health: null,
    },
  };
}

/** A whole configuration around sites. */
export function config(sites: readonly SiteConfig[], more: Partial<Config> = {}): Config {
  return {
    apps: {},
    variables: {},
    upstreams: {},
    sites,
    limits: { ...DEFAULT_LIMITS, spoolMemory: 1 << 20, spoolFile: 1 << 20, connections: 100 },
    rateLimits: {},
    concurrencyLimits: {},
    trustedProxies: NO_TRUST,
    unknownHosts: "default",
    static: { cacheSize: 1 << 20, cacheFile: 1 << 16 },
    accessLog: [],
    requestId: null,
    ...more,
  } as unknown as Config;
}
