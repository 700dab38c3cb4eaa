import type { HandlerConfig } from "../config/model.ts";
import type { Exchange, Handler } from "../http/exchange.ts";
import { fixedHead } from "./fixed-head.ts";

export type RespondConfig = Extract<HandlerConfig, { kind: "respond" }>;

/**
 * A handler that gives the same answer to every exchange, whatever its method. A body without a Content-Type of its own is
 * `text/plain; charset=utf-8`; statuses that carry no content (RFC 9110 §15.3.5, §15.3.6, §15.4.5) get none. Throws a user
 * error for fields that can't be sent.
 */
export function createRespondHandler(config: RespondConfig): Handler {
  const body = config.body === "" || WITHOUT_CONTENT.has(config.status) ? null : Buffer.from(config.body, "utf8");
  const typed = config.headers.some(([name]) => name.toLowerCase() === "content-type");
  const fields = body === null || typed ? config.headers : [PLAIN_TEXT, ...config.headers];
  const head = fixedHead(config.status, fields);
  return {
    handle(exchange: Exchange): void {
      exchange.respond(head, body);
    },
  };
}

const PLAIN_TEXT = ["Content-Type", "text/plain; charset=utf-8"] as const;
const WITHOUT_CONTENT = new Set([204, 205, 304]);
