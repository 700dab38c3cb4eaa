import type { RouteConfig } from "../config/model.ts";
import type { Exchange, Handler } from "../http/exchange.ts";

/** A route with the handler that answers it. */
export interface Route {
  readonly match: RouteConfig["match"];
  /** Upper-case methods, or null for all. */
  readonly methods: readonly string[] | null;
  readonly handler: Handler;
}

type Candidate = { readonly order: number; readonly route: Route };

/**
 * A site's routes in the written order, the first match winning, compiled so that the cost of a look-up does not grow with
 * their number: exact paths and first segments are found by hash, only regexes and `/`-wide routes are tried one by one.
 */
export class RouteTable {
  readonly #exact = new Map<string, Candidate[]>();
  /** By segment paths (`/wps`, also `/a/b`); longest depth in use bounds the look-ups. */
  readonly #segments = new Map<string, Candidate[]>();
  readonly #prefixes = new Map<string, Candidate[]>();
  readonly #prefixLengths: number[] = [];
  readonly #scanned: { candidate: Candidate; test: (path: string) => boolean }[] = [];
  #hasSegments = false;

  constructor(routes: readonly Route[]) {
    for (const [order, route] of routes.entries()) this.#add({ order, route });
    this.#prefixLengths.sort((a, b) => a - b);
  }

  /**
   * The first route that matches, or null; `allowed` gives the methods of routes whose path matched but whose method did not (405).
   */
  find(exchange: Exchange): Handler | { readonly allowed: readonly string[] } | null {
    const { path, method } = exchange;
    let best: Candidate | null = null;
    let refused: string[] | null = null;
    const consider = (list: readonly Candidate[] | undefined): void => {
      if (list === undefined) return;
      for (const candidate of list) {
        if (best !== null && candidate.order > best.order) return;
        if (permits(candidate.route.methods, method)) {
          best = candidate;
          return;
        }
        refused = [...(refused ?? []), ...candidate.route.methods!];
      }
    };
    // The commonest table is one route for everything: no look-up at all.
    const first = this.#scanned[0];
    if (
      first !== undefined &&
      first.candidate.order === 0 &&
      first.test(path) &&
      permits(first.candidate.route.methods, method)
    ) {
      return first.candidate.route.handler;
    }
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
      if (test(path)) consider([candidate]);
    }
    if (best !== null) return (best as Candidate).route.handler;
    return refused === null ? null : { allowed: [...new Set<string>(refused)] };
  }

  #add(candidate: Candidate): void {
    const { match } = candidate.route;
    switch (match.kind) {
      case "any":
        this.#scanned.push({ candidate, test: () => true });
        return;
      case "exact":
        push(this.#exact, match.path, candidate);
        return;
      case "segments":
        if (match.path === "/") this.#scanned.push({ candidate, test: () => true });
        else {
          this.#hasSegments = true;
          push(this.#segments, match.path, candidate);
        }
        return;
      case "prefix":
        if (match.path === "/") this.#scanned.push({ candidate, test: (path) => path.startsWith("/") });
        else {
          if (!this.#prefixLengths.includes(match.path.length)) this.#prefixLengths.push(match.path.length);
          push(this.#prefixes, match.path, candidate);
        }
        return;
      case "regex": {
        const pattern = new RegExp(match.pattern);
        this.#scanned.push({ candidate, test: (path) => pattern.test(path) });
      }
    }
  }
}

function permits(methods: readonly string[] | null, method: string): boolean {
  return methods === null || methods.includes(method) || (method === "HEAD" && methods.includes("GET"));
}

function push(map: Map<string, Candidate[]>, key: string, candidate: Candidate): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [candidate]);
  else list.push(candidate);
}
