import { isIPv6 } from "node:net";
import { bad, type Refusal } from "./refusal.ts";

// RFC 3986 §3.2.2: reg-name (which covers IPv4), then an optional port, which may be empty.
const NAME = /^((?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+)(?::([0-9]{0,5}))?$/;
const LITERAL = /^\[([0-9A-Fa-f:.]+)\](?::([0-9]{0,5}))?$/;

/**
 * The host of a Host field or of an absolute-form's authority, in lower case, without the port; IPv6 keeps its brackets.
 * Refused: what RFC 3986 does not allow, user information, an empty host (RFC 9110 §4.2.1), a port above 65535.
 */
export function parseAuthority(authority: string): string | Refusal {
  const match = NAME.exec(authority) ?? LITERAL.exec(authority);
  if (match === null) return bad(`the host ${JSON.stringify(authority)} is not valid`);
  if (authority.startsWith("[") && !isIPv6(match[1]!)) return bad(`the host ${JSON.stringify(authority)} is not valid`);
  if (match[2] !== undefined && Number(match[2]) > 65535)
    return bad(`the port of ${JSON.stringify(authority)} is not valid`);
  const host = match[1]!.toLowerCase();
  return authority.startsWith("[") ? `[${host}]` : host;
}
