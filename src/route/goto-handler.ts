import type { Exchange, Handler } from "../http/exchange.ts";
import type { CompiledTemplate } from "../template/template.ts";
import type { Guide } from "./guide.ts";

/** The error page of a status; 444 ends the connection without an answer. */
export function failHandler(status: number): Handler {
  return { handle: (exchange) => exchange.fail(status, "") };
}

/** A route that has nothing of its own to say. */
export const NO_HANDLER: Handler = { handle: (exchange) => exchange.fail(404, "Nothing is served at this path") };

/** Leads to another route: `@name`, or an internal redirect to `path?query`, whose query is what is written there. */
export function gotoHandler(to: string, compile: (text: string) => CompiledTemplate, guide: Guide): Handler {
  if (to.startsWith("@")) {
    const name = compile(to.slice(1));
    return { handle: (exchange) => guide.enter(exchange, name.evaluate(exchange)) };
  }
  const mark = to.indexOf("?");
  const path = compile(mark < 0 ? to : to.slice(0, mark));
  const query = compile(mark < 0 ? "" : to.slice(mark + 1));
  return {
    handle: (exchange: Exchange) => {
      const next = path.evaluate(exchange);
      if (next.startsWith("/")) guide.redirect(exchange, next, query.evaluate(exchange));
      else exchange.fail(500, "The path led to is not a path");
    },
  };
}
