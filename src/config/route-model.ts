import type { ConditionConfig } from "./condition-model.ts";
import type { DeadlineConfig, ShareConfig } from "./deadline-model.ts";
import type { HeaderRuleConfig } from "./header-model.ts";
import type { LogDestination, LogFormatConfig } from "./log-model.ts";
import type { PolicyConfig } from "./policy-model.ts";
import type { ProxyConfig } from "./proxy-model.ts";
import type { Template } from "./template-model.ts";
import type { TrustConfig } from "./trust-model.ts";

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
  /** Who may say here who the client is; null: as for all sites. */
  readonly trust: TrustConfig | null;
  /** Requests without TLS are sent to the same URL with https; null: they are answered. */
  readonly httpsRedirect: { readonly status: 301 | 302 | 307 | 308; readonly port: number } | null;
  /** Run before a route is looked for. */
  readonly rules: readonly RuleConfig[];
  readonly routes: readonly RouteConfig[];
}

/** What may stand at a site for all of its routes, and at a route; a route's own replaces the site's, key by key. */
export interface RouteOptions {
  readonly requestHeaders: readonly HeaderRuleConfig[];
  readonly responseHeaders: readonly HeaderRuleConfig[];
  /** How long answers may be kept, as `parseExpiry` reads it; null: as they say themselves. */
  readonly expires: Template | null;
  readonly errors: readonly ErrorPageConfig[];
  /** `errors` replace those answers of apps, upstreams and CGI programs too. */
  readonly intercept: boolean;
  /** How a Location that is a path is sent; null: as the site's `order` has it. */
  readonly locations: LocationsConfig | null;
  /** First match decides; none: allowed. Else 403. */
  readonly access: readonly AccessConfig[];
  /** Largest request body in bytes; null: that of `limits`; 0: no limit. */
  readonly bodyLimit: number | null;
  /** How fast answers go out. */
  readonly bandwidth: BandwidthConfig;
  /** Whether requests are written to the access logs. */
  readonly logged: boolean;
  /** The access logs; null: those of the top level. */
  readonly accessLog: readonly AccessLogConfig[] | null;
  /** Compress answers on the fly; null: send them as they are. */
  readonly compress: CompressConfig | null;
  /** Added to the Content-Type of answers of apps and upstreams. */
  readonly charset: CharsetConfig | null;
  readonly policy: PolicyConfig;
  /** Answer from answers that were kept; null: always ask. */
  readonly cache: CacheConfig | null;
}

export interface BandwidthConfig {
  /** Bytes a second of each answer's body at most; a template that makes that of the request; 0: as fast as the client reads. */
  readonly rate: number | Template;
  /** Bytes that go first without that bound. */
  readonly after: number;
}

/** How a Location that is a path of the site is sent (RFC 9110 §10.2.2). */
export interface LocationsConfig {
  /** With scheme, host and port in front; the rest is about these. */
  readonly absolute: boolean;
  /** The listener's port is named, unless it is the usual one. */
  readonly port: boolean;
  /** The host that was asked, or the site's first. */
  readonly host: "asked" | "site";
}

/** How the answers of a route are kept (RFC 9111, docs/cache.md). Times in milliseconds. */
export interface CacheConfig {
  /** Name of a store, whose content all routes that name it share the room of. */
  readonly store: string;
  /** What an answer is kept under; null: the URL, apart for each route. */
  readonly key: Template | null;
  readonly methods: readonly ("GET" | "HEAD")[];
  /** How long answers are fresh that don't say it, by status; `any` for those that are not listed. */
  readonly ttl: Readonly<Record<string, number>>;
  /** Guess a lifetime by Last-Modified (RFC 9111 §4.2.2) where neither the answer nor `ttl` says one. */
  readonly heuristics: boolean;
  /** So long after its end of freshness an answer is used while another is fetched (RFC 5861); what an answer says goes first. */
  readonly staleWhileRevalidate: number;
  /** The same where the handler fails. */
  readonly staleIfError: number;
  /** Lower-case fields of answers that count as absent: `cache-control`, `expires`, `set-cookie`, `vary`. */
  readonly ignore: readonly string[];
  /** `X-Accel-Expires` says how long an answer is fresh, before Cache-Control and Expires. */
  readonly accelExpires: boolean;
  /** Kept from this request for it on. */
  readonly minUses: number;
  /** Largest content kept, bytes. */
  readonly maxEntry: number;
  /** Longest wait for an answer that another request is fetching; 0: each fetches for itself. */
  readonly wait: number;
  /** Ask the origin with the validators of a stale answer; else for the whole. */
  readonly revalidate: boolean;
  /** Obey Cache-Control of requests. */
  readonly requestDirectives: boolean;
  /** Tell by the field Cache-Status (RFC 9211) what the cache did. */
  readonly status: boolean;
  /** If one holds, the cache has no part in the exchange. */
  readonly bypass: readonly ConditionConfig[];
  /** If one holds, the answer is fetched anew, and kept. */
  readonly refresh: readonly ConditionConfig[];
  /** If one holds, the answer is not kept. */
  readonly noStore: readonly ConditionConfig[];
}

/** One access log: what is written of which exchanges, and where to. */
export interface AccessLogConfig {
  readonly destination: LogDestination;
  readonly format: LogFormatConfig;
  /** All have to hold when the exchange has ended; none: every exchange. */
  readonly conditions: readonly ConditionConfig[];
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

export interface CharsetConfig {
  readonly name: string;
  /** Lower case; `*` is any. */
  readonly types: readonly string[];
}

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
  /** By a hash of `from`: how many percent of all values has each of these, in order; at most 100 together. */
  readonly shares: readonly { readonly share: number; readonly value: Template }[];
  readonly default: Template;
}

export type HandlerConfig =
  /** `mount`: what becomes SCRIPT_NAME, `""` or `/wps`. `environ`: more keys, or others in place of ours. */
  | {
      readonly kind: "app";
      readonly app: string;
      readonly mount: string;
      readonly environ: Readonly<Record<string, Template>>;
      /** null: the app's. */
      readonly deadline: DeadlineConfig | null;
      /** The part of the app's lanes and queue that the route has; null: all, together with others. */
      readonly share: ShareConfig | null;
    }
  | StaticConfig
  | ProxyConfig
  | CgiConfig
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

/** Programs that are run once for each request (RFC 3875). */
export interface CgiConfig {
  readonly kind: "cgi";
  /** Absolute folder of scripts, or null: `script` answers everything. */
  readonly root: string | null;
  readonly script: string | null;
  /** What of the path the route itself stands for, without a final slash: the beginning of SCRIPT_NAME. */
  readonly prefix: string;
  /** Ending of a file -> the command that runs it. */
  readonly helpers: readonly (readonly [ending: string, command: readonly string[]])[];
  readonly index: readonly string[];
  readonly environ: Readonly<Record<string, Template>>;
  /** ms; 0: no limit. */
  readonly timeout: number;
  /** At the same time, on one edge. */
  readonly processes: number;
}

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
  readonly autoindex: "off" | "html" | "json" | "jsonp" | "xml";
  /** In listings for people: sizes in bytes, and times of this machine. */
  readonly exactSizes: boolean;
  readonly localTimes: boolean;
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
