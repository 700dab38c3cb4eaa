import type { DeadlineConfig } from "./deadline-model.ts";
import type { LogConfig } from "./log-model.ts";
import type { ConcurrencyLimitConfig, RateLimitConfig } from "./policy-model.ts";
import type { PoolLifeConfig } from "./pool-life.ts";
import type { AfterConfig, ProgramConfig } from "./program-model.ts";
import type { UpstreamConfig } from "./proxy-model.ts";
import type { AccessLogConfig, SiteConfig, VariableConfig } from "./route-model.ts";
import type { ProxyProtocolConfig, TrustConfig } from "./trust-model.ts";

/**
 * The effective configuration: every default filled in, every path absolute, every unit plain (milliseconds, bytes). What
 * the supervisor, the edge and the workers are built from; plain data, so that it crosses process boundaries as JSON.
 * `schema.ts` describes what people write; `resolve.ts` turns that into this.
 */
export interface Config {
  /** Absolute path of the folder that relative paths started from. */
  readonly directory: string;
  /** The profile in effect, or empty. Apps see it as `PROPYLON_PROFILE`. */
  readonly profile: string;
  readonly listeners: readonly ListenerConfig[];
  /** `host:port` of the TCP admin listener, or null. */
  readonly admin: string | null;
  /** Absolute path of the file with the admin listener's token; null: the usual place. */
  readonly adminToken: string | null;
  /** `/metrics` of the admin listener needs no token. */
  readonly adminMetrics: boolean;
  /** Where figures are told as uWSGI's stats server tells them; null: nowhere. */
  readonly uwsgiStats: UwsgiStatsConfig | null;
  /** User and group of the edges when main runs as root; null: unchanged. */
  readonly user: string | null;
  readonly group: string | null;
  readonly apps: Readonly<Record<string, AppConfig>>;
  /** Other commands that are kept alive, by name. */
  readonly programs: Readonly<Record<string, ProgramConfig>>;
  /** By name, without the braces: values that are looked up for each request (NGINX's `map` and `geo`). */
  readonly variables: Readonly<Record<string, VariableConfig>>;
  readonly upstreams: Readonly<Record<string, UpstreamConfig>>;
  readonly sites: readonly SiteConfig[];
  readonly rateLimits: Readonly<Record<string, RateLimitConfig>>;
  readonly concurrencyLimits: Readonly<Record<string, ConcurrencyLimitConfig>>;
  /** Who may say who the client is, where a site says nothing else. */
  readonly trustedProxies: TrustConfig;
  /** What answers for hosts that no site names: the default site, or an error with this status. */
  readonly unknownHosts: "default" | 404 | 421;
  readonly limits: LimitsConfig;
  readonly timeouts: TimeoutsConfig;
  readonly static: StaticCacheConfig;
  /** Stores of the HTTP cache, by name; `default` is always there. */
  readonly caches: Readonly<Record<string, CacheStoreConfig>>;
  /** Where sites and routes name no others; empty: none. */
  readonly accessLog: readonly AccessLogConfig[];
  readonly log: LogConfig;
  /** null: requests get no id unless something asks for `{request_id}`. */
  readonly requestId: RequestIdConfig | null;
}

/** A socket on which each connection gets uWSGI's statistics as JSON. */
export interface UwsgiStatsConfig {
  /** `host:port` or `unix:/absolute/path`. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  /** Absolute path of a Unix socket, or null for TCP. */
  readonly path: string | null;
  readonly mode: number;
  readonly owner: string | null;
  readonly group: string | null;
  /** With the head of an HTTP answer. */
  readonly http: boolean;
  readonly minified: boolean;
}

/** Ids that requests have from before they are routed. */
export interface RequestIdConfig {
  /** Field that apps and upstreams get it in, and trusted clients send it in. */
  readonly header: string;
  /** Addresses, networks and `unix:` whose ids are taken as they are. */
  readonly trust: readonly string[];
  /** The client gets it too. */
  readonly respond: boolean;
}

export interface ListenerConfig {
  /** `host:port` (`*:80`, `127.0.0.1:8000`, `[::1]:80`) or `unix:/absolute/path`. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  /** Absolute path of a Unix socket, or null for TCP. */
  readonly path: string | null;
  /** Permission bits of a Unix socket. */
  readonly mode: number;
  readonly owner: string | null;
  readonly group: string | null;
  /** Remove the Unix socket at exit. */
  readonly unlink: boolean;
  /** What clients speak; `uwsgi` for an NGINX in front. */
  readonly protocol: "http" | "uwsgi";
  /** HTTP/2 is spoken too with clients that ask for it. */
  readonly http2: boolean;
  /** null: clients speak plainly. */
  readonly tls: TlsConfig | null;
  /** Connections begin with a PROXY protocol header; null: they don't. */
  readonly proxyProtocol: ProxyProtocolConfig | null;
}

/** Certificates that we get or make ourselves; their files are among those of the listener. */
export interface ManagedTls {
  readonly kind: "acme" | "internal";
  /** What is kept: a file of key and chain (absolute), and the hosts it is for, lower case. `acme`: one each, `internal`: one for all. */
  readonly kept: readonly { readonly file: string; readonly hosts: readonly string[] }[];
  /** Absolute folder of keys and certificates. */
  readonly storage: string;
  /** Null for `internal`. */
  readonly account: {
    readonly directory: string;
    readonly email: string | null;
    readonly binding: { readonly keyId: string; readonly hmacKey: string } | null;
    /** Absolute path of a PEM file, or null. */
    readonly authorities: string | null;
    readonly storage: string;
  } | null;
}

/**
 * Which clients are let in: `none` are asked for a certificate; `required` and `optional` are of the authorities, and may or may not
 * be left out; `any` are taken whoever signed them.
 */
export type ClientCertificates = "none" | "required" | "optional" | "any";

export interface TlsConfig {
  /** Null: all certificates are files of somebody else's. */
  readonly managed: ManagedTls | null;
  /** Absolute paths; the first answers for clients that name no host, or one that no certificate is for. */
  readonly certificates: readonly { readonly certificate: string; readonly key: string; readonly chain?: string }[];
  /** PEM file of the authorities whose clients are let in; null: clients show no certificate. */
  readonly clientAuthorities: string | null;
  readonly clients: ClientCertificates;
  /** PEM file of revoked certificates, or null. */
  readonly clientRevocations: string | null;
  /** File of the passwords of encrypted keys, or null. */
  readonly keyPasswords: string | null;
  /** Handshakes for a host that no certificate is for fail. */
  readonly refuseUnknown: boolean;
  readonly minimum: "TLSv1.2" | "TLSv1.3";
  /** Suites of TLS 1.2 in OpenSSL's spelling; null: the safe ones. */
  readonly ciphers: string | null;
}

export interface AppConfig extends PoolLifeConfig {
  readonly name: string;
  /** What to load: `module:attribute` (dots allowed on both sides), or a file run as a `.wsgi` script whose `attribute` is the app. */
  readonly load:
    | { readonly kind: "module"; readonly target: string }
    | { readonly kind: "script"; readonly path: string; readonly attribute: string };
  /** `auto`: the worker looks at what it has imported. */
  readonly interface: "auto" | "wsgi" | "asgi";
  /** true: call what was loaded, without arguments, to get the app. null: only if it is a function that takes none (a warning says so). */
  readonly factory: boolean | null;
  readonly directory: string;
  /** Interpreter, or a virtual environment's folder; null: discovered (see `process/interpreter.ts`). */
  readonly python: string | null;
  readonly pythonpath: readonly string[];
  readonly workers: number;
  /** Lanes of each worker. */
  readonly threads: number;
  /** Exchanges that a worker with an event loop runs at once. */
  readonly concurrency: number;
  readonly loop: "auto" | "asyncio" | "uvloop";
  readonly lifespan: "auto" | "on" | "off";
  readonly webSocket: {
    /** Bytes of a client's longest message. */
    readonly messageSize: number;
    /** Silence of a client after which it is pinged, in ms; 0: never. */
    readonly ping: number;
    /** Longest life of a connection, in ms; 0: no limit. */
    readonly lifetime: number;
  };
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string | null;
  readonly group: string | null;
  readonly umask: number | null;
  readonly limits: { readonly files: number | null; readonly memory: number | null; readonly core: number | null };
  /** A worker that has not said ready after this is killed, in ms. */
  readonly startTimeout: number;
  /** A worker that has not ended this long after it was asked to is killed, in ms. */
  readonly stopTimeout: number;
  /** Requests that may wait; more get 503. */
  readonly queueSize: number;
  /** Longest wait in the queue before a 503, in ms; 0: no limit. */
  readonly queueTimeout: number;
  /** Its own metrics of `prometheus_client` are merged into ours; null: they are not. */
  readonly metrics: AppMetricsConfig | null;
  /** Of requests whose route has none of its own. */
  readonly deadline: DeadlineConfig;
  /** Watch the source and reload on change. */
  readonly reload: boolean;
  /** Show tracebacks in the browser (development only). */
  readonly tracebacks: boolean;
  /** Its workers start once all of this has come true. */
  readonly after: readonly AfterConfig[];
}

/** How the metrics that an app counts itself are exposed. */
export interface AppMetricsConfig {
  /** Put before their names; may be empty. */
  readonly prefix: string;
  /** Most series; more are left out. */
  readonly series: number;
}

/** Bytes and counts; 0 means no limit only where a comment says so. */
export interface LimitsConfig {
  readonly requestLine: number;
  readonly headerSize: number;
  readonly headerCount: number;
  /** Largest request body; 0: no limit. */
  readonly body: number;
  /** Request bodies and buffered responses above this many bytes go to a temporary file. */
  readonly spoolMemory: number;
  /** Bytes of one response kept in memory and file for a slow client before the app is held back. */
  readonly spoolFile: number;
  /** Open client connections; who comes then gets 503. */
  readonly connections: number;
  /** Open connections of one address (of IPv6: one /64), trusted proxies aside; 0: no limit. */
  readonly connectionsPerClient: number;
  /** Requests on one connection of HTTP/1.1, then it is closed; 0: no limit. */
  readonly requests: number;
  readonly http2: Http2LimitsConfig;
}

/** What one client of HTTP/2 may ask for beside that. */
export interface Http2LimitsConfig {
  /** Requests at once on a connection. */
  readonly streams: number;
  /** Requests given up before their answer, at once; a tenth of that again each second. */
  readonly resets: number;
  /** Frames without use at once; a tenth of that again each second. */
  readonly frames: number;
  /** Bytes of responses that wait in memory; further requests wait meanwhile. */
  readonly buffer: number;
}

/** Milliseconds. */
export interface TimeoutsConfig {
  /** From the first byte of a request to the end of its head. */
  readonly head: number;
  /** Between two reads of a request body. */
  readonly body: number;
  /** Of a kept-alive connection without a request. */
  readonly idle: number;
  /** Between two successful writes of a response to a client that has stopped reading. */
  readonly write: number;
  /** For exchanges in flight at stop and reload. */
  readonly drain: number;
  /** Bytes a second that a request body (and a read response) must reach, averaged after the first `rateGrace` ms; 0: off. */
  readonly minimumRate: number;
  readonly rateGrace: number;
}

export interface StaticCacheConfig {
  /** Bytes of the in-memory cache of small files, over all roots. */
  readonly cacheSize: number;
  /** Largest file kept in it. */
  readonly cacheFile: number;
}

/** A store that routes keep answers in. */
export interface CacheStoreConfig {
  /** Bytes, heads and what surrounds them included. */
  readonly size: number;
}
