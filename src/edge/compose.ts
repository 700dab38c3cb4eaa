import { createHash } from "node:crypto";
import { AppHandler } from "../app/app-handler.ts";
import type { Pool } from "../app/pool.ts";
import type { RouteShare } from "../app/route-share.ts";
import type { Log } from "../base/log.ts";
import { takingExpiry } from "../cache/accel-expiry.ts";
import { CacheHandler } from "../cache/handler.ts";
import type { CacheStores } from "../cache/stores.ts";
import { CgiHandler } from "../cgi/handler.ts";
import type { ShareConfig } from "../config/deadline-model.ts";
import type { Config } from "../config/model.ts";
import type { AccessLogConfig, CacheConfig, StaticConfig } from "../config/route-model.ts";
import type { Exchange, Handler } from "../http/exchange.ts";
import type { LogDraft } from "../log/access-logs.ts";
import type { ExchangeLog } from "../log/exchange-log.ts";
import { CompressFilter } from "../middleware/compress.ts";
import type { Limits } from "../middleware/limits.ts";
import type { PasswordChecker } from "../middleware/password-checker.ts";
import { createProxyHandler } from "../proxy/handler.ts";
import type { ProxyParts } from "../proxy/proxy-route.ts";
import type { UpstreamRegistry } from "../proxy/registry.ts";
import { createRedirectHandler } from "../respond/redirect.ts";
import { createRespondHandler } from "../respond/respond.ts";
import { buildSite, type CacheRouteParts, type OuterConfig } from "../route/build-site.ts";
import { ClientGate } from "../route/client-gate.ts";
import { compileCondition } from "../route/condition.ts";
import { askWithGet, prepareAgain } from "../route/error-pages.ts";
import { FileLooker } from "../route/file-facts.ts";
import { absoluteLocation } from "../route/location.ts";
import { PostedFiles } from "../route/posted-files.ts";
import type { Site } from "../route/site.ts";
import { SiteTable } from "../route/site-table.ts";
import type { StaticCache } from "../static/cache.ts";
import { createStaticHandler } from "../static/handler.ts";
import { setVariable } from "../template/request-state.ts";
import { type Figures, TemplateCompiler, type TemplateScope } from "../template/template.ts";
import { BrokenAppPage } from "./broken-app-page.ts";
import { countedConnections } from "./counted-connections.ts";
import { givenNames } from "./given-names.ts";
import { notedBodies } from "./noted-bodies.ts";
import { RequestIds } from "./request-ids.ts";

/** What handlers are made from besides the configuration. Outlives a reload. */
export interface Parts {
  readonly pools: ReadonlyMap<string, Pool>;
  readonly cache: StaticCache;
  readonly upstreams: UpstreamRegistry;
  readonly caches: CacheStores;
  readonly limits: Limits;
  readonly passwords: PasswordChecker;
  readonly log: Log;
  readonly logs: LogDraft;
  /** What templates may name of the whole instance. */
  readonly figures: Figures;
}

/**
 * The handler chain of a configuration, read from top to bottom:
 *
 *     site by listener and host -> who the client is -> rules -> route by path -> app | static | proxy | redirect | respond | try | goto
 *
 * Throws a PropylonError for what can't be used.
 */
export function compose(config: Config, parts: Parts): Handler {
  const composer = new Composer(config, parts);
  parts.logs.general(config, (configs) => composer.accessLog(configs));
  const gate = new ClientGate(config.trustedProxies);
  const sites = new SiteTable(
    config.sites.map((site) =>
      buildSite(site, {
        guards: { ...parts, rateLimits: config.rateLimits, concurrencyLimits: config.concurrencyLimits },
        gate: gate.takesHost ? null : gate,
        templates: composer.templates,
        files: composer.files,
        bodyLimit: engineBodyLimit(config) === config.limits.body ? 0 : config.limits.body,
        makeHandler: (handler, built, scope) => composer.handler(handler, built, scope),
        makeCache: (cache, zone, parts, next) => composer.cache(cache, zone, parts, next),
        makeLog: (configs) => composer.accessLog(configs),
        makeCompressor: (compress) => new CompressFilter(compress),
        filePage: (path) => composer.filePage(path),
      }),
    ),
    config.unknownHosts,
  );
  const admitted = gate.takesHost ? gated(gate, sites) : sites;
  // Whose request ids are believed is asked of the connection, before the gate says who stands behind it.
  const known = config.requestId === null ? admitted : new RequestIds(config.requestId, admitted);
  const counts = /\{connection_requests\}/.test(JSON.stringify([config.sites, config.variables]));
  const counted = counts ? countedConnections(known) : known;
  return JSON.stringify(config).includes("{request_body}") ? notedBodies(counted) : counted;
}

function gated(gate: ClientGate, sites: Handler): Handler {
  return {
    handle: (exchange) => {
      if (gate.admit(exchange)) sites.handle(exchange);
    },
  };
}

/** The largest body that some route takes: what the protocol lets through, bytes; 0: no limit. Routes check their own. */
export function engineBodyLimit(config: Config): number {
  const limits = [config.limits.body];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    else if (typeof value === "object" && value !== null)
      for (const [key, item] of Object.entries(value)) {
        if (key === "bodyLimit" && typeof item === "number") limits.push(item);
        else visit(item);
      }
  };
  visit(config.sites);
  return limits.includes(0) ? 0 : Math.max(...limits);
}

// --- internal ---

class Composer {
  readonly templates: TemplateCompiler;
  readonly files = new FileLooker();
  readonly #config: Config;
  readonly #parts: Parts;
  /** Keeps what upstreams did for variables, where some template asks. */
  readonly #note: ProxyParts["note"];
  /** App and route -> routes of that name with a share of their own so far. */
  readonly #shares = new Map<string, number>();

  /** The same of what caches did. */
  readonly #notesCache: boolean;
  /** Some route says how its Locations are sent. */
  readonly #locates: boolean;

  constructor(config: Config, parts: Parts) {
    this.#config = config;
    this.#parts = parts;
    this.templates = new TemplateCompiler(config.variables, givenNames(config), parts.figures);
    this.#note = /\{upstream_\w+\}/.test(JSON.stringify([config.sites, config.variables, config.accessLog]))
      ? setVariable
      : null;
    this.#locates = config.sites.some((site) => JSON.stringify(site).includes('"locations":{'));
    this.#notesCache = /\{(?:upstream_)?cache_status\}/.test(JSON.stringify(config));
  }

  handler(handler: OuterConfig, site: Site, scope: TemplateScope | null): Handler {
    const compile = (text: string) => this.templates.compile(text, scope);
    switch (handler.kind) {
      case "app":
        return this.#app(handler, site, scope);
      case "static":
        return this.#static(handler, site, scope);
      case "proxy":
        return createProxyHandler(
          handler,
          this.#proxyParts({ compile, url: (text) => this.templates.url(text, scope) }, site),
        );
      case "cgi":
        return new CgiHandler(handler, {
          log: this.#parts.log,
          compile,
          memoryLimit: this.#config.limits.spoolMemory,
          redirect: (exchange, path, query) => {
            prepareAgain(exchange);
            askWithGet(exchange);
            site.redirect(exchange, path, query);
          },
        });
      case "redirect":
        return createRedirectHandler(handler, {
          templates: this.templates,
          scope,
          locate: site.absolute || this.#locates ? locatorOf(site) : null,
        });
      case "respond":
        return createRespondHandler(handler, compile);
    }
  }

  cache(config: CacheConfig, zone: string, { compile, condition }: CacheRouteParts, next: Handler): Handler {
    const parts = {
      config,
      stores: this.#parts.caches,
      size: this.#config.caches[config.store]!.size,
      zone: createHash("sha256").update(zone).digest("base64url").slice(0, 16),
      key: config.key === null ? null : compile(config.key),
      bypass: config.bypass.map(condition),
      refresh: config.refresh.map(condition),
      noStore: config.noStore.map(condition),
      notes: this.#notesCache,
    };
    return new CacheHandler(parts, config.accelExpires ? takingExpiry(next) : next);
  }

  accessLog(configs: readonly AccessLogConfig[]): ExchangeLog {
    const { templates, files } = this;
    const parts = { files, compile: (text: string) => templates.compile(text) };
    return this.#parts.logs.make(configs, {
      templates,
      condition: (condition) => compileCondition(condition, parts),
    });
  }

  /** Serves one file, whichever path was asked for. */
  filePage(path: string): Handler {
    const file = path.replace(/\{(\w+)\}/g, "{{$1}}");
    return createStaticHandler({ ...PAGE, file }, this.#parts.cache, this.#parts.log, {
      evaluate: (text, exchange) => this.templates.compile(text).evaluate(exchange),
      goto: (exchange) => exchange.fail(404, "No route matches this path"),
      locate: (_exchange, location) => location,
    });
  }

  #app(handler: Extract<OuterConfig, { kind: "app" }>, site: Site, scope: TemplateScope | null): Handler {
    const pool = this.#parts.pools.get(handler.app)!;
    const serverName = site.hosts.find((host) => /^[^_*.~]/.test(host) && !host.endsWith("*")) ?? "";
    const environ = Object.entries(handler.environ).map(
      ([key, value]) => [key, this.templates.compile(value, scope)] as const,
    );
    const app = new AppHandler(pool, handler.mount, serverName, this.#config.limits.spoolMemory, environ);
    app.restrict(handler.deadline, handler.share === null ? null : this.#share(pool, handler.share));
    return this.#config.apps[handler.app]!.tracebacks ? new BrokenAppPage(pool, app) : app;
  }

  #share(pool: Pool, share: ShareConfig): RouteShare {
    const app = this.#config.apps[pool.name]!;
    const part = (whole: number): number => Math.max(1, Math.ceil(whole * (share.part ?? 1)));
    // Routes of one path, such as with different methods, are told apart by their order.
    const key = `${pool.name} ${share.route}`;
    const count = (this.#shares.get(key) ?? 0) + 1;
    this.#shares.set(key, count);
    return pool.share(count === 1 ? share.route : `${share.route} (${count})`, {
      lanes: share.lanes ?? part(app.workers * app.threads),
      size: share.size ?? (app.queueSize === 0 ? 0 : part(app.queueSize)),
      timeout: share.timeout ?? app.queueTimeout,
    });
  }

  #static(handler: StaticConfig, site: Site, scope: TemplateScope | null): Handler {
    const compiled = new Map(
      [handler.root, ...(handler.file === null ? [] : [handler.file]), ...handler.index].map((text) => [
        text,
        this.templates.compile(text, scope),
      ]),
    );
    const serve = createStaticHandler(handler, this.#parts.cache, this.#parts.log, {
      evaluate: (text, exchange) => {
        const value = (compiled.get(text) ?? this.templates.compile(text, scope)).evaluate(exchange);
        // A root and an index file are text there, a file's path bytes.
        return text === handler.file ? value : Buffer.from(value, "latin1").toString();
      },
      goto: (exchange, path) => site.redirect(exchange, path, exchange.query),
      locate: locatorOf(site),
    });
    if (!site.absolute) return serve;
    const { root, strip, file } = handler;
    const filename =
      file === null
        ? this.templates.compile("{request_filename}", { root, strip })
        : this.templates.compile(file, scope);
    return new PostedFiles(serve, filename, this.files);
  }

  #proxyParts(templates: ProxyParts["templates"], site: Site): ProxyParts {
    const { upstreams, log } = this.#parts;
    const { spoolMemory, spoolFile } = this.#config.limits;
    const locate = locatorOf(site);
    return { upstreams, log, templates, locate, note: this.#note, memoryLimit: spoolMemory, fileLimit: spoolFile };
  }
}

/** How Locations of a site's handlers are sent. */
function locatorOf(site: Site): (exchange: Exchange, location: string) => string {
  return (exchange, location) => absoluteLocation(exchange, location, site.absolute);
}

const PAGE: StaticConfig = {
  kind: "static",
  root: "/",
  strip: "",
  file: null,
  index: [],
  indexGoto: false,
  autoindex: "off",
  exactSizes: true,
  localTimes: false,
  fallback: null,
  expires: null,
  types: {},
  defaultType: null,
  charset: null,
  etag: true,
  dotfiles: true,
  symlinks: true,
  precompressed: false,
};
