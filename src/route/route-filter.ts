import { errorPage } from "../http/error-page.ts";
import type { Exchange, ResponseBody, ResponseFilter } from "../http/exchange.ts";
import { obeyPace } from "../http/obey-pace.ts";
import { normalisePath } from "../http/path.ts";
import { Refusal } from "../http/refusal.ts";
import { ResponseHead } from "../http/response-head.ts";
import { knownState, type RequestState } from "../template/request-state.ts";
import { askWithGet, prepareAgain } from "./error-pages.ts";
import type { Guide } from "./guide.ts";
import { release } from "./release.ts";
import type { AnswerRules, Route } from "./route.ts";

type Fields = readonly (readonly [string, string])[];

/**
 * Stands between a site's handlers and the client where a route has error pages, header rules or answers that may lead
 * elsewhere. One for a site: what it needs of an exchange is in its state.
 */
export class RouteFilter implements ResponseFilter {
  readonly #guide: Guide;

  constructor(guide: Guide) {
    this.#guide = guide;
  }

  /** Puts the filter before the client, if it isn't there. */
  stand(exchange: Exchange, state: RequestState): void {
    if (state.filtered) return;
    state.filtered = true;
    exchange.filter(this);
  }

  respond(exchange: Exchange, head: ResponseHead, body: ResponseBody): void {
    const state = knownState(exchange)!;
    const rules = (state.route as Route | null)?.answers ?? null;
    const isOurs = state.redirecting;
    state.filtered = false;
    state.redirecting = false;
    if (rules !== null && head.status !== 101) {
      if (rules.accel !== null && this.#leadElsewhere(exchange, state, rules, head, body)) return;
      const isCovered = rules.intercept || ((isOurs || rules.own) && isRedirect(head));
      if (
        isCovered &&
        head.status >= 300 &&
        this.#answerError(exchange, state, rules, head.status, kept(head, isOurs || rules.own))
      ) {
        release(body);
        return;
      }
    }
    const isOwn = (isOurs || rules?.own === true) && isRedirect(head);
    const finished = this.#finish(exchange, state, rules, head, isOwn);
    if (rules?.compress != null) exchange.filter(rules.compress);
    exchange.respond(finished, body);
  }

  fail(exchange: Exchange, status: number, reason: string, headers: Fields): void {
    const state = knownState(exchange)!;
    const rules = (state.route as Route | null)?.answers ?? null;
    state.filtered = false;
    state.override = null;
    if (rules !== null && this.#answerError(exchange, state, rules, status, headers)) return;
    if ((rules?.headers ?? rules?.cors ?? null) === null || status === CLOSE)
      return exchange.fail(status, reason, headers);
    const page = errorPage(status, reason, exchange.headers.list("accept"), headers);
    exchange.respond(this.#finish(exchange, state, rules, page.head, true), page.body);
  }

  // --- internal ---

  #answerError(exchange: Exchange, state: RequestState, rules: AnswerRules, status: number, headers: Fields): boolean {
    const { errors } = rules;
    if (errors === null || state.failing || !errors.has(status)) return false;
    state.kept = headers;
    this.stand(exchange, state);
    errors.answer(exchange, status);
    return true;
  }

  /** X-Accel-Redirect and X-Sendfile: another route answers, with a few of the fields of this answer. */
  #leadElsewhere(
    exchange: Exchange,
    state: RequestState,
    rules: AnswerRules,
    head: ResponseHead,
    body: ResponseBody,
  ): boolean {
    const target = this.#accelTarget(head);
    if (target === null) return false;
    const { path, query } = target;
    const named = path.startsWith("@");
    obeyPace(head, exchange);
    release(body);
    state.kept = head.headers.filter(([name]) => KEPT_BY_ACCEL.has(name.toLowerCase()));
    state.internal = true;
    prepareAgain(exchange);
    this.stand(exchange, state);
    if (named) {
      this.#guide.enter(exchange, path.slice(1));
      return true;
    }
    askWithGet(exchange);
    const normal = path.startsWith("/") ? normalisePath(path) : new Refusal(404, "");
    if (normal instanceof Refusal || (rules.accel === "internal" && !this.#guide.leadsInside(exchange, normal)))
      exchange.fail(404, "The application led to a path that does not exist");
    else this.#guide.redirect(exchange, normal, query);
    return true;
  }

  #accelTarget(head: ResponseHead): { readonly path: string; readonly query: string } | null {
    for (const [name, value] of head.headers) {
      const lower = name.length === 16 || name.length === 10 ? name.toLowerCase() : "";
      if (lower === "x-accel-redirect" && value !== "") {
        const mark = value.indexOf("?");
        return mark < 0 ? { path: value, query: "" } : { path: value.slice(0, mark), query: value.slice(mark + 1) };
      }
      if (lower === "x-sendfile") {
        const path = this.#guide.pathOfFile(value);
        // The redirect decodes what it is given.
        if (path !== null) return { path: path.replaceAll("%", "%25"), query: "" };
      }
    }
    return null;
  }

  #finish(
    exchange: Exchange,
    state: RequestState,
    rules: AnswerRules | null,
    given: ResponseHead,
    own = false,
  ): ResponseHead {
    let head = given;
    if (state.override !== null && !isRedirect(head)) head = new ResponseHead(state.override, head.headers);
    if (state.kept.length > 0) head = withKept(head, state.kept);
    if (rules?.charset != null) head = rules.charset.apply(head);
    state.override = null;
    state.kept = [];
    state.head = head;
    if (rules?.expires != null) head = rules.expires.apply(exchange, head);
    if (rules?.headers != null) head = rules.headers.apply(exchange, head, own);
    return rules?.cors == null ? head : rules.cors.apply(exchange, head);
  }
}

/** NGINX's status for an end without an answer. */
const CLOSE = 444;

/** Fields of an answer that led elsewhere which hold for what answers in its place, as in NGINX. */
const KEPT_BY_ACCEL = new Set([
  "accept-ranges",
  "cache-control",
  "content-disposition",
  "content-language",
  "content-type",
  "expires",
  "set-cookie",
]);

function isRedirect({ status, headers }: ResponseHead): boolean {
  return status >= 300 && status < 400 && headers.some(([name]) => name.toLowerCase() === "location");
}

/** Of an answer that an error page replaces: how the client is to identify itself, or where a redirect of ours leads, as in NGINX. */
function kept(head: ResponseHead, isOurs: boolean): Fields {
  const name = head.status === 401 ? "www-authenticate" : isOurs ? "location" : "";
  return name === "" ? [] : head.headers.filter(([field]) => field.toLowerCase() === name);
}

/** Where what answers leads elsewhere itself, it does. */
function withKept(head: ResponseHead, all: Fields): ResponseHead {
  const fields = isRedirect(head) ? all.filter(([name]) => name.toLowerCase() !== "location") : all;
  const names = new Set(fields.map(([name]) => name.toLowerCase()));
  const own = head.headers.filter(([name]) => !names.has(name.toLowerCase()));
  return new ResponseHead(head.status, [...own, ...fields], head.reason);
}
