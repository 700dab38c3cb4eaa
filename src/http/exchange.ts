import type { Duplex } from "node:stream";
import type { Pace } from "./pace.ts";
import type { ProxiedConnection } from "./proxy-protocol.ts";
import type { RequestHeaders } from "./request-headers.ts";
import type { ResponseHead } from "./response-head.ts";
import type { SecureSession } from "./secure-session.ts";

/** Answers an exchange, now or later, by calling `respond` or `fail` on it exactly once. Never throws, returns no promise. */
export interface Handler {
  handle(exchange: Exchange): void;
}

/** What is known of the client's connection. One object a connection, shared by its exchanges. */
export interface Client {
  /** Peer address without brackets; empty for a Unix socket. */
  readonly address: string;
  readonly port: number;
  /** The listener's port; 0 for a Unix socket. */
  readonly localPort: number;
  /** The address that the connection came to, without brackets; empty for a Unix socket. */
  readonly localAddress: string;
  /** The listener's `address` in the configuration, by which sites are chosen. */
  readonly listener: string;
  readonly secure: boolean;
  /** The end of the connection, where a trusted proxy there spoke for the client; absent: the client itself is there. */
  readonly peer?: Client;
  /** What a PROXY protocol header said; absent: none came. */
  readonly proxied?: ProxiedConnection;
  /** Of a connection with TLS that ends here. */
  readonly session?: SecureSession;
}

/**
 * One request with its response, whichever HTTP version carries it (DESIGN §4). The head is complete and valid (RFC 9110,
 * RFC 9112) when a handler sees it; the body arrives through `body`.
 */
export interface Exchange {
  /** As received, until an internal redirect turns it into GET; whether the response has a body is decided by what was received. */
  method: string;
  /** The request target as received: origin-form, or `*` for `OPTIONS *`. An absolute-form is already split up. */
  readonly target: string;
  /**
   * The target's path, percent-decoded to latin-1 (one character a byte), dot segments removed. What routes match and apps
   * see. Rules and internal redirects replace it.
   */
  path: string;
  /** Without the `?`; empty when there is none. Rules and internal redirects replace it. */
  query: string;
  /** `path` or `query` were replaced: `target` no longer says what they are. */
  rewritten: boolean;
  /** `HTTP/1.0`, `HTTP/1.1` or `HTTP/2.0`, as SERVER_PROTOCOL spells it. */
  readonly protocol: string;
  /** Host of the request (Host header or absolute-form authority), lower case, without the port; empty when HTTP/1.0 gave none. A trusted proxy may say another. */
  host: string;
  /** Header rules of routes replace it by a changed copy. */
  headers: RequestHeaders;
  /** Who asked: at the other end of the connection, until a trusted proxy there says who. */
  client: Client;
  /** Routes with limits of their own replace it by one that counts. */
  body: RequestBody;
  /** `performance.now()` when the head was complete. */
  readonly began: number;

  /** Set by the handler that answers, for metrics and the access log: the app's name, or empty. */
  app: string;
  /** Set by routing: the site's first host, or `default`. */
  site: string;
  /** Set by routing: the route that took it, as it is written (`/wps`, `@name`), or empty. */
  route: string;
  /** Milliseconds waited in an app's queue. */
  queued: number;
  /** What routing keeps with an exchange (captures, variables, the route); null until it needs that. Only `src/route` reads it. */
  routing: object | null;
  /** The variables of the request as a front sent them (uwsgi), for the environ of apps; null: there was none. */
  readonly environ: readonly (readonly [string, string])[] | null;
  /** The head that the client is sent, as the handlers and filters made it, for logs; null before. */
  readonly sent?: ResponseHead | null;
  /** How fast the response's body goes out at most: set by routing and by upstreams before the answer; null: as fast as the client reads. */
  pace?: Pace | null;
  /** Bytes of the response's head as sent, where the protocol counts them. */
  readonly headBytes?: number;
  /** Called once if the client goes away before the response is complete; nothing is to be answered then. */
  onAbort: (() => void) | null;
  /** Called when the client closes its side while its answer is awaited or on its way: it may still read that, or it may have left. */
  onInputEnd?: (() => void) | null;
  /** True when the client is gone; `respond` and `fail` then only release what they were given. */
  readonly aborted: boolean;

  /**
   * Answers. The protocol adds Date, Content-Length or chunked framing, connection headers; drops the body for HEAD, 204
   * and 304 (RFC 9110 §6.4.1); and calls the body's `cancel` or `close` when the client goes away.
   */
  respond(head: ResponseHead, body: ResponseBody): void;
  /** Answers with an error page of this status, with these fields beside its own; after the response has begun it cuts the connection instead. */
  fail(status: number, reason: string, headers?: readonly (readonly [string, string])[]): void;
  /** Sends an interim response (1xx) before the final one; ignored for HTTP/1.0. */
  inform(head: ResponseHead): void;
  /** The client asks to switch to another protocol, and `tunnel` can do it. */
  readonly upgradable: boolean;
  /**
   * Answers 101 with this head, Upgrade included, and gives the connection up: `take` gets it as a stream, later, and ends it.
   * Filters are passed by. If the client leaves before that, `onAbort` is called in its stead; afterwards both may be.
   */
  tunnel(head: ResponseHead, take: (client: Duplex) => void): void;
  /**
   * Puts a filter before the client: `respond` and `fail` go to the filter that was added last, which is taken off first, so
   * that what it calls on the exchange reaches the one before it, and in the end the client.
   */
  filter(filter: ResponseFilter): void;
}

/**
 * Sees an answer before the client does, and passes it on, changed or not, by calling `respond` or `fail` on the exchange;
 * or has the exchange handled once more (error pages, X-Accel-Redirect) after releasing the body it was given.
 */
export interface ResponseFilter {
  respond(exchange: Exchange, head: ResponseHead, body: ResponseBody): void;
  fail(exchange: Exchange, status: number, reason: string, headers: readonly (readonly [string, string])[]): void;
}

/**
 * The request's body. A handler that answers without reading it lets the protocol drain a little of it or close
 * (RFC 9112 §9.3).
 */
export interface RequestBody {
  /** Declared length in bytes, 0 when there is no body, -1 when chunked (unknown). */
  readonly length: number;
  /** Starts reading into `sink`, which may be called before this returns; sends `100 Continue` first where it is awaited. */
  read(sink: BodySink): void;
  /** Stops calling the sink (the kernel holds the client back) until `resume`. */
  pause(): void;
  resume(): void;
}

/** Receives a request body. After `end` or `fail` nothing more is called. */
export interface BodySink {
  /** A piece of the body; its memory may be reused after the call returns: copy what is kept. */
  data(chunk: Buffer): void;
  /** `trailers`: the fields behind a body, checked (RFC 9110 §6.5), names in lower case; absent: none came. Never part of the headers. */
  end(trailers?: readonly (readonly [string, string])[]): void;
  /** The body can't be completed: too large (413), malformed (400), timed out (408) or the client went away (499). */
  fail(status: number, reason: string): void;
}

/** null: no content. A Buffer: the whole body. */
export type ResponseBody = Buffer | FileBody | StreamBody | null;

/** A slice of an open file. The protocol reads `length` bytes from `start`, then calls `close` once, whatever happens. */
export interface FileBody {
  readonly kind: "file";
  readonly fd: number;
  readonly start: number;
  readonly length: number;
  close(): void;
}

/** A body that is produced over time. The protocol calls `start` once; then exactly one of sink.end, sink.fail or `cancel` ends it. */
export interface StreamBody {
  readonly kind: "stream";
  /** Bytes, or -1 when unknown (chunked, or closed at the end for HTTP/1.0). */
  readonly length: number;
  start(sink: ResponseSink): void;
  /** The client reads again after `write` returned false. */
  resume(): void;
  /** The client is gone, or the response is a HEAD: produce no more. */
  cancel(): void;
}

export interface ResponseSink {
  /** Takes a piece (kept by reference until written: do not reuse its memory); false: wait for `resume` before the next. */
  write(chunk: Buffer): boolean;
  /** `trailers`: fields after a chunked body; left out where the protocol has no place for them. */
  end(trailers?: readonly (readonly [string, string])[]): void;
  /** The body can't be completed: the protocol cuts the connection, so that the client can tell (RFC 9112 §8). */
  fail(reason: string): void;
}

/** Told once about each exchange that ended, answered or not: metrics and the access log. */
export interface ExchangeObserver {
  /** `status` 0: the client left before an answer (logged as 499). `bytes`: of the response body as sent. */
  ended(exchange: Exchange, status: number, bytes: number): void;
  /** A request refused before it became an exchange: bad syntax, too large, too slow. `line` is what was read of the request line. */
  refused(client: Client, status: number, reason: string, line: string): void;
  connectionOpened(): void;
  connectionClosed(): void;
}
