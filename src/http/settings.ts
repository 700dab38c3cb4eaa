/** Bytes and counts. The configuration's `limits` fit; so the engine needs to know nothing of configuration files. */
export interface HttpLimits {
  /** Bytes of a request line without its CRLF; longer: 414. */
  readonly requestLine: number;
  /** Bytes of a header section, and of a trailer section; larger: 431. */
  readonly headerSize: number;
  /** Fields of a header section, and of a trailer section; more: 431. */
  readonly headerCount: number;
  /** Bytes of a request body; larger: 413. 0: no limit. */
  readonly body: number;
  /** Requests on one connection, which is then closed; 0: no limit. */
  readonly requests: number;
}

/** Milliseconds, but for the rate. */
export interface HttpTimeouts {
  /** From the first byte of a request to the end of its head, then 408; and of a new connection without a byte, closed then. */
  readonly head: number;
  /** Between two reads of a request body; then 408. */
  readonly body: number;
  /** Of a kept-alive connection without a request; then it is closed. */
  readonly idle: number;
  /** Without progress while the client does not read its response; then the connection is cut. */
  readonly write: number;
  /** Bytes a second that a body must reach, averaged over the time spent waiting for the client; 0: off. */
  readonly minimumRate: number;
  /** Waiting before `minimumRate` counts. */
  readonly rateGrace: number;
}

export interface Http1Settings {
  readonly limits: HttpLimits;
  readonly timeouts: HttpTimeouts;
  /** Value of the Server field, or null for none. */
  readonly serverName: string | null;
}

/** NGINX reads 8 KiB lines and 4 x 8 KiB of head by default; its 1 MiB of body is what everyone has to raise. */
export const DEFAULT_LIMITS: HttpLimits = {
  requestLine: 8 * 1024,
  headerSize: 32 * 1024,
  headerCount: 100,
  body: 100 * 1024 * 1024,
  requests: 0,
};

export const DEFAULT_TIMEOUTS: HttpTimeouts = {
  head: 10_000,
  body: 30_000,
  idle: 75_000,
  write: 30_000,
  minimumRate: 240,
  rateGrace: 5_000,
};
