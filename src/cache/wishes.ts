import type { RequestHeaders } from "../http/request-headers.ts";
import { type Directives, parseDirectives, secondsOf } from "./directives.ts";

/** What a request's headers ask of a cache. */
export interface Wishes {
  /** Nothing but the answer, whatever its age: the commonest case. */
  readonly plain: boolean;
  readonly authorised: boolean;
  /** Preconditions that only the origin can judge (RFC 9111 §4.3.2). */
  readonly forOrigin: boolean;
  readonly noStore: boolean;
  /** Not without asking the origin (`no-cache`, or Pragma where there is no Cache-Control, RFC 9111 §5.4). */
  readonly noCache: boolean;
  readonly onlyIfCached: boolean;
  /** Oldest age, and least freshness left, in ms; null: any. */
  readonly maxAge: number | null;
  readonly minFresh: number | null;
  /** Stale by so much, in ms, is welcome; null: it is not. */
  readonly maxStale: number | null;
  /** Conditions and parts that are answered from what is stored; null: the whole is asked for. */
  readonly special: Special | null;
}

export interface Special {
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
  readonly ifRange: string | undefined;
  readonly range: string | undefined;
}

/** Reads the wishes, or takes them from the headers' memo: equal header blocks share one object. */
export function wishesOf(headers: RequestHeaders): Wishes {
  if (headers.memoOwner === OWNER) return headers.memo as Wishes;
  const wishes = read(headers);
  // Taken from whoever had it: those that we ask in turn take it back, and a hit asks nobody.
  headers.memoOwner = OWNER;
  headers.memo = wishes;
  return wishes;
}

/** The same without what `Cache-Control` and `Pragma` of the request say: for caches that are not the client's to steer. */
export function withoutDirectives(wishes: Wishes): Wishes {
  const { authorised, forOrigin, special } = wishes;
  return { ...NOTHING, plain: !authorised && special === null, authorised, forOrigin, special };
}

// --- internal ---

const OWNER = { owner: "cache" };
const ASKING = new Set([
  "authorization",
  "cache-control",
  "pragma",
  "if-match",
  "if-unmodified-since",
  "if-none-match",
  "if-modified-since",
  "if-range",
  "range",
]);

const NOTHING: Wishes = {
  plain: true,
  authorised: false,
  forOrigin: false,
  noStore: false,
  noCache: false,
  onlyIfCached: false,
  maxAge: null,
  minFresh: null,
  maxStale: null,
  special: null,
};

function read(headers: RequestHeaders): Wishes {
  if (!headers.names.some((name) => ASKING.has(name))) return NOTHING;
  const control = headers.list("cache-control");
  const directives = parseDirectives(control);
  const pragma = control === undefined && /(?:^|[\s,])no-cache(?:$|[\s,])/i.test(headers.list("pragma") ?? "");
  return {
    plain: false,
    authorised: headers.names.includes("authorization"),
    forOrigin: headers.names.includes("if-match") || headers.names.includes("if-unmodified-since"),
    noStore: directives.has("no-store"),
    noCache: pragma || directives.has("no-cache"),
    onlyIfCached: directives.has("only-if-cached"),
    maxAge: milliseconds(directives, "max-age"),
    minFresh: milliseconds(directives, "min-fresh"),
    // Without an argument, stale by any time (§5.2.1.2).
    maxStale: directives.get("max-stale") === null ? Number.POSITIVE_INFINITY : milliseconds(directives, "max-stale"),
    special: special(headers),
  };
}

function special(headers: RequestHeaders): Special | null {
  const ifNoneMatch = headers.list("if-none-match");
  const ifModifiedSince = headers.list("if-modified-since");
  const range = headers.list("range");
  if (ifNoneMatch === undefined && ifModifiedSince === undefined && range === undefined) return null;
  return { ifNoneMatch, ifModifiedSince, range, ifRange: headers.list("if-range") };
}

function milliseconds(directives: Directives, name: string): number | null {
  const seconds = secondsOf(directives, name);
  return seconds === null ? null : seconds * 1000;
}
