import { createLog, type Log } from "../../src/base/log.ts";
import { CacheStores } from "../../src/cache/stores.ts";
import type { Config } from "../../src/config/model.ts";
import type { SiteConfig } from "../../src/config/route-model.ts";
import { compose } from "../../src/edge/compose.ts";
import type { Handler } from "../../src/http/exchange.ts";
import { AccessLogs } from "../../src/log/access-logs.ts";
import { Limits } from "../../src/middleware/limits.ts";
import { PasswordChecker } from "../../src/middleware/password-checker.ts";
import { UpstreamRegistry } from "../../src/proxy/registry.ts";
import { StaticCache } from "../../src/static/cache.ts";
import { type ServeOptions, serve, type TestServer } from "../http/serve.ts";
import { type Answer, exchange, parse } from "../static/client.ts";
import { config } from "./builders.ts";

export interface TestSites extends AsyncDisposable {
  readonly server: TestServer;
  readonly port: number;
  /** What answers, for other engines. */
  readonly handler: Handler;
  /** Sends one request, the target exactly as written. */
  ask(target: string, request?: Request): Promise<Answer>;
}

export interface Request {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The whole chain from the protocol to the handlers for these sites, on a free port. */
export async function serveSites(
  sites: readonly SiteConfig[],
  more: Partial<Config> = {},
  options: ServeOptions = {},
): Promise<TestSites> {
  const log: Log = createLog("edge", () => {});
  const upstreams = new UpstreamRegistry(log);
  upstreams.configure(more.upstreams ?? {});
  const logs = new AccessLogs({ warn: () => {} }).draft();
  const handler = compose(config(sites, more), {
    pools: new Map(),
    cache: new StaticCache(),
    upstreams,
    caches: new CacheStores(),
    limits: new Limits(log),
    passwords: new PasswordChecker(),
    log,
    logs,
    figures: new Map(),
  });
  const server = await serve((one) => handler.handle(one), options);
  return {
    server,
    handler,
    port: server.port,
    ask: (target, request) => ask(server.port, target, request),
    [Symbol.asyncDispose]: async () => {
      upstreams.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Sends one request on a connection of its own and reads the answer to its end. */
export async function ask(port: number, target: string, request: Request = {}): Promise<Answer> {
  const { method = "GET", headers = {}, body = "" } = request;
  const fields = {
    Host: "example.org",
    Connection: "close",
    ...(body !== "" && headers["Transfer-Encoding"] === undefined && { "Content-Length": String(body.length) }),
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return parse(await exchange(port, `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n${body}`));
}
