import type { Log } from "../base/log.ts";
import type { ForwardAuthConfig } from "../config/policy-model.ts";
import type { Exchange, ResponseBody, ResponseFilter } from "../http/exchange.ts";
import type { RequestHeaders } from "../http/request-headers.ts";
import { ResponseHead } from "../http/response-head.ts";
import type { Check, Verdict } from "../middleware/check.ts";
import { setVariable, stateOf } from "../template/request-state.ts";
import type { CompiledTemplate } from "../template/template.ts";
import { requestHeaders, withoutFields } from "./header-rules.ts";
import { release } from "./release.ts";
import { SubExchange } from "./sub-exchange.ts";

type Field = readonly [name: string, value: string];

export interface ForwardAuthParts {
  readonly compile: (text: string) => CompiledTemplate;
  /** Has the question answered. `path` (and query) where it is a path of the site, else null. */
  readonly ask: (question: SubExchange) => void;
  readonly log: Log;
}

/** Of a body that isn't sent along, or that would make a part or nothing of the answer. */
const NOT_ASKED = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "range",
  "te",
  "transfer-encoding",
  "upgrade",
]);
const NAMED_BY_US = new Set(["x-forwarded-method", "x-forwarded-uri"]);

/**
 * Asks another server, or a route, whether a request may go on (NGINX's `auth_request`): 2xx lets it, 401 and 403 are passed on,
 * anything else is 500, or passed on too where the configuration says so.
 */
export class ForwardAuth implements Check {
  readonly #config: ForwardAuthConfig;
  readonly #parts: ForwardAuthParts;
  readonly #path: CompiledTemplate | null;
  readonly #set: readonly (readonly [string, CompiledTemplate])[];
  /** Lower case. */
  readonly #copied: ReadonlySet<string>;

  constructor(config: ForwardAuthConfig, parts: ForwardAuthParts) {
    this.#config = config;
    this.#parts = parts;
    this.#path = config.to.kind === "path" ? parts.compile(config.to.path) : null;
    this.#set = Object.entries(config.set).map(([name, value]) => [name, parts.compile(value)] as const);
    this.#copied = new Set(config.copy.map((name) => name.toLowerCase()));
  }

  check(exchange: Exchange, done: (verdict: Verdict) => void): void {
    const [path, query] = this.#target(exchange);
    const question = new SubExchange(exchange, this.#headers(exchange), path, query, (head, body) => {
      clearTimeout(timer);
      exchange.onAbort = null;
      if (exchange.aborted) release(body);
      else done(this.#judge(exchange, question, head, body));
    });
    const timer = setTimeout(() => {
      question.abort();
      exchange.onAbort = null;
      this.#parts.log.error(`auth: no answer within ${this.#config.timeout} ms`, { request: exchange.target });
      if (!exchange.aborted) done(FAILED);
    }, this.#config.timeout);
    exchange.onAbort = () => {
      clearTimeout(timer);
      question.abort();
    };
    this.#parts.ask(question);
  }

  // --- internal ---

  #target(exchange: Exchange): readonly [string, string] {
    if (this.#path === null) return [exchange.path, exchange.query];
    const text = this.#path.evaluate(exchange);
    const mark = text.indexOf("?");
    return mark < 0 ? [text, ""] : [text.slice(0, mark), text.slice(mark + 1)];
  }

  #headers(exchange: Exchange): RequestHeaders {
    const headers = withoutFields(exchange.headers, NOT_ASKED);
    if (this.#path !== null) return headers;
    const kept = headers.names
      .map((name, i): Field => [name, headers.values[i]!])
      .filter(([name]) => !NAMED_BY_US.has(name));
    return requestHeaders([...kept, ["x-forwarded-method", exchange.method], ["x-forwarded-uri", exchange.target]]);
  }

  #judge(exchange: Exchange, question: SubExchange, head: ResponseHead, body: ResponseBody): Verdict {
    const { cookies, user, refusal } = this.#config;
    this.#setVariables(exchange, question, head);
    const passedOn = refusal === "answer" && head.status >= 300;
    if (cookies && !passedOn)
      exchange.filter(new AddedFields(head.headers.filter(([name]) => name.toLowerCase() === "set-cookie")));
    if (head.status >= 200 && head.status < 300) {
      release(body);
      if (this.#copied.size > 0) exchange.headers = this.#withCopied(exchange.headers, head);
      const name = user === null ? undefined : head.headers.find(([one]) => one.toLowerCase() === user)?.[1];
      if (name !== undefined) stateOf(exchange).user = name;
      return "pass";
    }
    if (passedOn) {
      exchange.respond(head, body);
      return null;
    }
    release(body);
    if (head.status === 403) return { status: 403, reason: "Access is not allowed", headers: [] };
    if (head.status === 401) {
      const challenges = head.headers.filter(([name]) => name.toLowerCase() === "www-authenticate");
      return { status: 401, reason: "This needs a login", headers: challenges };
    }
    this.#parts.log.error(`auth: the check answered ${head.status}`, { request: exchange.target });
    return FAILED;
  }

  /** What templates name of the answer; they are read whatever it says. */
  #setVariables(exchange: Exchange, question: SubExchange, head: ResponseHead): void {
    if (this.#set.length === 0) return;
    const state = stateOf(question);
    state.head = head;
    // An app that answers stands in the place of an upstream.
    for (const [name, value] of head.headers) {
      const variable = `upstream_http_${name.toLowerCase().replaceAll("-", "_")}`;
      if (!state.variables.has(variable)) state.variables.set(variable, value);
    }
    if (!state.variables.has("upstream_status")) state.variables.set("upstream_status", String(head.status));
    for (const [name, value] of this.#set) setVariable(exchange, name, value.evaluate(question));
  }

  /** What a client sent under these names never reaches anybody. */
  #withCopied(headers: RequestHeaders, head: ResponseHead): RequestHeaders {
    const own = headers.names
      .map((name, i): Field => [name, headers.values[i]!])
      .filter(([name]) => !this.#copied.has(name));
    const copied = head.headers
      .map(([name, value]): Field => [name.toLowerCase(), value])
      .filter(([name]) => this.#copied.has(name));
    return requestHeaders([...own, ...copied], new Set([...headers.decided, ...this.#copied]));
  }
}

// --- internal ---

const FAILED = { status: 500, reason: "Whether access is allowed can't be found out", headers: [] } as const;

/** Adds fields to whatever answer the client gets. */
class AddedFields implements ResponseFilter {
  readonly #fields: readonly Field[];

  constructor(fields: readonly Field[]) {
    this.#fields = fields;
  }

  respond(exchange: Exchange, head: ResponseHead, body: ResponseBody): void {
    exchange.respond(new ResponseHead(head.status, [...head.headers, ...this.#fields], head.reason), body);
  }

  fail(exchange: Exchange, status: number, reason: string, headers: readonly Field[]): void {
    exchange.fail(status, reason, [...headers, ...this.#fields]);
  }
}
