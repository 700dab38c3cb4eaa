import net from "node:net";
import type { TLSSocket } from "node:tls";
import type { ProxyProtocolConfig } from "../config/trust-model.ts";
import { plainAddress } from "../http/client-address.ts";
import { Http1Connection } from "../http/connection.ts";
import type { Client, ExchangeObserver, Handler } from "../http/exchange.ts";
import type { Http1Options } from "../http/http1-options.ts";
import { SecureSession } from "../http/secure-session.ts";
import type { Http1Settings } from "../http/settings.ts";
import { Http2Connection } from "../http2/connection.ts";
import { PREFACE_LINE } from "../http2/frame.ts";
import type { Http2Limits } from "../http2/http2-options.ts";
import type { ListenerCounts } from "../metrics/listener-metrics.ts";
import { parseNetwork } from "../template/networks.ts";
import { UwsgiConnection } from "../uwsgi/connection.ts";
import type { ClientCount } from "./client-count.ts";
import type { SecureSettings } from "./messages.ts";
import { readProxyHeader } from "./proxy-header.ts";
import { SecureServer } from "./secure-server.ts";

/** What a client is told that comes when there are as many connections as there may be. */
const FULL = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/** So many connections are looked at for an idle one when there is no room for another. */
const LOOKED_AT = 64;
/** Milliseconds after which a connection that asks nothing counts as idle. */
const SETTLED = 1000;

/** A client's connection, whatever it speaks. */
export type ClientConnection = Http1Connection | Http2Connection | UwsgiConnection;

export interface ListenerParts {
  /** The handler in effect, looked up for each request so that a reload swaps it. */
  readonly handler: () => Handler;
  readonly settings: () => Http1Settings;
  readonly http2: () => Http2Limits;
  /** Most connections of all listeners together; who comes then takes the place of an idle one, or gets 503. */
  readonly limit: () => number;
  readonly clients: ClientCount;
  readonly observer: ExchangeObserver;
  /** All connections of all listeners, for draining. */
  readonly connections: Set<ClientConnection>;
  readonly counts: ListenerCounts;
}

/** What clients speak from their next connection on. */
export interface ListenerMode {
  readonly protocol: "http" | "uwsgi";
  /** HTTP/2 too, for clients that ask for it: by ALPN, or in clear text by beginning with its preface (RFC 9113 §3). */
  readonly http2: boolean;
  /** null: without TLS. */
  readonly secure: SecureSettings | null;
  /** null: connections don't begin with a PROXY protocol header. */
  readonly proxyProtocol: ProxyProtocolConfig | null;
}

type Proxied = NonNullable<Http1Options["proxied"]>;

/** Accepts clients on a listening handle that main owns: closing it here leaves main's socket and its backlog as they are. */
export class ClientListener {
  readonly key: string;
  readonly #parts: ListenerParts;
  readonly #server: net.Server;
  /** null: clients speak plainly. */
  #secure: SecureServer | null = null;
  #mode: Pick<ListenerMode, "protocol" | "http2" | "proxyProtocol"> = {
    protocol: "http",
    http2: true,
    proxyProtocol: null,
  };
  /** What PROXY protocol headers said of connections in the midst of their TLS handshake. */
  readonly #proxied = new WeakMap<net.Socket, Proxied>();
  /** Connections before their first request: in the midst of their PROXY protocol header or handshake. */
  #shaking = 0;
  /** When connections were accepted. */
  readonly #since = new WeakMap<ClientConnection, number>();
  /** Where the search for an idle connection goes on. */
  #scan: Iterator<ClientConnection> | null = null;

  constructor(key: string, parts: ListenerParts) {
    this.key = key;
    this.#parts = parts;
    this.#server = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** For connections from now on; those that are open stay as they are. */
  configure({ protocol, http2, secure, proxyProtocol }: ListenerMode): void {
    this.#mode = { protocol, http2, proxyProtocol };
    if (secure === null) this.#secure = null;
    else this.renew(secure);
  }

  start(handle: unknown, onError: (error: Error) => void): void {
    this.#server.on("error", onError);
    this.#server.listen(handle as net.ListenOptions);
  }

  /** Other certificates, for clients from now on; who is in the midst of a handshake goes on with those before. */
  renew(secure: SecureSettings): void {
    if (this.#secure?.fits(secure, this.#mode.http2)) this.#secure.renew(secure);
    else this.#secure = this.#secureServer(secure);
  }

  stop(): void {
    this.#server.close();
  }

  #secureServer(secure: SecureSettings): SecureServer {
    const { observer, settings, counts } = this.#parts;
    return new SecureServer(secure, this.#mode.http2, settings().timeouts.head, {
      accepted: (socket) => {
        this.#shaking--;
        counts.handshake("ok");
        this.#begin(socket, true, this.#proxied.get(beneath(socket)));
      },
      failed: (socket, reason) => {
        this.#shaking--;
        counts.handshake("failed");
        observer.refused(this.#client(socket, true), 400, `TLS: ${reason}`, "");
      },
    });
  }

  #accept(socket: net.Socket): void {
    const { connections, limit, counts } = this.#parts;
    if (connections.size + this.#shaking >= limit() && !this.#makeRoom()) {
      counts.accepted.value++;
      return this.#turnAway(socket, "too many connections");
    }
    counts.opened(socket);
    socket.once("close", () => counts.closed(socket));
    const { proxyProtocol } = this.#mode;
    if (proxyProtocol !== null) return this.#introduce(socket, proxyProtocol);
    if (this.#count(socket, plainAddress(socket.remoteAddress ?? ""))) this.#open(socket, undefined);
  }

  /** Ends a connection that waits for its next request, as browsers keep them open and come again; false: none was found. */
  #makeRoom(): boolean {
    const { connections } = this.#parts;
    for (let looked = 0; looked < LOOKED_AT; looked++) {
      this.#scan ??= connections.values();
      const { value } = this.#scan.next();
      if (value === undefined) {
        this.#scan = null;
        continue;
      }
      // Who has just come may be about to ask.
      const age = performance.now() - (this.#since.get(value) ?? 0);
      if (!value.idle || age < SETTLED) continue;
      value.shutdown();
      connections.delete(value);
      return true;
    }
    return false;
  }

  /** Counts the connection for its client; false: it was turned away. */
  #count(socket: net.Socket, address: string): boolean {
    const { clients } = this.#parts;
    if (!clients.enter(address)) {
      this.#turnAway(socket, "too many connections from this address");
      return false;
    }
    socket.once("close", () => clients.leave(address));
    return true;
  }

  #open(socket: net.Socket, proxied: Proxied | undefined): void {
    if (this.#secure === null) return this.#begin(socket, false, proxied);
    this.#shaking++;
    if (proxied !== undefined) this.#proxied.set(socket, proxied);
    this.#secure.take(socket);
  }

  /** A connection of a proxy, which says first who the client is; nobody else may. */
  #introduce(socket: net.Socket, { ranges, take }: ProxyProtocolConfig): void {
    const address = plainAddress(socket.remoteAddress ?? "");
    if (!ranges.some((range) => parseNetwork(range).contains(address)))
      return this.#close(socket, "only trusted proxies may connect here");
    this.#shaking++;
    const lost = (): void => {}; // whatever fails, "close" follows
    socket.on("error", lost);
    readProxyHeader(socket, this.#parts.settings().timeouts.head, (header) => {
      this.#shaking--;
      socket.off("error", lost);
      if (typeof header === "string") return this.#close(socket, header);
      const { connection } = header;
      const client = take && connection !== null ? connection.address : address;
      if (this.#count(socket, client)) this.#open(socket, { connection, take });
    });
  }

  #close(socket: net.Socket, reason: string): void {
    this.#parts.observer.refused(this.#client(socket, false), 400, `PROXY protocol: ${reason}`, "");
    socket.on("error", () => {});
    socket.destroy();
  }

  // A word of refusal costs less than a wait that ends in a timeout; it is not awaited that the client reads it.
  #turnAway(socket: net.Socket, reason: string): void {
    this.#parts.counts.turnedAway.value++;
    this.#parts.observer.refused(this.#client(socket, this.#secure !== null), 503, reason, "");
    socket.on("error", () => {}); // it has left already
    if (this.#secure !== null) socket.destroy();
    else socket.end(FULL, () => socket.destroy());
  }

  #begin(socket: net.Socket | TLSSocket, secure: boolean, proxied: Proxied | undefined): void {
    const { handler, settings, http2, observer, connections } = this.#parts;
    const options = {
      handler,
      settings: settings(),
      http2: http2(),
      observer,
      secure,
      localPort: socket.localPort ?? 0,
      address: this.key,
      ...(proxied !== undefined && { proxied }),
      ...(secure && { session: new SecureSession(socket as TLSSocket) }),
    };
    let connection: ClientConnection;
    const takeOver = (_socket: net.Socket, line: string, input: Buffer): boolean => {
      if (secure || !this.#mode.http2 || line !== PREFACE_LINE || input.length === 0) return false;
      connections.delete(connection);
      const successor = new Http2Connection(socket, options);
      connection = successor;
      connections.add(connection);
      this.#since.set(connection, performance.now());
      successor.start(input);
      return true;
    };
    if (this.#mode.protocol === "uwsgi") connection = new UwsgiConnection(socket, options);
    else if ((socket as Partial<TLSSocket>).alpnProtocol === "h2") connection = new Http2Connection(socket, options);
    else connection = new Http1Connection(socket, { ...options, takeOver });
    connections.add(connection);
    this.#since.set(connection, performance.now());
    socket.once("close", () => connections.delete(connection));
    connection.start();
    // Reading its PROXY protocol header left it paused.
    if (proxied !== undefined) socket.resume();
  }

  #client(socket: net.Socket, secure: boolean): Client {
    return {
      address: socket.remoteAddress ?? "",
      port: socket.remotePort ?? 0,
      localPort: socket.localPort ?? 0,
      localAddress: socket.localAddress ?? "",
      listener: this.key,
      secure,
    };
  }
}

/** The connection that TLS is spoken on. Node keeps it there, and offers no other way from one to the other. */
function beneath(socket: TLSSocket): net.Socket {
  return (socket as TLSSocket & { readonly _parent?: net.Socket })._parent ?? socket;
}
