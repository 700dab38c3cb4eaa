import type { ConditionConfig } from "../config/condition-model.ts";
import { hostAndPort } from "../config/found-address.ts";
import type { ProxyConfig } from "../config/proxy-model.ts";
import type {
  AccessLogConfig,
  CacheConfig,
  CompressConfig,
  HandlerConfig,
  RouteConfig,
  RouteOptions,
  SiteConfig,
  StaticConfig,
} from "../config/route-model.ts";
import type { Handler, ResponseFilter } from "../http/exchange.ts";
import { Cors } from "../middleware/cors.ts";
import type { CompiledTemplate, Encoding, TemplateCompiler, TemplateScope } from "../template/template.ts";
import { AccessList } from "./access-list.ts";
import { buildGuard, foundMethods, type GuardTools } from "./build-guard.ts";
import { buildPace } from "./build-pace.ts";
import { Charset } from "./charset.ts";
import { ClientGate } from "./client-gate.ts";
import { type Condition, compileCondition } from "./condition.ts";
import { ErrorPages } from "./error-pages.ts";
import { ExpiryRule } from "./expiry.ts";
import type { FileLooker } from "./file-facts.ts";
import { failHandler, gotoHandler, NO_HANDLER } from "./goto-handler.ts";
import { RequestHeaderRules, ResponseHeaderRules } from "./header-rules.ts";
import { NginxTable } from "./nginx-table.ts";
import type { AnswerRules, Route } from "./route.ts";
import { latin1, RouteTable } from "./route-table.ts";
import { compileRules } from "./rules.ts";
import { scriptSplit } from "./script-split.ts";
import { type FileRoot, Site } from "./site.ts";
import { TryHandler, type TryStep } from "./try-handler.ts";

/** Handlers that this folder does not make itself. */
export type OuterConfig = Extract<HandlerConfig, { kind: "app" | "static" | "proxy" | "cgi" | "redirect" | "respond" }>;

/** What the cache of a route needs of the place where it stands. */
export interface CacheRouteParts {
  readonly compile: (text: string) => CompiledTemplate;
  readonly condition: (config: ConditionConfig) => Condition;
}

export interface BuildParts {
  readonly templates: TemplateCompiler;
  readonly files: FileLooker;
  /** Bytes of a body where a route says nothing, if the protocol lets more through; 0: no limit. */
  readonly bodyLimit: number;
  readonly guards: GuardTools;
  /** Who the client is, where the site itself doesn't say who may tell; null: that is known before. */
  readonly gate: ClientGate | null;
  readonly makeHandler: (config: OuterConfig, site: Site, scope: TemplateScope | null) => Handler;
  /** Puts a cache before a handler. `zone`: differs between routes whose answers are not each other's. */
  readonly makeCache: (config: CacheConfig, zone: string, parts: CacheRouteParts, next: Handler) => Handler;
  readonly makeCompressor: (config: CompressConfig) => ResponseFilter;
  /** The access logs of a route. */
  readonly makeLog: (configs: readonly AccessLogConfig[]) => object;
  /** Serves the content of this file, whatever is asked for. */
  readonly filePage: (path: string) => Handler;
}

/** Makes a site ready. Throws a PropylonError for what can't be used. */
export function buildSite(config: SiteConfig, parts: BuildParts): Site {
  return new SiteBuilder(config, parts).build();
}

// --- internal ---

class SiteBuilder {
  readonly #config: SiteConfig;
  readonly #parts: BuildParts;
  readonly #site: Site;
  readonly #hidesRoutes: boolean;

  constructor(config: SiteConfig, parts: BuildParts) {
    this.#config = config;
    this.#parts = parts;
    this.#site = new Site(config.hosts, config.listeners, config.default, config);
    this.#hidesRoutes = allRoutes(config.routes).some((route) => route.internal || route.name !== null);
  }

  build(): Site {
    const { order, rules, trust } = this.#config;
    const routes = this.#config.routes.map((route) => this.#route(route));
    const named = new Map<string, Route>();
    const collect = (route: Route): void => {
      if (route.name !== null && !named.has(route.name)) named.set(route.name, route);
      for (const nested of route.routes) collect(nested);
    };
    for (const route of routes) collect(route);
    this.#site.fill({
      httpsRedirect: this.#config.httpsRedirect,
      gate: trust === null ? this.#parts.gate : new ClientGate(trust),
      order,
      rules: compileRules(rules, this.#ruleParts(null)),
      finder: order === "nginx" ? new NginxTable(routes) : new RouteTable(routes),
      named,
      base: this.#route({ ...this.#config, ...NOTHING }),
      hidesRoutes: this.#hidesRoutes,
      fileRoots: allRoutes(this.#config.routes).flatMap(fileRoot),
    });
    return this.#site;
  }

  #route(config: RouteConfig): Route {
    const scope = scopeOf(config.handler);
    const ruleParts = this.#ruleParts(scope);
    const rules = compileRules(config.rules, ruleParts);
    const conditions = config.conditions.map((condition) => compileCondition(condition, ruleParts));
    const answers = this.#answers(config, scope);
    const { compile } = ruleParts;
    const makeProxy = (proxy: ProxyConfig) => this.#parts.makeHandler(proxy, this.#site, scope);
    const guard = buildGuard(config, this.#parts.guards, { guide: this.#site, compile, makeProxy });
    const isGuarded = config.policy.auth !== null;
    const access = config.access.length === 0 || isGuarded ? null : new AccessList(config.access);
    const requestHeaders =
      config.requestHeaders.length === 0 ? null : new RequestHeaderRules(config.requestHeaders, ruleParts);
    const log = config.accessLog === null ? null : this.#parts.makeLog(config.accessLog);
    const pace = buildPace(config.bandwidth, compile);
    const bodyLimit = config.bodyLimit ?? this.#parts.bodyLimit;
    return {
      match: config.match,
      methods: foundMethods(config),
      taken: config.methods,
      conditions,
      name: config.name?.replace(/^@/, "") ?? null,
      label: labelOf(config),
      internal: config.internal,
      rules,
      access,
      guard,
      bodyLimit,
      pace,
      requestHeaders,
      answers,
      locations: config.locations,
      logged: config.logged,
      handler: this.#handler(config.handler, scope, config),
      log,
      plain:
        !config.internal &&
        rules === null &&
        access === null &&
        guard === null &&
        bodyLimit === 0 &&
        pace === null &&
        requestHeaders === null &&
        answers === null &&
        config.locations === null &&
        config.logged &&
        log === null,
      redirectsToSlash: config.handler.kind === "proxy" || config.handler.kind === "app",
      routes: config.routes.map((route) => this.#route(route)),
    };
  }

  #answers(config: RouteConfig, scope: TemplateScope | null): AnswerRules | null {
    const { templates, filePage, makeCompressor } = this.#parts;
    const compile = (text: string) => templates.compile(text, scope);
    const fields = [...config.responseHeaders, ...config.policy.securityHeaders];
    const cors = config.policy.cors === null ? null : new Cors(config.policy.cors);
    const headers = fields.length === 0 ? null : new ResponseHeaderRules(fields, this.#ruleParts(scope));
    const expires = config.expires === null ? null : new ExpiryRule(compile(config.expires));
    const errors =
      config.errors.length === 0
        ? null
        : new ErrorPages(config.errors, {
            guide: this.#site,
            compile,
            url: (text) => templates.url(text, scope),
            filePage,
          });
    const { handler } = config;
    const asks = innerHandlers(handler);
    // Where a site hides nothing there is nowhere to lead to; NGINX's may lead to any location.
    const leads = this.#hidesRoutes || this.#config.order === "nginx";
    const accel = asks.some((one) => one.kind === "proxy" && one.accel && leads)
      ? "any"
      : asks.some((one) => one.kind === "app") && this.#hidesRoutes
        ? "internal"
        : null;
    const compress = config.compress === null ? null : makeCompressor(config.compress);
    const own = !asks.some((one) => one.kind === "proxy" || one.kind === "app" || one.kind === "cgi");
    const charset = config.charset === null || own ? null : new Charset(config.charset);
    if ([headers, cors, expires, errors, accel, charset, compress].every((one) => one === null)) return null;
    return { headers, cors, expires, errors, intercept: config.intercept && !own, own, accel, charset, compress };
  }

  #handler(config: HandlerConfig, scope: TemplateScope | null, route: RouteConfig): Handler {
    const { templates, files, makeHandler } = this.#parts;
    const compile = (text: string) => templates.compile(text, scope);
    switch (config.kind) {
      case "fail":
        return failHandler(config.status);
      case "goto":
        return gotoHandler(config.to, compile, this.#site);
      case "none":
        return NO_HANDLER;
      case "try": {
        const steps = config.steps.map(
          (step): TryStep =>
            step.kind === "static"
              ? { kind: "handler", handler: makeHandler(step.static, this.#site, scope) }
              : {
                  kind: "file",
                  root: compile(step.root),
                  strip: latin1(step.strip),
                  path: compile(step.path.replace(/\/$/, "")),
                  folder: step.path.endsWith("/"),
                },
        );
        return new TryHandler(
          steps,
          this.#handler(config.found, scope, route),
          this.#handler(config.otherwise, scope, route),
          files,
        );
      }
      default: {
        const tells = config.kind === "proxy" && route.cache?.accelExpires === true;
        const handler = makeHandler(tells ? { ...config, tellsExpiry: true } : config, this.#site, scope);
        return this.#cached(config, handler, scope, route);
      }
    }
  }

  /** Files have a cache of their own, and what is fixed needs none. */
  #cached(config: OuterConfig, handler: Handler, scope: TemplateScope | null, route: RouteConfig): Handler {
    const { cache, match, name, conditions, methods } = route;
    if (cache === null || (config.kind !== "app" && config.kind !== "proxy")) return handler;
    const { hosts, listeners } = this.#config;
    const zone = JSON.stringify([hosts, listeners, match, name, conditions, methods, config]);
    const parts = this.#ruleParts(scope);
    const condition = (one: ConditionConfig): Condition => compileCondition(one, parts);
    return this.#parts.makeCache(cache, zone, { compile: parts.compile, condition }, handler);
  }

  #ruleParts(scope: TemplateScope | null) {
    const { templates, files } = this.#parts;
    return {
      files,
      compile: (text: string) => templates.compile(text, scope),
      encode: (text: string, encoding: Encoding) => templates.compile(text, scope, encoding),
      url: (text: string) => templates.url(text, scope),
      makeRoute: (route: RouteConfig) => this.#route(route),
    };
  }
}

/** The route of requests that no route matches. */
const NOTHING = {
  name: null,
  match: { kind: "none" },
  methods: null,
  conditions: [],
  internal: false,
  rules: [],
  handler: { kind: "none" },
  routes: [],
} as const satisfies Omit<RouteConfig, keyof RouteOptions>;

function allRoutes(routes: readonly RouteConfig[]): readonly RouteConfig[] {
  return routes.flatMap((route) => [route, ...allRoutes(route.routes)]);
}

/** The handlers that may come to answer for this one. */
function innerHandlers(config: HandlerConfig): readonly HandlerConfig[] {
  return config.kind === "try" ? [...innerHandlers(config.found), ...innerHandlers(config.otherwise)] : [config];
}

/** What `{document_root}`, `{request_filename}` and the variables of a proxy mean at a route. */
function scopeOf(config: HandlerConfig): TemplateScope | null {
  if (config.kind === "static") return { root: config.root, strip: config.strip };
  if (config.kind === "proxy") return proxyScope(config);
  if (config.kind !== "try") return null;
  const [first] = config.steps;
  const proxy = innerHandlers(config).find((one) => one.kind === "proxy");
  const folder =
    first?.kind === "file"
      ? { root: first.root, strip: first.strip }
      : first === undefined
        ? scopeOf(config.found)
        : scopeOf(first.static);
  return proxy === undefined ? folder : { ...proxyScope(proxy), ...folder };
}

function proxyScope({ protocol, name, script }: ProxyConfig): TemplateScope {
  const usual = protocol === "https" ? 443 : protocol === "http" ? 80 : 0;
  const split = protocol === "fastcgi" ? { script: scriptSplit(script) } : {};
  return { root: null, strip: "", proxy: { name, split: (written) => hostAndPort(written, usual) }, ...split };
}

function fileRoot({ internal, handler, match }: RouteConfig): readonly FileRoot[] {
  if (!internal || handler.kind !== "static" || handler.file !== null || /\{\w+\}/.test(handler.root)) return [];
  if (match.kind !== "prefix" && match.kind !== "segments") return [];
  const folder = (root: StaticConfig["root"]): string => (root.endsWith("/") ? root : `${root}/`);
  // The part of the path that is kept has to be a part of the file's own path.
  const { strip } = handler;
  if (strip !== "" && !match.path.startsWith(strip)) return [];
  const rest = match.path.slice(strip.length).replace(/^\//, "");
  return [
    {
      folder: folder(handler.root) + rest,
      path: match.path.endsWith("/") || rest !== "" ? match.path : `${match.path}/`,
    },
  ];
}

/** How people know the route: its name, else what it is found by. */
function labelOf({ name, match }: RouteConfig): string {
  if (name !== null) return `@${name.replace(/^@/, "")}`;
  if (match.kind === "any" || match.kind === "none") return "";
  return match.kind === "regex" ? `~ ${match.pattern}` : match.kind === "exact" ? `= ${match.path}` : match.path;
}
