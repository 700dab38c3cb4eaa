import net from "node:net";
import { Http1Connection } from "../http/connection.ts";
import type { ExchangeObserver, Handler } from "../http/exchange.ts";
import type { Http1Settings } from "../http/settings.ts";

/** What a client is told that comes when there are as many connections as there may be. */
const FULL = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

export interface ListenerParts {
  /** The handler in effect, looked up for each request so that a reload swaps it. */
  readonly handler: () => Handler;
  readonly settings: () => Http1Settings;
  /** Most connections of all listeners together; who comes then gets 503. */
  readonly limit: () => number;
  readonly observer: ExchangeObserver;
  /** All connections of all listeners, for draining. */
  readonly connections: Set<Http1Connection>;
}

/** Accepts clients on a listening handle that main owns: closing it here leaves main's socket and its backlog as they are. */
export class ClientListener {
  readonly key: string;
  readonly #parts: ListenerParts;
  readonly #server: net.Server;

  constructor(key: string, parts: ListenerParts) {
    this.key = key;
    this.#parts = parts;
    this.#server = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  start(handle: unknown, onError: (error: Error) => void): void {
    this.#server.on("error", onError);
    this.#server.listen(handle as net.ListenOptions);
  }

  stop(): void {
    this.#server.close();
  }

  // A word of refusal costs less than a wait that ends in a timeout; it is not awaited that the client reads it.
  #turnAway(socket: net.Socket): void {
    const client = {
      address: socket.remoteAddress ?? "",
      port: socket.remotePort ?? 0,
      localPort: socket.localPort ?? 0,
      secure: false,
    };
    this.#parts.observer.refused(client, 503, "too many connections", "");
    socket.on("error", () => {}); // it has left already
    socket.end(FULL, () => socket.destroy());
  }

  #accept(socket: net.Socket): void {
    const { handler, settings, observer, connections, limit } = this.#parts;
    if (connections.size >= limit()) return this.#turnAway(socket);
    const connection = new Http1Connection(socket, {
      handler,
      settings: settings(),
      observer,
      secure: false,
      localPort: socket.localPort ?? 0,
      address: this.key,
    });
    connections.add(connection);
    socket.once("close", () => connections.delete(connection));
    connection.start();
  }
}
