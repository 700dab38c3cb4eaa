import type { Exchange } from "../http/exchange.ts";
import { mergeSlashes } from "../http/path.ts";
import { compilePattern } from "../template/pattern.ts";
import { setCaptures } from "../template/request-state.ts";
import { type Found, holds, permits, type Route, type RouteFinder } from "./route.ts";

type Candidate = { readonly order: number; readonly route: Route };

/**
 * A site's routes in the written order, the first match winning, compiled so that the cost of a look-up does not grow with
 * their number: exact paths and first segments are found by hash, only regexes and `/`-wide routes are tried one by one.
 */
export class RouteTable implements RouteFinder {
  readonly #exact = new Map<string, Candidate[]>();
  /** By segment paths (`/wps`, also `/a/b`); longest depth in use bounds the look-ups. */
  readonly #segments = new Map<string, Candidate[]>();
  readonly #prefixes = new Map<string, Candidate[]>();
  readonly #prefixLengths: number[] = [];
  readonly #scanned: { candidate: Candidate; test: PathTest }[] = [];
  #hasSegments = false;

  constructor(routes: readonly Route[]) {
    for (const [order, route] of routes.entries()) this.#add({ order, route });
    this.#prefixLengths.sort((a, b) => a - b);
  }

  find(exchange: Exchange): Found {
    // Files are found with slashes in a row taken as one, so routes are too: what is matched is what is served.
    const path = mergeSlashes(exchange.path);
    // The commonest table is one route for everything: no look-up at all.
    const first = this.#scanned[0];
    if (
      first !== undefined &&
      first.candidate.order === 0 &&
      first.test(exchange, path) &&
      takes(first.candidate.route, exchange) &&
      permits(first.candidate.route.methods, exchange.method)
    ) {
      return first.candidate.route;
    }
    let best: Candidate | null = null;
    let refused: string[] | null = null;
    const consider = (list: readonly Candidate[] | undefined): void => {
      if (list === undefined) return;
      for (const candidate of list) {
        if (best !== null && candidate.order > best.order) return;
        if (!takes(candidate.route, exchange)) continue;
        if (permits(candidate.route.methods, exchange.method)) {
          best = candidate;
          return;
        }
        refused = [...(refused ?? []), ...candidate.route.methods!];
      }
    };
    if (this.#exact.size > 0) consider(this.#exact.get(path));
    if (this.#hasSegments) {
      for (let end = path.indexOf("/", 1); end > 0; end = path.indexOf("/", end + 1))
        consider(this.#segments.get(path.slice(0, end)));
      consider(this.#segments.get(path));
    }
    for (const length of this.#prefixLengths) {
      if (length > path.length) break;
      consider(this.#prefixes.get(path.slice(0, length)));
    }
    for (const { candidate, test } of this.#scanned) {
      if (best !== null && candidate.order > (best as Candidate).order) break;
      if (test(exchange, path)) consider([candidate]);
    }
    if (best !== null) return (best as Candidate).route;
    return refused === null ? null : { allowed: [...new Set<string>(refused)] };
  }

  #add(candidate: Candidate): void {
    const { match } = candidate.route;
    switch (match.kind) {
      case "any":
        this.#scanned.push({ candidate, test: () => true });
        return;
      case "exact":
        push(this.#exact, latin1(match.path), candidate);
        return;
      case "segments":
        if (match.path === "/") this.#scanned.push({ candidate, test: () => true });
        else {
          this.#hasSegments = true;
          push(this.#segments, latin1(match.path), candidate);
        }
        return;
      case "prefix":
        if (match.path === "/") this.#scanned.push({ candidate, test: (_exchange, path) => path.startsWith("/") });
        else {
          const path = latin1(match.path);
          if (!this.#prefixLengths.includes(path.length)) this.#prefixLengths.push(path.length);
          push(this.#prefixes, path, candidate);
        }
        return;
      case "regex":
        this.#scanned.push({ candidate, test: regexTest(match.pattern, match.ignoreCase) });
        return;
      case "none":
    }
  }
}

/** Whether a route takes this path of an exchange. */
export type PathTest = (exchange: Exchange, path: string) => boolean;

/** Tries a pattern on the path, and keeps what it captures. */
export function regexTest(source: string, ignoreCase: boolean): PathTest {
  const pattern = compilePattern(source, ignoreCase);
  return (exchange, path) => {
    const match = pattern.exec(path);
    if (match === null) return false;
    if (match.length > 1) setCaptures(exchange, match);
    return true;
  };
}

/** Paths of requests are bytes, one character each; those of a configuration are text. */
export function latin1(text: string): string {
  return Buffer.from(text).latin1Slice();
}

// --- internal ---

function takes(route: Route, exchange: Exchange): boolean {
  return route.conditions.length === 0 || holds(route.conditions, exchange);
}

function push(map: Map<string, Candidate[]>, key: string, candidate: Candidate): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [candidate]);
  else list.push(candidate);
}
