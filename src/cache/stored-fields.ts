import { formatHttpDate, parseHttpDate } from "../http/conditional.ts";
import { type Fields, firstOf, without } from "./fields.ts";

/** Of one connection or one hop (RFC 9111 §3.1, RFC 9110 §7.6.1), or told anew with each answer (Age, Content-Length). */
const NOT_STORED = new Set([
  "age",
  "connection",
  "content-length",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** What a 304 does not change: it has no content, so what it says of one is not of the one that is stored (RFC 9111 §3.2). */
const NOT_UPDATED = new Set([...NOT_STORED, "content-encoding", "content-range", "set-cookie"]);

/**
 * The fields of an answer that are kept (RFC 9111 §3.1), unknown ones included. `date` (ms since 1970) stands in for a Date that is
 * missing (RFC 9110 §6.6.1). A Set-Cookie that the configuration ignores is for one client alone.
 */
export function storedFields(fields: Fields, date: number): Fields {
  const options = (firstOf(fields, "connection") ?? "").toLowerCase().split(/[\s,]+/);
  const kept = without(fields, new Set([...NOT_STORED, "set-cookie", ...options]));
  return firstOf(kept, "date") === undefined ? [...kept, ["Date", formatHttpDate(Math.floor(date / 1000))]] : kept;
}

/** The stored fields with those of a 304 in place of theirs (RFC 9111 §3.2, §4.3.4). */
export function updatedFields(stored: Fields, news: Fields): Fields {
  const fresh = without(news, NOT_UPDATED);
  const named = new Set(fresh.map(([name]) => name.toLowerCase()));
  return [...without(stored, named), ...fresh];
}

/** Date of an answer in ms since 1970, or null. */
export function dateOf(fields: Fields): number | null {
  const date = parseHttpDate(firstOf(fields, "date") ?? "");
  return date === null ? null : date * 1000;
}
