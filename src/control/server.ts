import net from "node:net";
import { hasCode, PropylonError } from "../base/errors.ts";
import { Http1Connection } from "../http/connection.ts";
import type { ExchangeObserver, Handler } from "../http/exchange.ts";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, type Http1Settings } from "../http/settings.ts";

/** Arguments are small. */
const SETTINGS: Http1Settings = {
  limits: { ...DEFAULT_LIMITS, body: 64 * 1024 },
  timeouts: DEFAULT_TIMEOUTS,
  serverName: null,
};

/** The control API is no site: nothing is counted or logged of it. */
const UNSEEN: ExchangeObserver = { ended() {}, refused() {}, connectionOpened() {}, connectionClosed() {} };

/** Serves a handler on a socket of main's own, with the engine that serves the sites. */
export class ControlServer {
  #handler: Handler;
  readonly #connections = new Set<Http1Connection>();
  readonly #server: net.Server;
  #address = "";

  constructor(handler: Handler) {
    this.#handler = handler;
    this.#server = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** Listens on a Unix socket that only we and root can open. */
  async listenPrivately(path: string): Promise<void> {
    this.#address = `unix:${path}`;
    // bind(2) happens within the call: there is no moment in which others could connect.
    const before = process.umask(0o177);
    let listening: Promise<void>;
    try {
      listening = this.#listen({ path });
    } finally {
      process.umask(before);
    }
    await listening;
  }

  /** Listens on TCP; `host` `*` is every network. */
  async listen(host: string, port: number): Promise<void> {
    this.#address = `${host}:${port}`;
    await this.#listen({ port, ...(host === "*" ? {} : { host }), exclusive: true });
  }

  /** Answers by this handler from now on, on open connections too. */
  use(handler: Handler): void {
    this.#handler = handler;
  }

  /** The port in use; 0 for a Unix socket. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Stops to listen, lets answers in flight be sent within `patience` ms, then cuts. */
  async close(patience: number): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) connection.shutdown();
    const timer = setTimeout(() => {
      for (const connection of this.#connections) connection.destroy();
    }, patience);
    await closed;
    clearTimeout(timer);
  }

  #listen(options: net.ListenOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", (error) => reject(listenError(this.#address, error)));
      this.#server.listen(options, () => {
        this.#server.removeAllListeners("error");
        resolve();
      });
    });
  }

  #accept(socket: net.Socket): void {
    const connection = new Http1Connection(socket, {
      handler: () => this.#handler,
      settings: SETTINGS,
      observer: UNSEEN,
      secure: false,
      localPort: socket.localPort ?? 0,
      address: this.#address,
    });
    this.#connections.add(connection);
    socket.once("close", () => this.#connections.delete(connection));
    connection.start();
  }
}

function listenError(address: string, cause: Error): PropylonError {
  const inUse = hasCode(cause, "EADDRINUSE");
  const why = inUse ? "it is in use" : cause.message;
  return new PropylonError("user", `Cannot listen on ${address} for the control API: ${why}`, {
    cause,
    remedy: "choose another address for `admin`",
  });
}
