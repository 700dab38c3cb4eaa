import { parseAuthority } from "./authority.ts";
import { normalisePath } from "./path.ts";
import { bad, Refusal } from "./refusal.ts";

/** A request target taken apart (RFC 9112 §3.2). */
export interface Target {
  /** origin-form, or `*`. */
  readonly text: string;
  readonly path: string;
  readonly query: string;
  /** Of an absolute-form, as received; null for the other forms. */
  readonly authority: string | null;
  /** Host of `authority`, lower case, without the port; empty without one. */
  readonly host: string;
}

// Visible ASCII without "#": browsers do send `"<>\^{|}` raw, though RFC 3986 wants them encoded; none of them is ambiguous.
const VISIBLE = /^[!"$-~]+$/;
const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i;

/** Parses a target. Refused: fragments, spaces, controls, raw non-ASCII, authority-form, foreign schemes, `*` but for OPTIONS. */
export function parseTarget(method: string, text: string): Target | Refusal {
  if (!VISIBLE.test(text)) return bad("the target has characters that are not allowed in a URI");
  if (text.startsWith("/")) return parseOrigin(text, null, "");
  if (text === "*") return method === "OPTIONS" ? asterisk(null, "") : bad("the target * is for OPTIONS alone");
  const match = ABSOLUTE.exec(text);
  if (match === null) return bad("the target is neither a path nor an http URI");
  const authority = match[1]!;
  const host = parseAuthority(authority);
  if (host instanceof Refusal) return host;
  const rest = match[2]!;
  // RFC 9112 §3.2.4: without path and query, OPTIONS means the server as a whole.
  if (rest === "" && method === "OPTIONS") return asterisk(authority, host);
  return parseOrigin(rest.startsWith("/") ? rest : `/${rest}`, authority, host);
}

function parseOrigin(text: string, authority: string | null, host: string): Target | Refusal {
  const mark = text.indexOf("?");
  const path = normalisePath(mark < 0 ? text : text.slice(0, mark));
  if (path instanceof Refusal) return path;
  return { text, path, query: mark < 0 ? "" : text.slice(mark + 1), authority, host };
}

function asterisk(authority: string | null, host: string): Target {
  return { text: "*", path: "*", query: "", authority, host };
}
