import { once } from "node:events";
import http from "node:http";
import type net from "node:net";
import type { TestContext } from "node:test";
import { createLog } from "../../src/base/log.ts";
import { CacheStores } from "../../src/cache/stores.ts";
import type { CacheConfig, RouteConfig } from "../../src/config/route-model.ts";
import { compose } from "../../src/edge/compose.ts";
import { AccessLogs } from "../../src/log/access-logs.ts";
import type { MetricSample } from "../../src/metrics/family.ts";
import { Limits } from "../../src/middleware/limits.ts";
import { PasswordChecker } from "../../src/middleware/password-checker.ts";
import { UpstreamRegistry } from "../../src/proxy/registry.ts";
import { StaticCache } from "../../src/static/cache.ts";
import { serve, type TestServer } from "../http/serve.ts";
import { ANY, config, proxyTo, route, site, upstreamAt } from "../routes/builders.ts";
import { ask, type Request } from "../routes/serve-sites.ts";
import type { Answer } from "../static/client.ts";

/** What `cache: true` stands for. */
export const PLAIN: CacheConfig = {
  store: "default",
  key: null,
  methods: ["GET", "HEAD"],
  ttl: {},
  heuristics: false,
  staleWhileRevalidate: 0,
  staleIfError: 0,
  ignore: [],
  accelExpires: false,
  minUses: 1,
  maxEntry: 1024 * 1024,
  wait: 5000,
  revalidate: true,
  requestDirectives: true,
  status: true,
  bypass: [],
  refresh: [],
  noStore: [],
};

/** Answers the `count`th request, from 1. */
export type Origin = (request: http.IncomingMessage, response: http.ServerResponse, count: number) => void;

export interface Stage {
  readonly port: number;
  /** Every request that has come to the origin. */
  readonly asked: http.IncomingMessage[];
  readonly stores: CacheStores;
  readonly server: TestServer;
  /** Sends one request on a connection of its own. */
  ask(target: string, request?: Request): Promise<Answer>;
  get(target?: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Of the store `default`. */
  metric(name: string, labels?: Readonly<Record<string, string>>): number;
}

export interface StageOptions {
  readonly cache?: Partial<CacheConfig>;
  readonly route?: Partial<RouteConfig>;
  readonly size?: number;
  /** In place of the one route to the origin, which is the upstream `origin`. */
  readonly routes?: readonly RouteConfig[];
}

/** A cache in front of an origin of our own, both on sockets. */
export async function stage(t: TestContext, origin: Origin, options: StageOptions = {}): Promise<Stage> {
  const asked: http.IncomingMessage[] = [];
  const behind = http.createServer((request, response) => {
    asked.push(request);
    origin(request, response, asked.length);
  });
  behind.listen(0, "127.0.0.1");
  await once(behind, "listening");
  const { port } = behind.address() as net.AddressInfo;
  const log = createLog("edge", () => {});
  const upstreams = new UpstreamRegistry(log);
  upstreams.configure(upstreamAt("origin", port));
  const stores = new CacheStores();
  const caches = { default: { size: options.size ?? 1 << 24 } };
  const routes = options.routes ?? [cachedRoute(options.cache, options.route)];
  const logs = new AccessLogs({ warn: () => {} }).draft();
  const parts = {
    pools: new Map(),
    cache: new StaticCache(),
    upstreams,
    caches: stores,
    limits: new Limits(log),
    passwords: new PasswordChecker(),
    log,
    logs,
    figures: new Map(),
  };
  const handler = compose(config([site(routes)], { caches }), parts);
  const server = await serve((one) => handler.handle(one));
  t.after(async () => {
    upstreams.close();
    await server[Symbol.asyncDispose]();
    behind.closeAllConnections();
    behind.close();
  });
  return {
    port: server.port,
    asked,
    stores,
    server,
    ask: (target, request) => ask(server.port, target, request),
    get: (target = "/", headers = {}) => ask(server.port, target, { headers }),
    metric: (name, labels = {}) => {
      const samples: readonly MetricSample[] = stores.families().find((one) => one.name === name)?.samples ?? [];
      return (
        samples.find((one) => Object.entries(labels).every(([key, value]) => one.labels[key] === value))?.value ?? 0
      );
    },
  };
}

/** The route to the origin, with a cache before it. */
export function cachedRoute(cache: Partial<CacheConfig> = {}, more: Partial<RouteConfig> = {}): RouteConfig {
  return route(ANY, proxyTo("origin"), { cache: { ...PLAIN, ...cache }, ...more });
}

/** An origin that answers each request with its number, and these fields. */
export function counting(fields: Readonly<Record<string, string | string[]>>, status = 200): Origin {
  return (_request, response, count) => {
    response.writeHead(status, fields);
    response.end(`answer ${count}`);
  };
}

/** The same answer for all, with validators: 304 to who has it. */
export function validated(fields: Readonly<Record<string, string>>, etag = '"one"'): Origin {
  return (request, response, count) => {
    if (request.headers["if-none-match"] === etag) response.writeHead(304, { ETag: etag, ...fields }).end();
    else response.writeHead(200, { ETag: etag, ...fields }).end(`answer ${count}`);
  };
}

/** An HTTP-date so many seconds from now. */
export function date(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toUTCString();
}

/** What the cache said of an answer (RFC 9211), empty where it said nothing. */
export function noteOf(answer: Answer): string {
  return answer.headers["cache-status"] ?? "";
}
