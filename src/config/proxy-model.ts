import type { Template } from "./template-model.ts";

export type ProxyProtocol = "http" | "https" | "uwsgi" | "puwsgi" | "fastcgi" | "scgi";

export interface ProxyConfig {
  readonly kind: "proxy";
  readonly protocol: ProxyProtocol;
  /** Key in `Config.upstreams`: named ones, and one for each address that is written at a route (`http://127.0.0.1:8080`). null: `target`. */
  readonly upstream: string | null;
  /**
   * An address with variables in it, found out for each request (`host:port`, `unix:/path`, an upstream's name, with `http://` or
   * `https://` in front or a path behind it); else null.
   */
  readonly target: Template | null;
  /** Who knows the addresses of names that `target` comes to; null: the system. */
  readonly resolver: ResolverConfig | null;
  /** `{proxy_host}`: host and port as they were written, without the protocol's own port. */
  readonly name: Template;
  /** null: the request's target goes on unchanged (re-encoded where it was rewritten). Else `strip` at the front becomes `to`; strip null: all of the path does, and with `whole` nothing of the query goes on. */
  readonly path: { readonly strip: string | null; readonly to: Template; readonly whole?: boolean } | null;
  /** Value of Host, unless request headers set it. */
  readonly host: Template;
  /** Set X-Forwarded-For, -Proto, -Host and Forwarded, from what we know alone. */
  readonly forwarded: boolean;
  /** The request's method; null: the client's. */
  readonly method: Template | null;
  /** The request's body in place of the client's, empty for none; null: the client's. */
  readonly body: Template | null;
  /** Lower-case names of the fields of the request that go on; null: all. */
  readonly passHeaders: readonly string[] | null;
  /** uwsgi, puwsgi, fastcgi, scgi: parameters, in order; each empty value is sent too. Request headers follow as HTTP_*. */
  readonly parameters: readonly (readonly [string, Template])[];
  /** fastcgi: how the path becomes a script's name and what follows it. `split`: a pattern with two groups. */
  readonly script: { readonly index: string; readonly split: string | null };
  /** Collect the response (to memory, then file) so that a slow client doesn't hold the upstream; false: pass on as it comes. */
  readonly buffering: boolean;
  /** Collect the request's body before the upstream is asked. */
  readonly requestBuffering: boolean;
  /** Trailers of requests go on (HTTP alone). */
  readonly requestTrailers: boolean;
  /** Milliseconds. */
  readonly connectTimeout: number;
  readonly sendTimeout: number;
  readonly readTimeout: number;
  readonly retry: {
    /** What leads to the next target; `non-idempotent` lets POST, LOCK and PATCH be sent again. */
    readonly on: readonly (
      | "error"
      | "timeout"
      | "invalid-header"
      | "500"
      | "502"
      | "503"
      | "504"
      | "403"
      | "404"
      | "429"
      | "non-idempotent"
    )[];
    /** Tries in all; 0: as many as there are targets. */
    readonly tries: number;
    /** Milliseconds for all tries; 0: no limit. */
    readonly timeout: number;
  };
  /** Location and Refresh that begin with `from` (a template, or `~pattern`) begin with `to` for the client; `default`: as NGINX's. */
  readonly redirects: readonly ("default" | { readonly from: Template; readonly to: Template })[];
  /** `from`: a template, or `~pattern`. */
  readonly cookiePaths: readonly { readonly from: Template; readonly to: Template }[];
  readonly cookieDomains: readonly { readonly from: Template; readonly to: Template }[];
  /** Attributes that cookies of these names (a template, or `~pattern`) get or lose; the first that fits. */
  readonly cookieFlags: readonly { readonly name: Template; readonly flags: readonly Template[] }[];
  /** Response fields that clients don't get, lower case. */
  readonly hide: readonly string[];
  /** Fields of clients go on that have other characters than letters, digits and `-` in their names. */
  readonly underscores: boolean;
  /** Connections carry further requests, as the upstream's `keepalive` has it. */
  readonly keepConnections: boolean;
  /** Tunnel what answers an Upgrade request with 101 (WebSocket). */
  readonly upgrade: boolean;
  /** Milliseconds: without a byte either way, and in all (0: no limit). */
  readonly tunnel: { readonly idle: number; readonly lifetime: number };
  /** `X-Accel-Redirect` of the answer leads to an internal route, `X-Accel-Limit-Rate` says how fast it goes out. */
  readonly accel: boolean;
  /** `X-Accel-Expires` goes on to a cache before the handler. */
  readonly tellsExpiry?: boolean;
  readonly tls: {
    readonly verify: boolean;
    /** PEM file of the authorities; null: the system's. */
    readonly ca: string | null;
    /** Name in SNI and the certificate; null: the target's host. */
    readonly name: Template | null;
    readonly crl: string | null;
    readonly certificate: string | null;
    readonly key: string | null;
  } | null;
}

/** Name servers that are asked for addresses, instead of the system. */
export interface ResolverConfig {
  /** `host`, `host:port`, `[::1]:port`. */
  readonly servers: readonly string[];
  /** Milliseconds for which an answer holds; null: as long as it says itself. */
  readonly valid: number | null;
  /** Milliseconds until a name counts as one that can't be found. */
  readonly timeout: number;
  /** Which kinds of addresses are asked for. */
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

export interface UpstreamConfig {
  readonly name: string;
  readonly targets: readonly TargetConfig[];
  readonly balance: "round-robin" | "least-connections" | "random-two" | "hash" | "ip-hash" | "sticky";
  /** What `hash` hashes; the cookie's name for `sticky`; else empty. */
  readonly key: Template;
  /** `hash`: a target more or less moves few keys. */
  readonly consistent: boolean;
  /** Idle connections kept open; 0: a new one for each request. */
  readonly keepalive: number;
  readonly keepaliveTimeout: number;
  /** Requests that one connection carries, and how long it is used, ms; 0: no limit. */
  readonly keepaliveRequests: number;
  readonly keepaliveTime: number;
  /** Who knows the addresses of its targets' names; null: the system. */
  readonly resolver: ResolverConfig | null;
  /** Requests that may wait while every target is at its `maxConnections`, and how long, ms. */
  readonly queueSize: number;
  readonly queueTimeout: number;
  /** A target that came back gets its full share after this, ms; 0: at once. */
  readonly slowStart: number;
  readonly health: {
    /** HTTP path to ask for (2xx and 3xx are well), or null: a TCP connection is enough. */
    readonly path: string | null;
    readonly interval: number;
    readonly timeout: number;
    readonly fails: number;
    readonly passes: number;
  } | null;
}

export interface TargetConfig {
  /** Host name or address, without brackets; empty for a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly path: string | null;
  readonly weight: number;
  /** Open at once; 0: no limit. */
  readonly maxConnections: number;
  /** So many failures within `failTimeout` take it out for as long; 0: never. */
  readonly maxFails: number;
  readonly failTimeout: number;
  /** Only while no other target can be used. */
  readonly backup: boolean;
  readonly down: boolean;
}
