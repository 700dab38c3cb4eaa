import type { Exchange } from "../http/exchange.ts";
import type { RequestHeaders } from "../http/request-headers.ts";
import type { ResponseHead } from "../http/response-head.ts";

/** NGINX's limit: so many times may one request be led to another path or route. */
const MOST_CHANGES = 10;

/** What is kept with an exchange once it has captures, variables of its own, or has been led elsewhere. Most have none of it. */
export class RequestState {
  /** Groups of the regular expression that matched last, the whole match first. */
  captures: readonly (string | undefined)[] = [];
  /** Values that rules set, named groups captured and handlers found out (`upstream_addr`). */
  readonly variables = new Map<string, string>();
  /** The response under way, for `{status}` and `{sent_http_...}`. */
  head: ResponseHead | null = null;
  /** Rules, `goto` or an answer led here: `internal` routes may answer. */
  internal = false;
  /** An error page is being answered: errors on the way there get the default page. */
  failing = false;
  /** The answer to come is a redirect that a rule or the site's routing makes, whoever answers at the route. */
  redirecting = false;
  /** Changes of path or route that are left. */
  changes = MOST_CHANGES;
  /** The route whose options are in effect; src/route knows its type. */
  route: object | null = null;
  /** The filter of routes stands before the client. */
  filtered = false;
  /** Status of the error that is being answered: sent in place of the answer's own. */
  override: number | null = null;
  /** Fields for the answer to come, from an answer that led elsewhere (X-Accel-Redirect) or an error. */
  kept: readonly (readonly [string, string])[] = [];
  /** The fields of the request before the route that had it changed them for its upstream; null: they are as they came. */
  given: RequestHeaders | null = null;
  logged = true;
  /** The access logs of the route that is in effect; null: those of everything. src/log knows their type. */
  log: object | null = null;
  /** Who has been let in by a check, latin-1 one character a byte; empty: nobody was asked. */
  user = "";
  /** As AUTH_TYPE spells it (RFC 3875 §4.1.1), where `user` came by a scheme of HTTP. */
  authType = "";
  /** A question of our own on behalf of a request: limits and checks are those of the request. */
  isOwn = false;
  /** The request has been counted by the limits on its way. */
  counted = false;
  /** Run once the exchange has ended. */
  atEnd: (() => void)[] = [];
  requestId = "";
}

/** The exchange's state, made when it is asked for first. */
export function stateOf(exchange: Exchange): RequestState {
  exchange.routing ??= new RequestState();
  return exchange.routing as RequestState;
}

/** The exchange's state, or null as long as it needs none. */
export function knownState(exchange: Exchange): RequestState | null {
  return exchange.routing as RequestState | null;
}

/** Whether the access log is to tell of the exchange: what the last of its routes says. */
export function isLogged(exchange: Exchange): boolean {
  return knownState(exchange)?.logged !== false;
}

/** The request's fields are again what they were before a route changed them, for the route that it is led to. */
export function restoreFields(exchange: Exchange): void {
  const state = knownState(exchange);
  if (state === null || state === undefined || state.given === null) return;
  exchange.headers = state.given;
  state.given = null;
}

/** Who has been let in: the name of a user, or empty. */
export function userOf(exchange: Exchange): string {
  return knownState(exchange)?.user ?? "";
}

/** The exchange has ended: what was taken for it is given back. */
export function endState(exchange: Exchange): void {
  const state = knownState(exchange);
  if (state === null || state === undefined || state.atEnd.length === 0) return;
  const run = state.atEnd;
  state.atEnd = [];
  for (const one of run) one();
}

/** Gives a variable of this exchange a value (latin-1, one character a byte): `upstream_addr`, `upstream_status`, ... */
export function setVariable(exchange: Exchange, name: string, value: string): void {
  stateOf(exchange).variables.set(name, value);
}

/** Remembers what a pattern captured; named groups become variables. */
export function setCaptures(exchange: Exchange, match: RegExpExecArray): void {
  const state = stateOf(exchange);
  state.captures = match;
  if (match.groups === undefined) return;
  for (const [name, value] of Object.entries(match.groups)) state.variables.set(name, value ?? "");
}
