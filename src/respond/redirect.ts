import { PropylonError } from "../base/errors.ts";
import type { HandlerConfig } from "../config/model.ts";
import type { Exchange, Handler } from "../http/exchange.ts";
import { encodePath, encodeQuery } from "../http/percent-encode.ts";
import { ResponseHead } from "../http/response-head.ts";
import { fixedHead } from "./fixed-head.ts";

export type RedirectConfig = Extract<HandlerConfig, { kind: "redirect" }>;

/**
 * A handler that sends clients elsewhere (RFC 9110 §15.4). `to` may hold `{host}` (the request's host without its port),
 * `{path}` (percent-encoded, one leading slash) and `{query}` (with its `?`; empty when there is none). What they bring in is
 * encoded, so it can neither leave its place in the URI nor begin another header field. Throws a user error for another
 * placeholder or a `to` that is no URI reference.
 */
export function createRedirectHandler(config: RedirectConfig): Handler {
  const parts = parseTemplate(config.to);
  const [only] = parts;
  if (parts.length === 1 && only!.kind === "text")
    return fixedRedirect(fixedHead(config.status, [["Location", only!.text]]));
  const needsHost = parts.some((part) => part.kind === "host");
  return {
    handle(exchange: Exchange): void {
      if (needsHost && !HOST.test(exchange.host)) {
        exchange.fail(400, "The request names no host to be redirected to");
        return;
      }
      let location = "";
      for (const part of parts) location += expand(part, exchange, location);
      exchange.respond(new ResponseHead(config.status, [["Location", location]]), null);
    },
  };
}

type Part = { readonly kind: "text"; readonly text: string } | { readonly kind: "host" | "path" | "query" };

// A reg-name, an IPv4 address, or an IPv6 address with or without its brackets.
const HOST = /^(?:[a-z0-9._~-]+|\[[0-9a-f:.]+\]|[0-9a-f:.]+)$/;
// RFC 3986 §2: reserved, unreserved and percent-encoded; nothing that is not ASCII.
const REFERENCE = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*$/;

function fixedRedirect(head: ResponseHead): Handler {
  return {
    handle(exchange: Exchange): void {
      exchange.respond(head, null);
    },
  };
}

function parseTemplate(to: string): readonly Part[] {
  const parts = to
    .split(/(\{[^{}]*\})/)
    .filter((piece) => piece !== "")
    .map((piece) => parsePart(piece, to));
  if (parts.length === 0)
    throw new PropylonError("user", "a redirect needs a target", {
      remedy: 'write a URI, such as "https://{host}{path}{query}"',
    });
  return parts;
}

function parsePart(piece: string, to: string): Part {
  if (piece === "{host}" || piece === "{path}" || piece === "{query}")
    return { kind: piece.slice(1, -1) as "host" | "path" | "query" };
  if (piece.startsWith("{")) {
    throw new PropylonError("user", `"${to}" holds the unknown placeholder "${piece}"`, {
      remedy: "use {host}, {path} or {query}",
    });
  }
  if (!REFERENCE.test(piece)) {
    throw new PropylonError("user", `the redirect target ${JSON.stringify(to)} is not a URI`, {
      remedy: "percent-encode what a URI can't hold",
    });
  }
  return { kind: "text", text: piece };
}

function expand(part: Part, exchange: Exchange, before: string): string {
  switch (part.kind) {
    case "text":
      return part.text;
    case "host":
      return exchange.host.includes(":") && !exchange.host.startsWith("[") ? `[${exchange.host}]` : exchange.host;
    case "path":
      // `/{path}` must not become `//host`, which names another host (RFC 3986 §4.2).
      return before.endsWith("/") ? encodePath(exchange.path).slice(1) : encodePath(exchange.path);
    case "query":
      return exchange.query === "" ? "" : `?${encodeQuery(exchange.query)}`;
  }
}
