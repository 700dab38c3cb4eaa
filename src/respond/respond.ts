import type { HandlerConfig } from "../config/route-model.ts";
import { plainText } from "../config/template.ts";
import type { Exchange, Handler } from "../http/exchange.ts";
import { ResponseHead } from "../http/response-head.ts";
import { type CompiledTemplate, compileTemplate } from "../template/template.ts";
import { fixedHead } from "./fixed-head.ts";

export type RespondConfig = Extract<HandlerConfig, { kind: "respond" }>;

/**
 * A handler that answers every exchange alike but for the variables in the body and in fields' values, whatever its method. A
 * body without a Content-Type of its own is `text/plain; charset=utf-8`; statuses that carry no content (RFC 9110 §15.3.5,
 * §15.3.6, §15.4.5) get none. Throws a user error for fields that can't be sent.
 */
export function createRespondHandler(
  config: RespondConfig,
  compile: (text: string) => CompiledTemplate = compileTemplate,
): Handler {
  const { status } = config;
  const text = compile(WITHOUT_CONTENT.has(status) ? "" : config.body);
  const typed = config.headers.some(([name]) => name.toLowerCase() === "content-type");
  const headers = text.constant === "" || typed ? config.headers : [PLAIN_TEXT, ...config.headers];
  const fields = headers.map(([name, value]) => [name, compile(value)] as const);
  // Names and what is fixed are checked now, what requests bring in when they do.
  const known = fixedHead(
    status,
    headers.map(([name, value]) => [name, plainText(value) ?? ""]),
  );
  const varies = fields.some(([, value]) => value.constant === null);
  const head = (exchange: Exchange): ResponseHead =>
    varies
      ? new ResponseHead(
          status,
          fields.map(([name, value]) => [name, oneLine(value.evaluate(exchange))]),
        )
      : known;
  if (text.constant !== null) {
    const body = text.constant === "" ? null : Buffer.from(text.constant, "latin1");
    return { handle: (exchange) => exchange.respond(head(exchange), body) };
  }
  return {
    handle: (exchange) => exchange.respond(head(exchange), Buffer.from(text.evaluate(exchange), "latin1")),
  };
}

const PLAIN_TEXT = ["Content-Type", "text/plain; charset=utf-8"] as const;
const WITHOUT_CONTENT = new Set([204, 205, 304]);

/** A value that requests had a part in: no control character may begin another line. */
function oneLine(value: string): string {
  return value.replace(/[\x00-\x08\x0a-\x1f\x7f]+/g, " ").trim();
}
