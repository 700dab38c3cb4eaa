import type { ErrorPageConfig } from "../config/route-model.ts";
import type { Exchange, Handler } from "../http/exchange.ts";
import { restoreFields, stateOf } from "../template/request-state.ts";
import type { CompiledTemplate } from "../template/template.ts";
import { NO_BODY, RoutedBody } from "./body-limit.ts";
import type { Guide } from "./guide.ts";
import { withoutFields } from "./header-rules.ts";
import { absoluteLocation, redirect } from "./location.ts";

export interface ErrorPageParts {
  readonly guide: Guide;
  readonly compile: (text: string) => CompiledTemplate;
  readonly url: (text: string) => CompiledTemplate;
  /** Serves the content of this file, whatever is asked for. */
  readonly filePage: (path: string) => Handler;
}

type Page = (exchange: Exchange, status: number) => void;

/** What answers errors, by status. One level: an error on the way to an error page gets the default page. */
export class ErrorPages {
  readonly #pages = new Map<number, Page>();

  constructor(configs: readonly ErrorPageConfig[], parts: ErrorPageParts) {
    for (const config of configs) {
      const page = compilePage(config, parts);
      for (const status of config.statuses) if (!this.#pages.has(status)) this.#pages.set(status, page);
    }
  }

  has(status: number): boolean {
    return this.#pages.has(status);
  }

  /** Has the exchange answered by the page for this status, which there has to be. */
  answer(exchange: Exchange, status: number): void {
    const state = stateOf(exchange);
    state.failing = true;
    state.internal = true;
    this.#pages.get(status)!(exchange, status);
  }
}

/** Makes an exchange ready to be handled once more: what the first handler left is forgotten, a body that was read is gone. */
export function prepareAgain(exchange: Exchange): void {
  exchange.onAbort = null;
  restoreFields(exchange);
  if (exchange.body instanceof RoutedBody && exchange.body.asked) {
    exchange.body = NO_BODY;
    exchange.headers = withoutFields(exchange.headers, OF_BODY);
  }
}

/** The internal redirects of NGINX's errors and X-Accel-Redirect ask with GET, unless the client asked with HEAD. */
export function askWithGet(exchange: Exchange): void {
  if (exchange.method !== "HEAD") exchange.method = "GET";
}

// --- internal ---

const OF_BODY = new Set(["content-length", "content-type", "content-encoding", "transfer-encoding", "expect"]);
/** What would make a part, or nothing at all, of a page whose status is set. */
const CONDITIONAL = new Set([
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "range",
]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

function compilePage(config: ErrorPageConfig, parts: ErrorPageParts): Page {
  const { answer, status } = config;
  const { guide } = parts;
  const prepare = (exchange: Exchange, error: number): void => {
    prepareAgain(exchange);
    stateOf(exchange).override = status === "answer" ? null : (status ?? error);
    if (status !== "answer") exchange.headers = withoutFields(exchange.headers, CONDITIONAL);
  };
  switch (answer.kind) {
    case "file": {
      const handler = parts.filePage(answer.path);
      return (exchange, error) => {
        prepare(exchange, error);
        askWithGet(exchange);
        handler.handle(exchange);
      };
    }
    case "path": {
      const mark = answer.to.indexOf("?");
      const path = parts.compile(mark < 0 ? answer.to : answer.to.slice(0, mark));
      const query = parts.compile(mark < 0 ? "" : answer.to.slice(mark + 1));
      return (exchange, error) => {
        const to = path.evaluate(exchange);
        const asked = query.evaluate(exchange);
        prepare(exchange, error);
        askWithGet(exchange);
        guide.redirect(exchange, to, asked);
      };
    }
    case "route":
      return (exchange, error) => {
        prepare(exchange, error);
        guide.enter(exchange, answer.name.replace(/^@/, ""));
      };
    case "redirect": {
      const to = parts.url(answer.to);
      const code = typeof status === "number" && REDIRECTS.has(status) ? status : 302;
      return (exchange) => redirect(exchange, code, absoluteLocation(exchange, to.evaluate(exchange)));
    }
  }
}
