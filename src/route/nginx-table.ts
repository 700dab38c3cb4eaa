import type { Exchange } from "../http/exchange.ts";
import { mergeSlashes } from "../http/path.ts";
import { type Found, holds, permits, type Route, type RouteFinder, type SlashFound } from "./route.ts";
import { latin1, type PathTest, regexTest } from "./route-table.ts";

/**
 * NGINX's choice among locations (`order: nginx`): an exact one; else the longest prefix, and within it its own locations in
 * the same way; then, unless that prefix is `final`, the first regular expression in the written order; else the prefix.
 */
export class NginxTable implements RouteFinder {
  readonly #level: Level;

  constructor(routes: readonly Route[]) {
    this.#level = new Level(routes);
  }

  find(exchange: Exchange): Found {
    // Merged as it comes in; what rules made of it may have slashes in a row again.
    const search: Search = { exchange, path: mergeSlashes(exchange.path), route: null, slash: null };
    this.#level.search(search);
    if (search.slash !== null) return search.slash;
    const { route } = search;
    if (route === null) return null;
    return permits(route.methods, exchange.method) ? route : { allowed: route.methods! };
  }
}

// --- internal ---

interface Search {
  readonly exchange: Exchange;
  readonly path: string;
  /** The best so far, of all levels. */
  route: Route | null;
  slash: SlashFound | null;
}

/** The locations of one block. */
class Level {
  readonly #exact = new Map<string, Route>();
  readonly #prefixes = new Map<string, Route>();
  /** Lengths of prefixes, longest first. */
  readonly #lengths: readonly number[];
  /** `/a` of those that answer it with `/a/`. */
  readonly #slashes = new Map<string, SlashFound>();
  readonly #regexes: { readonly route: Route; readonly test: PathTest }[] = [];
  readonly #nested = new Map<Route, Level>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) this.#add(route);
    this.#lengths = [...new Set([...this.#prefixes.keys()].map((path) => path.length))].sort((a, b) => b - a);
  }

  /** Returns whether the search is over: an exact location, a regular expression, or a redirect was found. */
  search(search: Search): boolean {
    const { exchange, path } = search;
    const exact = this.#exact.get(path);
    if (exact !== undefined && usable(exact, exchange)) {
      search.route = exact;
      return true;
    }
    const prefix = this.#longest(exchange, path);
    const slash = this.#slashes.get(path);
    if (slash !== undefined && this.#prefixes.get(path) === undefined) {
      search.slash = slash;
      return true;
    }
    if (prefix !== null) {
      search.route = prefix;
      if (this.#nested.get(prefix)?.search(search)) return true;
    }
    if (prefix !== null && prefix.match.kind === "prefix" && prefix.match.final) return false;
    for (const { route, test } of this.#regexes) {
      if (!test(exchange, path) || !usable(route, exchange)) continue;
      search.route = route;
      this.#nested.get(route)?.search(search);
      return true;
    }
    return false;
  }

  #longest(exchange: Exchange, path: string): Route | null {
    for (const length of this.#lengths) {
      if (length > path.length) continue;
      const route = this.#prefixes.get(path.slice(0, length));
      if (route !== undefined && usable(route, exchange)) return route;
    }
    return null;
  }

  #add(route: Route): void {
    const { match } = route;
    if (route.routes.length > 0) this.#nested.set(route, new Level(route.routes));
    switch (match.kind) {
      case "exact": {
        const path = latin1(match.path);
        if (!this.#exact.has(path)) this.#exact.set(path, route);
        if (route.redirectsToSlash) this.#redirect(path, route);
        return;
      }
      case "any":
        return this.#prefix("/", route);
      case "segments":
        // `/wps` and what is below it: two locations of NGINX's.
        if (match.path !== "/" && !this.#exact.has(latin1(match.path))) this.#exact.set(latin1(match.path), route);
        return this.#prefix(match.path.endsWith("/") ? match.path : `${match.path}/`, route);
      case "prefix":
        this.#prefix(match.path, route);
        if (route.redirectsToSlash) this.#redirect(latin1(match.path), route);
        return;
      case "regex":
        this.#regexes.push({ route, test: regexTest(match.pattern, match.ignoreCase) });
        return;
      case "none":
    }
  }

  #prefix(text: string, route: Route): void {
    const path = latin1(text);
    if (!this.#prefixes.has(path)) this.#prefixes.set(path, route);
  }

  #redirect(path: string, route: Route): void {
    if (path.length > 1 && path.endsWith("/")) this.#slashes.set(path.slice(0, -1), { slash: path, route });
  }
}

function usable(route: Route, exchange: Exchange): boolean {
  return route.conditions.length === 0 || holds(route.conditions, exchange);
}
