import { errorPage } from "../http/error-page.ts";
import type { Client, Exchange, RequestBody, ResponseBody, ResponseFilter } from "../http/exchange.ts";
import type { RequestHeaders } from "../http/request-headers.ts";
import type { ResponseHead } from "../http/response-head.ts";
import { knownState, stateOf } from "../template/request-state.ts";
import { NO_BODY } from "./body-limit.ts";
import { release } from "./release.ts";

/**
 * A question of our own on behalf of a request, answered by a route as a request would be (NGINX's subrequests): a GET of another
 * path, with no body. Its answer is given to `answered` instead of a client, once; whoever takes it releases the body.
 */
export class SubExchange implements Exchange {
  method = "GET";
  readonly target: string;
  path: string;
  query: string;
  rewritten = true;
  readonly protocol: string;
  host: string;
  headers: RequestHeaders;
  client: Client;
  body: RequestBody = NO_BODY;
  readonly began: number;
  app = "";
  site: string;
  route: string;
  queued = 0;
  routing: object | null = null;
  readonly environ = null;
  onAbort: (() => void) | null = null;
  aborted = false;
  readonly upgradable = false;
  readonly #answered: (head: ResponseHead, body: ResponseBody) => void;
  readonly #filters: ResponseFilter[] = [];
  #done = false;

  constructor(
    exchange: Exchange,
    headers: RequestHeaders,
    path: string,
    query: string,
    answered: (head: ResponseHead, body: ResponseBody) => void,
  ) {
    this.target = exchange.target;
    this.path = path;
    this.query = query;
    this.protocol = exchange.protocol;
    this.host = exchange.host;
    this.headers = headers;
    this.client = exchange.client;
    this.began = performance.now();
    this.site = exchange.site;
    this.route = exchange.route;
    this.#answered = answered;
    const state = stateOf(this);
    state.isOwn = true;
    state.internal = true;
    // NGINX's subrequests share the variables of their request.
    const { variables, captures, user } = knownState(exchange) ?? state;
    for (const [name, value] of variables) state.variables.set(name, value);
    state.captures = captures;
    state.user = user;
  }

  respond(head: ResponseHead, body: ResponseBody): void {
    if (this.aborted || this.#done) return release(body);
    const filter = this.#filters.pop();
    if (filter !== undefined) return filter.respond(this, head, body);
    this.#done = true;
    this.#answered(head, body);
  }

  fail(status: number, reason: string, headers: readonly (readonly [string, string])[] = []): void {
    if (this.aborted || this.#done) return;
    const filter = this.#filters.pop();
    if (filter !== undefined) return filter.fail(this, status, reason, headers);
    const page = errorPage(status, reason, this.headers.list("accept"), headers);
    this.#done = true;
    this.#answered(page.head, page.body);
  }

  inform(): void {}

  tunnel(): void {
    this.fail(502, "a question of our own can't switch protocols");
  }

  filter(filter: ResponseFilter): void {
    this.#filters.push(filter);
  }

  /** Nobody waits for the answer any more. */
  abort(): void {
    if (this.aborted || this.#done) return;
    this.aborted = true;
    this.onAbort?.();
  }
}
