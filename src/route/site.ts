import type { SiteConfig } from "../config/route-model.ts";
import type { Exchange, Handler } from "../http/exchange.ts";
import { mergedPath, mergeSlashes } from "../http/path.ts";
import { encodePath, encodeQuery } from "../http/percent-encode.ts";
import { Refusal } from "../http/refusal.ts";
import { ResponseHead } from "../http/response-head.ts";
import { knownState, type RequestState, restoreFields, stateOf } from "../template/request-state.ts";
import { NO_BODY, RoutedBody } from "./body-limit.ts";
import type { ClientGate } from "./client-gate.ts";
import type { Guide } from "./guide.ts";
import { absoluteLocation, redirect, redirectToHttps } from "./location.ts";
import { holds, permits, type Route, type RouteFinder, type RuleProgram } from "./route.ts";
import { RouteFilter } from "./route-filter.ts";

const SERVER_OPTIONS = new ResponseHead(204, [["Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"]]);

/** Where an internal route keeps files, so that X-Sendfile finds the path of one. */
export interface FileRoot {
  /** Folder, with a slash at the end. */
  readonly folder: string;
  /** What takes its place in the path. */
  readonly path: string;
}

export interface SiteParts {
  readonly httpsRedirect: SiteConfig["httpsRedirect"];
  /** null: who the client is was found out before the site was chosen. */
  readonly gate: ClientGate | null;
  readonly order: "written" | "nginx";
  readonly rules: RuleProgram | null;
  readonly finder: RouteFinder;
  readonly named: ReadonlyMap<string, Route>;
  /** What holds where no route was found: the site's own error pages and header rules. */
  readonly base: Route;
  readonly hidesRoutes: boolean;
  readonly fileRoots: readonly FileRoot[];
}

/** One site: leads an exchange through its rules to a route, as often as rules, handlers and answers send it on. */
export class Site implements Handler, Guide {
  /** As metrics and logs call it: its first host, or `default`. */
  readonly name: string;
  readonly hosts: readonly string[];
  readonly listeners: readonly string[] | null;
  readonly default: boolean;
  readonly absolute: boolean;
  #parts: SiteParts | null = null;
  #merges = false;
  readonly #filter = new RouteFilter(this);

  constructor(
    hosts: readonly string[],
    listeners: readonly string[] | null,
    isDefault: boolean,
    { order }: Pick<SiteConfig, "order">,
  ) {
    this.name = hosts.find((host) => host !== "_")?.replace(/^\./, "") ?? "default";
    this.hosts = hosts;
    this.listeners = listeners;
    this.default = isDefault;
    this.absolute = order === "nginx";
  }

  /** Routes lead back to their site (`goto`, error pages), so the site is there before them. */
  fill(parts: SiteParts): void {
    this.#parts = parts;
    this.#merges = parts.order === "nginx";
  }

  handle(exchange: Exchange): void {
    exchange.site = this.name;
    const { gate, httpsRedirect } = this.#parts!;
    if (gate !== null && !gate.admit(exchange)) return;
    if (httpsRedirect !== null && !exchange.client.secure) return redirectToHttps(exchange, httpsRedirect);
    if (exchange.target === "*") {
      // `OPTIONS *` asks about the server itself (RFC 9110 §9.3.7); the engine lets no other method ask for `*`.
      exchange.respond(SERVER_OPTIONS, null);
      return;
    }
    // NGINX's merge_slashes; the target stays as it came for whoever it is passed on to.
    if (this.#merges && !this.#merge(exchange)) return;
    const { base } = this.#parts!;
    if (!base.plain) this.#adopt(exchange, base);
    this.#begin(exchange);
  }

  // --- the guide's side ---

  redirect(exchange: Exchange, path: string, query: string): void {
    const state = stateOf(exchange);
    if (!this.#mayChange(exchange, state)) return;
    restoreFields(exchange);
    state.internal = true;
    if (path !== exchange.path || query !== exchange.query) exchange.rewritten = true;
    exchange.path = path;
    exchange.query = query;
    this.#begin(exchange);
  }

  enter(exchange: Exchange, name: string): void {
    const state = stateOf(exchange);
    if (!this.#mayChange(exchange, state)) return;
    restoreFields(exchange);
    state.internal = true;
    const route = this.#parts!.named.get(name);
    if (route === undefined) exchange.fail(500, `There is no route named ${name}`);
    else this.#take(exchange, route);
  }

  get hidesRoutes(): boolean {
    return this.#parts!.hidesRoutes;
  }

  pathOfFile(file: string): string | null {
    for (const { folder, path } of this.#parts!.fileRoots)
      if (file.startsWith(folder)) return path + file.slice(folder.length);
    return null;
  }

  leadsInside(exchange: Exchange, path: string): boolean {
    const { path: before } = exchange;
    exchange.path = path;
    const found = this.#parts!.finder.find(exchange);
    exchange.path = before;
    return found !== null && "internal" in found && found.internal;
  }

  // --- internal ---

  #merge(exchange: Exchange): boolean {
    const { environ, path, target } = exchange;
    // A uwsgi front has merged and stepped already, by its own rules.
    const merged = environ === null ? mergedPath(target, path) : mergeSlashes(path);
    if (merged instanceof Refusal) exchange.fail(merged.status, merged.reason);
    else exchange.path = merged;
    return typeof merged === "string";
  }

  /** Rules of the site, then the route. */
  #begin(exchange: Exchange): void {
    const { rules } = this.#parts!;
    if (rules?.(exchange).answered) return;
    this.#find(exchange);
  }

  #find(exchange: Exchange): void {
    const found = this.#parts!.finder.find(exchange);
    if (found === null) {
      exchange.fail(404, "No route matches this path");
    } else if ("handler" in found) {
      if (found.plain && exchange.routing === null) {
        exchange.route = found.label;
        found.handler.handle(exchange);
      } else this.#take(exchange, found);
    } else if ("slash" in found) {
      this.#adopt(exchange, found.route);
      const query = exchange.query === "" ? "" : `?${encodeQuery(exchange.query)}`;
      this.#adopt(exchange, found.route);
      redirect(exchange, 301, absoluteLocation(exchange, encodePath(found.slash) + query));
    } else {
      exchange.fail(405, "This path does not take that method", [["Allow", found.allowed.join(", ")]]);
    }
  }

  #take(exchange: Exchange, chosen: Route): void {
    this.#adopt(exchange, chosen);
    if (chosen.internal && knownState(exchange)?.internal !== true) {
      exchange.fail(404, "No route matches this path");
      return;
    }
    if (isTooLarge(exchange, chosen)) return;
    let route = chosen;
    if (chosen.rules !== null) {
      const result = chosen.rules(exchange);
      if (result.route !== null) {
        route = result.route;
        this.#adopt(exchange, route);
      }
      if (result.answered) return;
      if (result.changed) {
        if (this.#mayChange(exchange, stateOf(exchange))) this.#find(exchange);
        return;
      }
      if (route !== chosen && isTooLarge(exchange, route)) return;
    }
    this.#answer(exchange, route);
  }

  #answer(exchange: Exchange, route: Route): void {
    const state = knownState(exchange);
    // A page for an error is part of the answer of the route that failed.
    if (state?.failing !== true) exchange.route = route.label;
    const isOwn = state?.isOwn === true;
    if (route.access !== null && !isOwn && !route.access.permits(exchange)) {
      exchange.fail(403, "Access from this address is not allowed");
      return;
    }
    if (route.guard === null) this.#handOver(exchange, route);
    else route.guard.admit(exchange, () => this.#handOver(exchange, route));
  }

  #handOver(exchange: Exchange, route: Route): void {
    if (!permits(route.taken, exchange.method)) {
      exchange.fail(405, "This path does not take that method", [["Allow", route.taken!.join(", ")]]);
      return;
    }
    if (!holds(route.conditions, exchange)) {
      exchange.fail(404, "No route matches this request");
      return;
    }
    if (route.requestHeaders !== null) {
      const state = knownState(exchange);
      if (state !== null) state.given = exchange.headers;
      route.requestHeaders.apply(exchange);
    }
    // What an upstream says of an answer holds for the route that it leads to (X-Accel-Limit-Rate with X-Accel-Redirect).
    if (exchange.pace?.said !== true) exchange.pace = route.pace === null ? null : route.pace(exchange);
    const { body } = exchange;
    // Without a state nothing leads elsewhere, and nobody needs to know whether the body was read.
    if (body.length !== 0 && body !== NO_BODY && !(body instanceof RoutedBody && route.bodyLimit === 0)) {
      if (route.bodyLimit > 0 || route.answers !== null) exchange.body = new RoutedBody(body, route.bodyLimit);
    }
    route.handler.handle(exchange);
  }

  /** Makes the route's options those in effect. */
  #adopt(exchange: Exchange, route: Route): void {
    const isUsual = route.answers === null && route.locations === null && route.logged && route.log === null;
    if (isUsual && exchange.routing === null) return;
    const state = stateOf(exchange);
    state.route = route;
    state.logged = route.logged;
    state.log = route.log;
    if (route.answers !== null) this.#filter.stand(exchange, state);
  }

  /** Counts a change of path or route; the tenth too many ends in 500, as in NGINX. */
  #mayChange(exchange: Exchange, state: RequestState): boolean {
    state.changes--;
    if (state.changes >= 0) return true;
    state.failing = true;
    exchange.fail(500, "The path was changed too often");
    return false;
  }
}

/** Answers 413 where the declared length says that the body is too large; a chunked one is counted as it comes. */
function isTooLarge(exchange: Exchange, route: Route): boolean {
  if (route.bodyLimit === 0 || exchange.body.length <= route.bodyLimit) return false;
  exchange.fail(413, `The body is larger than the ${route.bodyLimit} bytes that this path takes`);
  return true;
}
