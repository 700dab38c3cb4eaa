import net from "node:net";
import { Http1Connection } from "../../src/http/connection.ts";
import type { Client, Exchange, ExchangeObserver, Handler } from "../../src/http/exchange.ts";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, type HttpLimits, type HttpTimeouts } from "../../src/http/settings.ts";

export interface Ended {
  readonly target: string;
  readonly status: number;
  readonly bytes: number;
}

/** An engine on a free port of the loopback, with what it told its observer. */
export interface TestServer extends AsyncDisposable {
  readonly port: number;
  readonly ended: Ended[];
  readonly refused: { readonly status: number; readonly reason: string; readonly line: string }[];
  readonly connections: Set<Http1Connection>;
  /** Connections opened and closed so far. */
  readonly opened: () => number;
  readonly closed: () => number;
  /** Resolves when `condition` holds; asked whenever the observer was told something. */
  until(condition: () => boolean): Promise<void>;
}

export interface ServeOptions {
  readonly limits?: Partial<HttpLimits>;
  readonly timeouts?: Partial<HttpTimeouts>;
  readonly serverName?: string;
}

export async function serve(handle: (exchange: Exchange) => void, options: ServeOptions = {}): Promise<TestServer> {
  const handler: Handler = { handle };
  const ended: Ended[] = [];
  const refused: { status: number; reason: string; line: string }[] = [];
  const connections = new Set<Http1Connection>();
  let opened = 0;
  let closed = 0;
  let waiting: { condition: () => boolean; resolve: () => void }[] = [];
  const told = (): void => {
    const due = waiting.filter((one) => one.condition());
    waiting = waiting.filter((one) => !due.includes(one));
    for (const one of due) one.resolve();
  };
  const observer: ExchangeObserver = {
    ended: (exchange, status, bytes) => {
      ended.push({ target: exchange.target, status, bytes });
      told();
    },
    refused: (_client: Client, status, reason, line) => {
      refused.push({ status, reason, line });
      told();
    },
    connectionOpened: () => {
      opened++;
      told();
    },
    connectionClosed: () => {
      closed++;
      told();
    },
  };
  const settings = {
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    timeouts: { ...DEFAULT_TIMEOUTS, ...options.timeouts },
    serverName: options.serverName ?? null,
  };
  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const connection = new Http1Connection(socket, {
      handler: () => handler,
      settings,
      observer,
      secure: false,
      localPort: socket.localPort ?? 0,
      address: "127.0.0.1",
    });
    connections.add(connection);
    socket.once("close", () => connections.delete(connection));
    connection.start();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    ended,
    refused,
    connections,
    opened: () => opened,
    closed: () => closed,
    until: (condition) =>
      condition() ? Promise.resolve() : new Promise((resolve) => waiting.push({ condition, resolve })),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of connections) connection.destroy();
      }),
  };
}
