import { PropylonError } from "../base/errors.ts";
import type { HandlerConfig } from "../config/route-model.ts";
import { parseTemplate } from "../config/template.ts";
import type { Exchange, Handler } from "../http/exchange.ts";
import { ResponseHead } from "../http/response-head.ts";
import { TemplateCompiler, type TemplateScope } from "../template/template.ts";
import { fixedHead } from "./fixed-head.ts";

export type RedirectConfig = Extract<HandlerConfig, { kind: "redirect" }>;

export interface RedirectParts {
  readonly templates: TemplateCompiler;
  readonly scope: TemplateScope | null;
  /** What becomes of a Location that is a path before it is sent; null: nothing. */
  readonly locate: ((exchange: Exchange, location: string) => string) | null;
}

/**
 * A handler that sends clients elsewhere (RFC 9110 §15.4). What variables bring in is encoded, so it can't begin another header
 * field, and a path can't leave its place in the URI: `{path}` has one slash in front, also after a slash, so that no host
 * can be put there (RFC 3986 §4.2). Throws a user error for an unknown variable or a `to` that is no URI reference.
 */
export function createRedirectHandler(config: RedirectConfig, parts: RedirectParts = PLAIN): Handler {
  const { status } = config;
  checkReference(config.to);
  const to = parts.templates.url(config.to.replace(/\/(?=\{(?:path|uri|document_uri)\})/g, ""), parts.scope);
  const leadingPath = /^\/?\{/.test(config.to);
  const needsHost = parseTemplate(config.to).some((part) => part.kind === "variable" && part.name === "host");
  const { locate } = parts;
  if (to.constant !== null && (locate === null || !to.constant.startsWith("/"))) {
    const head = fixedHead(status, [["Location", to.constant]]);
    return { handle: (exchange) => exchange.respond(head, null) };
  }
  return {
    handle(exchange: Exchange): void {
      if (needsHost && !HOST.test(exchange.host)) {
        exchange.fail(400, "The request names no host to be redirected to");
        return;
      }
      const location = oneSlash(to.evaluate(exchange), leadingPath);
      const whole = locate !== null && location.startsWith("/") ? locate(exchange, location) : location;
      exchange.respond(new ResponseHead(status, [["Location", whole]]), null);
    },
  };
}

const PLAIN: RedirectParts = {
  templates: new TemplateCompiler(),
  scope: null,
  locate: null,
};

// A reg-name, an IPv4 address, or an IPv6 address with or without its brackets.
const HOST = /^(?:[a-z0-9._~-]+|\[[0-9a-f:.]+\])$/;
// RFC 3986 §2: reserved, unreserved and percent-encoded; nothing that is not ASCII.
const REFERENCE = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*$/;

function checkReference(to: string): void {
  const parts = parseTemplate(to);
  if (parts.length === 0)
    throw new PropylonError("user", "a redirect needs a target", {
      remedy: 'write a URI, such as "https://{host}{path}{query}"',
    });
  for (const part of parts)
    if (part.kind === "text" && !REFERENCE.test(part.text))
      throw new PropylonError("user", `the redirect target ${JSON.stringify(to)} is not a URI`, {
        remedy: "percent-encode what a URI can't hold",
      });
}

/** Slashes that a variable brought to the front are one, so that they never name a host. */
function oneSlash(location: string, leadingPath: boolean): string {
  return leadingPath ? location.replace(/^\/{2,}/, "/") : location;
}
