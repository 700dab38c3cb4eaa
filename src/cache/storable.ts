import type { CacheConfig } from "../config/route-model.ts";
import { parseHttpDate } from "../http/conditional.ts";
import { type Directives, NO_DIRECTIVES, parseDirectives, secondsOf } from "./directives.ts";
import { type Fields, firstOf, listOf } from "./fields.ts";
import { explicitLifetime, guessedLifetime } from "./freshness.ts";

/** What of a route's settings says whether an answer is kept, and how long it is fresh. */
export type KeepingRules = Pick<CacheConfig, "ttl" | "heuristics" | "ignore" | "staleWhileRevalidate" | "staleIfError">;

/** How an answer may be used again. Times in milliseconds. */
export interface Terms {
  readonly lifetime: number;
  /** Never without asking the origin (`no-cache`). */
  readonly noCache: boolean;
  /** Not once it is stale, whatever a client or the configuration allows (RFC 9111 §4.2.4). */
  readonly neverStale: boolean;
  /** Also for requests with Authorization (RFC 9111 §3.5). */
  readonly shared: boolean;
  /** So long after its end of freshness it is used while another is fetched, or when none can be had (RFC 5861); 0: never. */
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
}

/** The facts that RFC 9111 §3 decides by. */
export interface Answered {
  readonly status: number;
  readonly fields: Fields;
  /** The request had Authorization. */
  readonly authorised: boolean;
  /** Date in ms since 1970: the answer's, or when it came. */
  readonly date: number;
}

/**
 * Whether an answer to a GET may be kept by a shared cache (RFC 9111 §3), and how long: its terms, or why not in a few words. Stricter
 * than the RFC: what sets a cookie is for one client (§7.3), and without a word on freshness nothing is kept, unless `ttl` or
 * `heuristics` of the configuration has one.
 */
export function judge({ status, fields, authorised, date }: Answered, rules: KeepingRules): Terms | string {
  const ignored = (name: string): boolean => rules.ignore.includes(name);
  const directives = ignored("cache-control") ? NO_DIRECTIVES : parseDirectives(listOf(fields, "cache-control"));
  const refusal = refused(status, fields, directives);
  if (refusal !== null) return refusal;
  if (!ignored("set-cookie") && firstOf(fields, "set-cookie") !== undefined) return "it sets a cookie";
  if (!ignored("vary") && /(?:^|[\s,])\*(?:$|[\s,])/.test(listOf(fields, "vary") ?? "")) return "it varies by anything";
  const neverStale = NEVER_STALE.some((name) => directives.has(name));
  const shared = directives.has("public") || directives.has("must-revalidate") || directives.has("s-maxage");
  if (authorised && !shared) return "the request was authorised";
  const noCache = directives.has("no-cache");
  const expires = ignored("expires") ? undefined : firstOf(fields, "expires");
  const said = explicitLifetime(directives, expires, date, date);
  const lifetime = said ?? (noCache ? 0 : assumedLifetime(status, fields, date, rules));
  if (lifetime === null) return "it does not say how long it is fresh";
  const { staleWhileRevalidate, staleIfError } = rules;
  const stale = {
    staleWhileRevalidate: staleFor(directives, "stale-while-revalidate", staleWhileRevalidate),
    staleIfError: staleFor(directives, "stale-if-error", staleIfError),
  };
  const servedStale = stale.staleWhileRevalidate > 0 || stale.staleIfError > 0;
  if (lifetime === 0 && !hasValidator(fields) && !servedStale)
    return "it is stale at once, and nothing tells whether it changed";
  return { lifetime: noCache ? 0 : lifetime, noCache, neverStale, shared, ...stale };
}

// --- internal ---

const NEVER_STALE = ["must-revalidate", "proxy-revalidate", "s-maxage"] as const;
const NO_STALE = ["must-revalidate", "proxy-revalidate", "no-cache"] as const;

/** Final statuses whose meaning for a cache is known here (RFC 9111 §3, `must-understand`). */
const UNDERSTOOD = new Set([200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 501]);

/** Those that RFC 9110 §15.1 lets a cache guess about. */
const GUESSABLE = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]);

/** Parts, and answers to conditions, are no representation; 101 and its like are no answers. */
function refused(status: number, fields: Fields, directives: Directives): string | null {
  if (status < 200 || status === 206 || status === 304) return "its status is not one that is kept";
  if (directives.has("must-understand")) {
    // It takes the place of a no-store beside it (§5.2.2.3).
    if (!UNDERSTOOD.has(status)) return "its status has to be understood";
  } else if (directives.has("no-store")) return "no-store";
  if (directives.has("private")) return "private";
  if (firstOf(fields, "content-range") !== undefined) return "it is a part";
  // An answer that leads to another route is not what the client gets.
  if (firstOf(fields, "x-accel-redirect") !== undefined || firstOf(fields, "x-sendfile") !== undefined)
    return "it leads elsewhere";
  return null;
}

function assumedLifetime(status: number, fields: Fields, date: number, rules: KeepingRules): number | null {
  const configured = rules.ttl[status] ?? rules.ttl["any"];
  // A time of 0 says that such answers are not to be kept.
  if (configured !== undefined) return configured === 0 ? null : configured;
  if (!rules.heuristics || !GUESSABLE.has(status)) return null;
  const modified = firstOf(fields, "last-modified");
  return modified === undefined ? null : guessedLifetime(parseHttpDate(modified), date);
}

function hasValidator(fields: Fields): boolean {
  return firstOf(fields, "etag") !== undefined || firstOf(fields, "last-modified") !== undefined;
}

/**
 * `must-revalidate`, `proxy-revalidate` and `no-cache` forbid it; `s-maxage`, which forbids it too, gives way to what the origin
 * says beside it in so many words.
 */
function staleFor(directives: Directives, name: string, configured: number): number {
  if (NO_STALE.some((one) => directives.has(one))) return 0;
  const seconds = secondsOf(directives, name);
  if (seconds !== null) return seconds * 1000;
  return directives.has("s-maxage") ? 0 : configured;
}
