import net from "node:net";
import { Http1Connection } from "../http/connection.ts";
import type { ExchangeObserver, Handler } from "../http/exchange.ts";
import type { Http1Settings } from "../http/settings.ts";

export interface ListenerParts {
  /** The handler in effect, looked up for each request so that a reload swaps it. */
  readonly handler: () => Handler;
  readonly settings: () => Http1Settings;
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

  #accept(socket: net.Socket): void {
    const { handler, settings, observer, connections } = this.#parts;
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
