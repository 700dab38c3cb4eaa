import type { HeaderRuleConfig } from "./header-model.ts";
import type { ProxyConfig } from "./proxy-model.ts";
import type { Template } from "./template-model.ts";

/** Who may do what, and how much of it: at a site for all of its routes, and at a route. */
export interface PolicyConfig {
  readonly auth: AuthConfig | null;
  /** `any`: who passes one of `access`, `auth.basic` and `auth.forward` need not pass the others. */
  readonly satisfy: "all" | "any";
  readonly rates: readonly RateUseConfig[];
  readonly concurrency: readonly ConcurrencyUseConfig[];
  readonly cors: CorsConfig | null;
  /** Fields that answers get which have none of that name. */
  readonly securityHeaders: readonly HeaderRuleConfig[];
}

export interface AuthConfig {
  readonly basic: BasicConfig | null;
  readonly forward: ForwardAuthConfig | null;
}

export interface BasicConfig {
  /** Shown to people by their browsers. */
  readonly realm: Template;
  /** Absolute path of a file as `htpasswd` writes it, or null. */
  readonly file: string | null;
  /** Name -> hash. */
  readonly users: Readonly<Record<string, string>>;
  /** The names that are let in; null: every user. */
  readonly only: readonly string[] | null;
  /** Apps and upstreams get the Authorization field. */
  readonly pass: boolean;
}

export interface ForwardAuthConfig {
  /** Who is asked: a path of the site, with its query, or a server. */
  readonly to: { readonly kind: "path"; readonly path: Template } | ProxyConfig;
  /** Milliseconds until the answer. */
  readonly timeout: number;
  /** Fields of the answer that the request gets, in place of its own. */
  readonly copy: readonly string[];
  /** Variables that are set from the answer. */
  readonly set: Readonly<Record<string, Template>>;
  /** Field of the answer with the user's name, or null. */
  readonly user: string | null;
  /** Cookies that the answer sets go to the client. */
  readonly cookies: boolean;
  /** What clients get that are not let in: 401 and 403 alone, or the whole answer. */
  readonly refusal: "status" | "answer";
}

/** How often something may be asked for, by key (NGINX's `limit_req_zone`). */
export interface RateLimitConfig {
  readonly key: Template;
  readonly perSecond: number;
  readonly burst: number;
  /** Requests of the burst that are answered at once; more wait for their turn; null: all are. */
  readonly delay: number | null;
  /** Keys that are remembered; the one not seen for longest is forgotten first. */
  readonly keys: number;
  /** What is answered above it. */
  readonly status: number;
  /** Count and log only. */
  readonly dryRun: boolean;
}

export interface RateUseConfig {
  /** Name in `Config.rateLimits`. */
  readonly limit: string;
  readonly burst: number;
  readonly delay: number | null;
  readonly status: number;
  readonly dryRun: boolean;
}

/** How many requests of a key are answered at the same time (NGINX's `limit_conn_zone`). */
export interface ConcurrencyLimitConfig {
  readonly key: Template;
  readonly most: number;
  readonly status: number;
  readonly dryRun: boolean;
}

export interface ConcurrencyUseConfig {
  /** Name in `Config.concurrencyLimits`. */
  readonly limit: string;
  readonly most: number;
  readonly status: number;
  readonly dryRun: boolean;
}

/** Which other sites' scripts may read answers (the Fetch standard, "CORS protocol"). */
export interface CorsConfig {
  /** `https://app.example`, `https://*.example.org`, or `*` for any. */
  readonly origins: readonly string[];
  /** null: what is asked for. */
  readonly methods: readonly string[] | null;
  readonly headers: readonly string[] | null;
  /** Response fields that scripts may read besides the usual ones. */
  readonly expose: readonly string[];
  /** With cookies and logins. */
  readonly credentials: boolean;
  /** Seconds that browsers keep the answer to a preflight; null: as they like. */
  readonly maxAge: number | null;
}

/** What sites may name as limits. */
export interface LimitTable {
  readonly rateLimits: Readonly<Record<string, RateLimitConfig>>;
  readonly concurrencyLimits: Readonly<Record<string, ConcurrencyLimitConfig>>;
}
