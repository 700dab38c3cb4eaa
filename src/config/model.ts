import type { AfterConfig, ProgramConfig } from "./program-model.ts";

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
  readonly limits: LimitsConfig;
  readonly timeouts: TimeoutsConfig;
  readonly static: StaticCacheConfig;
  readonly accessLog: AccessLogConfig | null;
  readonly log: LogConfig;
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
  /** null: clients speak plainly. */
  readonly tls: TlsConfig | null;
}

export interface TlsConfig {
  /** Absolute paths; the first answers for clients that name no host, or one that no certificate is for. */
  readonly certificates: readonly { readonly certificate: string; readonly key: string }[];
  /** PEM file of the authorities whose clients are let in; null: clients show no certificate. */
  readonly clientAuthorities: string | null;
  /** Clients without a certificate of those authorities are refused in the handshake. */
  readonly clientRequired: boolean;
  readonly minimum: "TLSv1.2" | "TLSv1.3";
  /** Suites of TLS 1.2 in OpenSSL's spelling; null: the safe ones. */
  readonly ciphers: string | null;
}

export interface AppConfig {
  readonly name: string;
  /** What to load: `module:attribute` (dots allowed on both sides), or a file run as a `.wsgi` script whose `attribute` is the app. */
  readonly load:
    | { readonly kind: "module"; readonly target: string }
    | { readonly kind: "script"; readonly path: string; readonly attribute: string };
  /** true: call what was loaded, without arguments, to get the app. null: only if it is a function that takes none (a warning says so). */
  readonly factory: boolean | null;
  readonly directory: string;
  /** Interpreter, or a virtual environment's folder; null: discovered (see `process/interpreter.ts`). */
  readonly python: string | null;
  readonly pythonpath: readonly string[];
  readonly workers: number;
  /** Lanes of each worker. */
  readonly threads: number;
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
  /** Watch the source and reload on change. */
  readonly reload: boolean;
  /** Show tracebacks in the browser (development only). */
  readonly tracebacks: boolean;
  /** Its workers start once all of this has come true. */
  readonly after: readonly AfterConfig[];
}

/**
 * Text in which `{name}` stands for a variable of the request; `{{name}}` writes the braces. Names are NGINX's (`{host}`,
 * `{uri}`, `{arg_page}`, `{http_user_agent}`), captures (`{1}`, `{name}`), those of `variables` and those that rules set.
 */
export type Template = string;

/** A set of hosts and its routes. */
export interface SiteConfig extends RouteOptions {
  /** Lower-case names, `*.example.org`, `.example.org` (the name and all under it), `~PATTERN`, or `_` for any. */
  readonly hosts: readonly string[];
  /** Addresses of the listeners that it answers on; null: all. */
  readonly listeners: readonly string[] | null;
  /** Answers for hosts that no site on the listener names; without one that does, the one with `_`, else the first. */
  readonly default: boolean;
  /** `written`: the first route that matches. `nginx`: exact, else the longest prefix unless a regex matches first. */
  readonly order: "written" | "nginx";
  /** Run before a route is looked for. */
  readonly rules: readonly RuleConfig[];
  readonly routes: readonly RouteConfig[];
}

/** What may stand at a site for all of its routes, and at a route; a route's own replaces the site's, key by key. */
export interface RouteOptions {
  readonly requestHeaders: readonly HeaderRuleConfig[];
  readonly responseHeaders: readonly HeaderRuleConfig[];
  readonly errors: readonly ErrorPageConfig[];
  /** `errors` replace those answers of apps and upstreams too. */
  readonly intercept: boolean;
  /** First match decides; none: allowed. Else 403. */
  readonly access: readonly AccessConfig[];
  /** Largest request body in bytes; null: that of `limits`; 0: no limit. */
  readonly bodyLimit: number | null;
  /** Whether requests are written to the access log. */
  readonly logged: boolean;
  /** Compress answers on the fly; null: send them as they are. */
  readonly compress: CompressConfig | null;
}

export interface CompressConfig {
  /** In the order of preference among codings that the client likes equally. */
  readonly codings: readonly ("br" | "zstd" | "gzip")[];
  /** Media types without parameters, lower case; `*` for all, `text/*` for a family. */
  readonly types: readonly string[];
  /** Answers that are known to be smaller stay as they are, bytes. */
  readonly minimum: number;
  /** 1 (fast) to 9 (small), for all codings alike. */
  readonly level: number;
}

export interface RouteConfig extends RouteOptions {
  /** Where `goto: "@name"` leads; null: nowhere. */
  readonly name: string | null;
  readonly match:
    | { readonly kind: "any" }
    /** Whole segments: `/wps` matches `/wps` and `/wps/x`. */
    | { readonly kind: "segments"; readonly path: string }
    /** What begins so. `final`: with `order: nginx`, no regex is tried when this is the longest prefix (`^~`). */
    | { readonly kind: "prefix"; readonly path: string; readonly final: boolean }
    | { readonly kind: "exact"; readonly path: string }
    | { readonly kind: "regex"; readonly pattern: string; readonly ignoreCase: boolean }
    /** Reached by its name alone. */
    | { readonly kind: "none" };
  readonly methods: readonly string[] | null;
  /** All have to hold. */
  readonly conditions: readonly ConditionConfig[];
  /** Not for requests as they come in (404), only for `goto`, `try`, `errors`, rules and X-Accel-Redirect. */
  readonly internal: boolean;
  /** Run once the route is chosen. */
  readonly rules: readonly RuleConfig[];
  readonly handler: HandlerConfig;
  /** With `order: nginx`: searched once this route is the longest prefix. */
  readonly routes: readonly RouteConfig[];
}

export interface HeaderRuleConfig {
  /** `set` replaces (a request header set to nothing is removed), `add` adds a further field, `default` sets what is missing. */
  readonly operation: "set" | "add" | "default" | "remove";
  readonly name: string;
  /** Empty for `remove`. */
  readonly value: Template;
  /** Response only: also on errors; else on 200, 201, 204, 206, 301, 302, 303, 304, 307 and 308 (NGINX's `add_header` without `always`). */
  readonly always: boolean;
}

export interface ErrorPageConfig {
  readonly statuses: readonly number[];
  readonly answer: /** The content of this file. */
    | { readonly kind: "file"; readonly path: string }
    /** An internal redirect: the site looks for a route again, with GET. */
    | { readonly kind: "path"; readonly to: Template }
    | { readonly kind: "route"; readonly name: string }
    | { readonly kind: "redirect"; readonly to: Template };
  /** Status sent: null the error's own, `answer` that of what answers (NGINX's `=`), or a number (`=200`). */
  readonly status: number | "answer" | null;
}

export interface AccessConfig {
  readonly allow: boolean;
  /** `10.0.0.0/8`, `2001:db8::/32`, a single address, `unix:`, or `all`. */
  readonly range: string;
}

export type ConditionConfig = { readonly not: boolean } /** Neither empty nor `0`. */ & (
  | { readonly kind: "true"; readonly value: Template }
  | { readonly kind: "equals"; readonly value: Template; readonly to: Template }
  | { readonly kind: "matches"; readonly value: Template; readonly pattern: string; readonly ignoreCase: boolean }
  | { readonly kind: "file" | "directory" | "exists" | "executable"; readonly path: Template }
  /** The client's address is in one of these ranges. */
  | { readonly kind: "client"; readonly ranges: readonly string[] }
);

/** NGINX's rewrite phase: run in order, at a site before the route is looked for, at a route before its handler. */
export type RuleConfig =
  /**
   * The path, where `pattern` finds something in it, becomes `to` (its `?query` goes before the request's, none is kept after
   * a final `?`). `last` looks for a route again, `break` ends the rules, `redirect` and `permanent` answer 302 and 301.
   */
  | {
      readonly kind: "rewrite";
      readonly pattern: string;
      readonly ignoreCase: boolean;
      readonly to: Template;
      readonly flag: "continue" | "last" | "break" | "redirect" | "permanent";
    }
  | { readonly kind: "set"; readonly name: string; readonly value: Template }
  /** `route`: answers in place of the route that the rule stands in, if the condition held and the rules went through. */
  | {
      readonly kind: "when";
      readonly condition: ConditionConfig;
      readonly rules: readonly RuleConfig[];
      readonly route: RouteConfig | null;
    }
  /** `text`: the Location for 301, 302, 303, 307 and 308, else the body; null: the error page of the status. 444 closes without an answer. */
  | { readonly kind: "return"; readonly status: number; readonly text: Template | null }
  | { readonly kind: "break" };

export interface VariableConfig {
  readonly from: Template;
  /** Whole values, compared without case; tried first. */
  readonly values: Readonly<Record<string, Template>>;
  /** Keys of `values` are host names with `*.` wildcards too (NGINX's `hostnames`). */
  readonly hosts: boolean;
  /** In order, after `values`. Named captures become variables. */
  readonly patterns: readonly { readonly pattern: string; readonly ignoreCase: boolean; readonly value: Template }[];
  /** `10.0.0.0/8`: the narrowest that holds `from` as an address. */
  readonly networks: Readonly<Record<string, Template>>;
  readonly default: Template;
}

export type HandlerConfig =
  /** `mount`: what becomes SCRIPT_NAME, `""` or `/wps`. `environ`: more keys, or others in place of ours. */
  | {
      readonly kind: "app";
      readonly app: string;
      readonly mount: string;
      readonly environ: Readonly<Record<string, Template>>;
    }
  | StaticConfig
  | ProxyConfig
  | TryConfig
  | { readonly kind: "redirect"; readonly to: Template; readonly status: 301 | 302 | 303 | 307 | 308 }
  | {
      readonly kind: "respond";
      readonly status: number;
      readonly body: Template;
      readonly headers: readonly (readonly [string, Template])[];
    }
  /** The error page of this status. 444 closes without an answer. */
  | { readonly kind: "fail"; readonly status: number }
  /** Another route of the site: `@name`, or an internal redirect to this path (and `?query`). */
  | { readonly kind: "goto"; readonly to: Template }
  /** Nothing of its own: with `order: nginx`, a route that only holds others or rules (404). */
  | { readonly kind: "none" };

/** The first file that exists is served; without one `otherwise` answers. */
export interface TryConfig {
  readonly kind: "try";
  readonly steps: readonly (
    | { readonly kind: "static"; readonly static: StaticConfig }
    /** NGINX's try_files: looked up as `root` + `path` (less `strip`); a final slash asks for a folder. Found: the path becomes it, `found` answers. */
    | { readonly kind: "file"; readonly root: Template; readonly strip: string; readonly path: Template }
  )[];
  /** Answers for what a `file` step found. */
  readonly found: HandlerConfig;
  readonly otherwise: HandlerConfig;
}

export interface StaticConfig {
  readonly kind: "static";
  /** Absolute folder; a template only where it holds variables. */
  readonly root: Template;
  /** Removed from the front of the path before it is looked up under `root`: the route's own path, or empty with `strip: false`. */
  readonly strip: string;
  /** This one file in place of `root` and the path (NGINX's `alias` in a regex location), or null. */
  readonly file: Template | null;
  readonly index: readonly Template[];
  /** An index file that exists is gone to by its path, so that another route may answer it, as NGINX does. */
  readonly indexGoto: boolean;
  /** Listing of folders without an index file. */
  readonly autoindex: "off" | "html" | "json";
  /** Path under `root` served where nothing is found (single-page apps), or null. */
  readonly fallback: string | null;
  /**
   * `max-age` seconds for Cache-Control and Expires; `max` ten years; `epoch` and negative seconds `no-cache`; null: no such
   * header.
   */
  readonly expires: number | "max" | "epoch" | null;
  /** More or other media types by extension without the dot. */
  readonly types: Readonly<Record<string, string>>;
  /** Of files whose extension is not known; null: application/octet-stream. */
  readonly defaultType: string | null;
  /** Added to text types; null: utf-8 is added to text as by default; empty: never. */
  readonly charset: string | null;
  readonly etag: boolean;
  readonly dotfiles: boolean;
  /** Follow symbolic links that leave the root. */
  readonly symlinks: boolean;
  readonly precompressed: boolean;
}

export type ProxyProtocol = "http" | "https" | "uwsgi" | "fastcgi" | "scgi";

export interface ProxyConfig {
  readonly kind: "proxy";
  readonly protocol: ProxyProtocol;
  /** Key in `Config.upstreams`: named ones, and one for each address that is written at a route (`http://127.0.0.1:8080`). null: `target`. */
  readonly upstream: string | null;
  /** `host:port` or `unix:/path` with variables in it, found out for each request; else null. */
  readonly target: Template | null;
  /** `{proxy_host}`: host and port as they were written, without the protocol's own port. */
  readonly name: Template;
  /** null: the request's target goes on unchanged (re-encoded where it was rewritten). Else `strip` at the front becomes `to`; strip null: all of the path does. */
  readonly path: { readonly strip: string | null; readonly to: Template } | null;
  /** Value of Host, unless request headers set it. */
  readonly host: Template;
  /** Set X-Forwarded-For, -Proto, -Host and Forwarded, from what we know alone. */
  readonly forwarded: boolean;
  /** uwsgi, fastcgi, scgi: parameters, in order; each empty value is sent too. Request headers follow as HTTP_*. */
  readonly parameters: readonly (readonly [string, Template])[];
  /** Collect the response (to memory, then file) so that a slow client doesn't hold the upstream; false: pass on as it comes. */
  readonly buffering: boolean;
  /** Collect the request's body before the upstream is asked. */
  readonly requestBuffering: boolean;
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
  readonly redirects: "default" | readonly { readonly from: Template; readonly to: Template }[];
  readonly cookiePaths: readonly { readonly from: string; readonly to: Template }[];
  readonly cookieDomains: readonly { readonly from: string; readonly to: Template }[];
  /** Response fields that clients don't get, lower case. */
  readonly hide: readonly string[];
  /** Tunnel what answers an Upgrade request with 101 (WebSocket). */
  readonly upgrade: boolean;
  /** `X-Accel-Redirect` of the answer leads to an internal route. */
  readonly accel: boolean;
  readonly tls: {
    readonly verify: boolean;
    /** PEM file of the authorities; null: the system's. */
    readonly ca: string | null;
    /** Name in SNI and the certificate; null: the target's host. */
    readonly name: Template | null;
    readonly certificate: string | null;
    readonly key: string | null;
  } | null;
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

export interface AccessLogConfig {
  /** Absolute path, or `-` for stdout. */
  readonly path: string;
  readonly format: "combined" | "json";
}

export interface LogConfig {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly format: "text" | "json";
}
