import { parseHeaderBlock } from "./header-block.ts";
import { bad, Refusal } from "./refusal.ts";

// RFC 9110 §6.5.1: what frames, routes, modifies or authenticates a message has no place behind its content.
const FORBIDDEN = new Set([
  "authorization",
  "cache-control",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "cookie",
  "expect",
  "host",
  "keep-alive",
  "max-forwards",
  "proxy-authorization",
  "proxy-connection",
  "range",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Reads a trailer section (lines separated by CRLF) as strictly as a header section. */
export function parseTrailers(raw: string, fieldLimit: number): (readonly [string, string])[] | Refusal {
  const names = raw.split("\r\n").map((line) => line.slice(0, Math.max(line.indexOf(":"), 0)).toLowerCase());
  const forbidden = names.find((name) => FORBIDDEN.has(name));
  if (forbidden !== undefined) return bad(`the trailer field ${forbidden} is not allowed`);
  const block = parseHeaderBlock(raw, fieldLimit);
  return block instanceof Refusal ? block : block.headers.names.map((name, i) => [name, block.headers.values[i]!]);
}
