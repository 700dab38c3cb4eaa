import { isToken, trimSpace } from "../http/characters.ts";
import { dateLine } from "../http/date.ts";
import { EncodedHead } from "../http/encoded-head.ts";
import type { ResponseHead } from "../http/response-head.ts";
import { encodeField } from "./header-encoder.ts";

/** Fields of one connection: HTTP/2 has no place for them (RFC 9113 §8.2.2); and the length, which is ours to say. */
const OURS = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** No Content-Length. */
export const UNKNOWN = -1;

/** The encoded form of a head, made at its first use; null for a head that would not be valid. */
export function encodeHead(head: ResponseHead): EncodedHead | null {
  if (head.http2 !== null) return head.http2;
  let text = encodeField(":status", String(head.status));
  let hasDate = false;
  let hasServer = false;
  let declared = UNKNOWN;
  for (const [name, value] of head.headers) {
    const lower = name.toLowerCase();
    if (lower === "content-length" && /^[0-9]{1,15}$/.test(value)) declared = Number(value);
    if (OURS.has(lower)) continue;
    if (lower === "date") hasDate = true;
    if (lower === "server") hasServer = true;
    const field = responseField(lower, value);
    if (field === null) return null;
    text += field;
  }
  head.http2 = new EncodedHead(text, hasDate, hasServer, declared);
  return head.http2;
}

/** A field in HPACK, or null when name or value are not valid. */
export function responseField(name: string, value: string): string | null {
  return isToken(name) && VALUE.test(value) ? encodeField(name, trimSpace(value)) : null;
}

/** The whole block of a final response. `server`: the Server field encoded, or empty. `length`: Content-Length, or UNKNOWN. */
export function completeBlock(head: EncodedHead, server: string, length: number): string {
  const date = dateField();
  if (head.made !== "" && head.madeLength === length && head.madeDate === date) return head.made;
  head.madeDate = date;
  head.madeLength = length;
  const framing = length >= 0 ? encodeField("content-length", String(length)) : "";
  head.made = `${head.text}${head.hasDate ? "" : date}${head.hasServer ? "" : server}${framing}`;
  return head.made;
}

let line = "";
let field = "";

/** The Date field, encoded once a second. */
function dateField(): string {
  const now = dateLine();
  if (now !== line) {
    line = now;
    field = encodeField("date", now.slice("Date: ".length, -2));
  }
  return field;
}
