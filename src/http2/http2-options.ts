import type { Http1Options } from "../http/http1-options.ts";

/** What one client of HTTP/2 may ask for, beside `HttpLimits`. */
export interface Http2Limits {
  /** Requests at once on a connection (SETTINGS_MAX_CONCURRENT_STREAMS). */
  readonly streams: number;
  /** Requests that a client may give up before their answer, at once; a tenth of that again each second (CVE-2023-44487). */
  readonly resets: number;
  /** Frames without use (PING, SETTINGS, empty DATA, ...), at once; a tenth of that again each second (CVE-2019-9512 and others). */
  readonly frames: number;
  /** Bytes of responses that wait in memory for one client; its further requests wait meanwhile. */
  readonly buffer: number;
}

export const DEFAULT_HTTP2_LIMITS: Http2Limits = { streams: 128, resets: 200, frames: 1000, buffer: 8 * 1024 * 1024 };

/** What a connection of HTTP/2 is made with. */
export interface Http2Options extends Http1Options {
  readonly http2: Http2Limits;
}
