import type { ResponseHead } from "./response-head.ts";
import { SerialisedHead } from "./serialised-head.ts";
import { reasonPhrase } from "./status.ts";

// The protocol's own: framing, and options of one connection (RFC 9110 §7.6.1).
const OURS = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** What a line may hold. Text leaves as latin-1, so a character above 255 would become another: U+010D a CR (CWE-113). */
const VALID = /^[\t\x20-\x7e\x80-\xff]*$/;

/** A field's line with its CRLF, or null when it holds what would break the message. */
export function fieldLine(name: string, value: string): string | null {
  const line = `${name}: ${value}`;
  return VALID.test(line) ? `${line}\r\n` : null;
}

/** The serialised form of a head, made at its first use; null for a head that would break the message. */
export function serialiseHead(head: ResponseHead): SerialisedHead | null {
  if (head.http1 !== null) return head.http1;
  const reason = head.reason || reasonPhrase(head.status);
  if (!VALID.test(reason)) return null;
  let text = `HTTP/1.1 ${head.status} ${reason}\r\n`;
  let hasDate = false;
  let hasServer = false;
  let declared = -1;
  for (const [name, value] of head.headers) {
    const lower = name.toLowerCase();
    if (lower === "content-length" && /^[0-9]{1,15}$/.test(value)) declared = Number(value);
    if (OURS.has(lower)) continue;
    if (lower === "date") hasDate = true;
    if (lower === "server") hasServer = true;
    const line = fieldLine(name, value);
    if (line === null) return null;
    text += line;
  }
  head.http1 = new SerialisedHead(text, hasDate, hasServer, declared);
  return head.http1;
}

/** Lengths that mean no Content-Length: no framing field at all, or the chunked coding. */
export const UNFRAMED = -1;
export const CHUNKED = -2;

/**
 * The whole head. `date`, `server` and `connection` are lines with their CRLF, or empty. The last one made is kept: while a
 * handler answers alike, one string serves for a second.
 */
export function completeHead(
  head: SerialisedHead,
  date: string,
  server: string,
  length: number,
  connection: string,
): string {
  if (
    head.madeLength === length &&
    head.madeConnection === connection &&
    head.madeDate === date &&
    head.madeServer === server
  ) {
    return head.made;
  }
  head.madeDate = date;
  head.madeServer = server;
  head.madeLength = length;
  head.madeConnection = connection;
  const framing =
    length >= 0 ? `Content-Length: ${length}\r\n` : length === CHUNKED ? "Transfer-Encoding: chunked\r\n" : "";
  head.made = `${head.text}${head.hasDate ? "" : date}${head.hasServer ? "" : server}${framing}${connection}\r\n`;
  return head.made;
}
