import type { Exchange } from "../http/exchange.ts";
import { hasDotSegments } from "../http/path.ts";
import { encodePath, encodeQuery } from "../http/percent-encode.ts";
import type { Template } from "./template.ts";

/** How the path changes on its way; see `ProxyConfig.path`. */
export interface PathRule {
  readonly strip: string | null;
  readonly to: Template;
  /** The request's query is left out too. */
  readonly whole?: boolean;
}

/**
 * The request target for the upstream (RFC 9112 §3.2.1), with the meaning of NGINX's `proxy_pass`: without a rule the client's
 * own, to the byte, unless rules have rewritten it, or it steps (`..`), in whatever disguise: then the path that it was matched by, since
 * not all servers take such steps alike (RFC 3986 §6.2.2.3 has both mean the same); with one, `to` in place of `strip` and the rest of the decoded path
 * percent-encoded again. A `to` with variables is the whole target, query included.
 */
export function targetPath(exchange: Exchange, rule: PathRule | null): string {
  if (rule === null)
    return exchange.rewritten || hasDotSegments(exchange.target)
      ? `${encodePath(exchange.path)}${queryOf(exchange)}`
      : exchange.target;
  const { strip, to } = rule;
  if (strip === null) {
    const whole = clean(to.evaluate(exchange));
    return rule.whole === true || to.constant === null || whole.includes("?") ? whole : `${whole}${queryOf(exchange)}`;
  }
  // As with NGINX: what a rule made of the path goes on whole.
  if (!exchange.path.startsWith(strip)) return `${encodePath(exchange.path)}${queryOf(exchange)}`;
  return clean(`${to.evaluate(exchange)}${encodeRest(exchange.path.slice(strip.length))}${queryOf(exchange)}`);
}

/** A request target that an address with variables came to. */
export function wholeTarget(found: string): string {
  return clean(found.startsWith("?") ? `/${found}` : found);
}

// --- internal ---

function queryOf(exchange: Exchange): string {
  return exchange.query === "" ? "" : `?${encodeQuery(exchange.query)}`;
}

/** The rest of a path as `encodePath` writes it, but with its leading slashes, or none, as they are. */
function encodeRest(rest: string): string {
  const at = rest.search(/[^/]/);
  return at < 0 ? rest : rest.slice(0, at) + encodePath(`/${rest.slice(at)}`).slice(1);
}

// A space or a line end from a variable would end the request line (CWE-93).
function clean(target: string): string {
  const encoded = target.replace(/[^\x21-\x7e]|#/g, encodeCharacter);
  return encoded.startsWith("/") ? encoded : `/${encoded}`;
}

function encodeCharacter(character: string): string {
  return `%${(character.charCodeAt(0) & 0xff).toString(16).toUpperCase().padStart(2, "0")}`;
}
