import net from "node:net";
import { createLog, type LogRecord } from "../../src/base/log.ts";
import type { ProxyConfig, TargetConfig, UpstreamConfig } from "../../src/config/proxy-model.ts";
import type { Exchange } from "../../src/http/exchange.ts";
import type { Lookup } from "../../src/proxy/addresses.ts";
import { createProxyHandler } from "../../src/proxy/handler.ts";
import { UpstreamRegistry } from "../../src/proxy/registry.ts";
import { setVariable } from "../../src/template/request-state.ts";
import { TemplateCompiler } from "../../src/template/template.ts";
import { type ServeOptions, serve, type TestServer } from "../http/serve.ts";

/** A target on the loopback. */
export function targetAt(port: number, more: Partial<TargetConfig> = {}): TargetConfig {
  return {
    host: "127.0.0.1",
    port,
    path: null,
    weight: 1,
    maxConnections: 0,
    maxFails: 1,
    failTimeout: 10_000,
    backup: false,
    down: false,
    ...more,
  };
}

export function upstreamOf(targets: readonly TargetConfig[], more: Partial<UpstreamConfig> = {}): UpstreamConfig {
  return {
    name: "up",
    targets,
    balance: "round-robin",
    key: "",
    consistent: true,
    resolver: null,
    keepalive: 32,
    keepaliveTimeout: 60_000,
    keepaliveRequests: 0,
    keepaliveTime: 0,
    queueSize: 0,
    queueTimeout: 10_000,
    slowStart: 0,
    health: null,
    ...more,
  };
}

export function proxyTo(more: Partial<ProxyConfig> = {}): ProxyConfig {
  return {
    kind: "proxy",
    protocol: "http",
    upstream: "up",
    target: null,
    name: "up",
    path: null,
    host: "{http_host}",
    forwarded: true,
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
    connectTimeout: 10_000,
    sendTimeout: 60_000,
    readTimeout: 60_000,
    retry: { on: ["error", "timeout"], tries: 0, timeout: 0 },
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
    ...more,
  };
}

/** A front that proxies everything, as a route does. */
export interface ProxyStage extends TestServer {
  readonly upstreams: UpstreamRegistry;
  readonly logged: LogRecord[];
}

export interface StageOptions extends ServeOptions {
  readonly proxy?: Partial<ProxyConfig>;
  readonly upstream?: Partial<UpstreamConfig>;
  readonly targets: readonly TargetConfig[];
  readonly memoryLimit?: number;
  readonly lookup?: Lookup;
  /** Changes the exchange as routes do before their handler. */
  readonly before?: (exchange: Exchange) => void;
}

/** What answers exchanges by proxying them, for whichever engine. */
export function proxying(options: StageOptions): {
  readonly upstreams: UpstreamRegistry;
  readonly logged: LogRecord[];
  readonly handle: (exchange: Exchange) => void;
} {
  const logged: LogRecord[] = [];
  const log = createLog("edge", (record) => logged.push(record));
  const upstreams = new UpstreamRegistry(log, options.lookup);
  const memoryLimit = options.memoryLimit ?? 256 * 1024;
  const parts = {
    upstreams,
    log,
    templates: new TemplateCompiler(),
    locate: (_exchange: Exchange, location: string) => location,
    note: setVariable,
    memoryLimit,
    fileLimit: 1024 * 1024 * 1024,
  };
  const handler = createProxyHandler(proxyTo(options.proxy), parts);
  upstreams.configure({ up: upstreamOf(options.targets, options.upstream) });
  const handle = (exchange: Exchange): void => {
    options.before?.(exchange);
    handler.handle(exchange);
  };
  return { upstreams, logged, handle };
}

export async function proxyStage(options: StageOptions): Promise<ProxyStage> {
  const { upstreams, logged, handle } = proxying(options);
  const server = await serve(handle, options);
  return {
    ...server,
    upstreams,
    logged,
    [Symbol.asyncDispose]: async () => {
      upstreams.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** A target that does what a script says, to the byte. */
export interface ScriptedTarget extends AsyncDisposable {
  readonly port: number;
  /** What each connection has received, in the order of connections. */
  readonly received: string[];
  readonly sockets: net.Socket[];
  until(condition: () => boolean): Promise<void>;
}

/** `script` is called with each complete request head (and what followed it so far). */
export async function scripted(
  script: (socket: net.Socket, request: string, count: number) => void,
  options: { readonly eager?: (socket: net.Socket) => void } = {},
): Promise<ScriptedTarget> {
  const received: string[] = [];
  const sockets: net.Socket[] = [];
  let waiting: { condition: () => boolean; resolve: () => void }[] = [];
  const told = (): void => {
    const due = waiting.filter((one) => one.condition());
    waiting = waiting.filter((one) => !due.includes(one));
    for (const one of due) one.resolve();
  };
  let count = 0;
  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const index = sockets.push(socket) - 1;
    received.push("");
    let taken = 0;
    socket.on("error", () => {});
    socket.on("close", told);
    socket.on("end", () => {
      socket.end();
      told();
    });
    options.eager?.(socket);
    socket.on("data", (chunk: Buffer) => {
      received[index] += chunk.latin1Slice();
      for (
        let end = received[index]!.indexOf("\r\n\r\n", taken);
        end >= 0;
        end = received[index]!.indexOf("\r\n\r\n", taken)
      ) {
        const request = received[index]!.slice(taken);
        taken = end + 4;
        script(socket, request, count++);
        // A body is the script's affair: what follows the head in this test is not another request.
        if (!request.startsWith("GET")) taken = Number.MAX_SAFE_INTEGER;
      }
      told();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    received,
    sockets,
    until: (condition) =>
      condition() ? Promise.resolve() : new Promise((resolve) => waiting.push({ condition, resolve })),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** A port that nobody listens on. */
export async function closedPort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
