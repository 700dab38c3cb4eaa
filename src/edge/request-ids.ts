import { randomBytes } from "node:crypto";
import type { RequestIdConfig } from "../config/model.ts";
import type { Exchange, Handler, ResponseBody, ResponseFilter } from "../http/exchange.ts";
import { ResponseHead } from "../http/response-head.ts";
import { AccessList } from "../route/access-list.ts";
import { requestHeaders } from "../route/header-rules.ts";
import { stateOf } from "../template/request-state.ts";

/** What an id from outside may be: it goes into logs and headers as it is. */
const ID = /^[\w.:/+=@-]{1,128}$/;

/**
 * Gives each request its id before it is routed: that of a trusted client's header, else a new one. Apps and upstreams get it in
 * that header, logs as `{request_id}`, and the client too where that is asked for.
 */
export class RequestIds implements Handler, ResponseFilter {
  readonly #name: string;
  readonly #lower: string;
  readonly #trusted: AccessList;
  readonly #respond: boolean;
  readonly #handler: Handler;

  constructor({ header, trust, respond }: RequestIdConfig, handler: Handler) {
    this.#name = header;
    this.#lower = header.toLowerCase();
    this.#trusted = new AccessList([...trust.map((range) => ({ allow: true, range })), { allow: false, range: "all" }]);
    this.#respond = respond;
    this.#handler = handler;
  }

  handle(exchange: Exchange): void {
    const state = stateOf(exchange);
    const given = this.#given(exchange);
    if (given === null) {
      state.requestId = randomBytes(16).toString("hex");
      const { names, values } = exchange.headers;
      const others = names.map((name, i) => [name, values[i]!] as const).filter(([name]) => name !== this.#lower);
      exchange.headers = requestHeaders([...others, [this.#lower, state.requestId]], new Set([this.#lower]));
    } else state.requestId = given;
    if (this.#respond) exchange.filter(this);
    this.#handler.handle(exchange);
  }

  respond(exchange: Exchange, head: ResponseHead, body: ResponseBody): void {
    const others = head.headers.filter(([name]) => name.toLowerCase() !== this.#lower);
    const field = [this.#name, stateOf(exchange).requestId] as const;
    exchange.respond(new ResponseHead(head.status, [...others, field], head.reason), body);
  }

  fail(exchange: Exchange, status: number, reason: string, headers: readonly (readonly [string, string])[]): void {
    exchange.fail(status, reason, [...headers, [this.#name, stateOf(exchange).requestId]]);
  }

  /** The id that the client sent, if it may: one that is sent twice is none. */
  #given(exchange: Exchange): string | null {
    const { names, values } = exchange.headers;
    const at = names.indexOf(this.#lower);
    if (at < 0 || names.indexOf(this.#lower, at + 1) >= 0 || !ID.test(values[at]!)) return null;
    return this.#trusted.permits(exchange) ? values[at]! : null;
  }
}
