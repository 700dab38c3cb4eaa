import net from "node:net";
import type { Client, Exchange, ExchangeObserver, Handler } from "../../src/http/exchange.ts";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, type HttpLimits, type HttpTimeouts } from "../../src/http/settings.ts";
import { Http2Connection } from "../../src/http2/connection.ts";
import { DEFAULT_HTTP2_LIMITS, type Http2Limits } from "../../src/http2/http2-options.ts";

export interface Ended {
  readonly target: string;
  readonly status: number;
  readonly bytes: number;
}

/** An HTTP/2 engine on a free port of the loopback, in clear text, with what it told its observer. */
export interface TestServer extends AsyncDisposable {
  readonly port: number;
  readonly ended: Ended[];
  readonly refused: { readonly status: number; readonly reason: string; readonly line: string }[];
  readonly connections: Set<Http2Connection>;
  readonly counts: { opened: number; closed: number };
  /** Resolves when `condition` holds; asked whenever the observer was told something. */
  until(condition: () => boolean): Promise<void>;
}

export interface ServeOptions {
  readonly limits?: Partial<HttpLimits>;
  readonly timeouts?: Partial<HttpTimeouts>;
  readonly http2?: Partial<Http2Limits>;
  readonly port?: number;
}

export async function serve(handle: (exchange: Exchange) => void, options: ServeOptions = {}): Promise<TestServer> {
  const handler: Handler = { handle };
  const ended: Ended[] = [];
  const refused: { status: number; reason: string; line: string }[] = [];
  const connections = new Set<Http2Connection>();
  const counts = { opened: 0, closed: 0 };
  let waiting: { condition: () => boolean; resolve: () => void }[] = [];
  const told = (): void => {
    const due = waiting.filter((one) => one.condition());
    waiting = waiting.filter((one) => !due.includes(one));
    for (const one of due) one.resolve();
  };
  const observer: ExchangeObserver = {
    ended: ({ target }, status, bytes) => {
      ended.push({ target, status, bytes });
      told();
    },
    refused: (_client: Client, status, reason, line) => {
      refused.push({ status, reason, line });
      told();
    },
    connectionOpened: () => {
      counts.opened++;
      told();
    },
    connectionClosed: () => {
      counts.closed++;
      told();
    },
  };
  const settings = {
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    timeouts: { ...DEFAULT_TIMEOUTS, ...options.timeouts },
    serverName: null,
  };
  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const connection = new Http2Connection(socket, {
      handler: () => handler,
      settings,
      http2: { ...DEFAULT_HTTP2_LIMITS, ...options.http2 },
      observer,
      secure: false,
      localPort: socket.localPort ?? 0,
      address: "127.0.0.1",
    });
    connections.add(connection);
    socket.once("close", () => connections.delete(connection));
    connection.start();
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    ended,
    refused,
    connections,
    counts,
    until: (condition) =>
      condition() ? Promise.resolve() : new Promise((resolve) => waiting.push({ condition, resolve })),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of connections) connection.destroy();
      }),
  };
}
