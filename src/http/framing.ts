import { isToken, trimSpace } from "./characters.ts";
import { bad, Refusal } from "./refusal.ts";

const DIGITS = /^[0-9]+$/;

/** The number of a Content-Length value: digits alone (RFC 9110 §8.6), at most 2^53 - 1. */
export function declaredLength(value: string): number | Refusal {
  if (!DIGITS.test(value)) return bad(`the Content-Length ${JSON.stringify(value)} is not a number`);
  const length = Number(value);
  return Number.isSafeInteger(length)
    ? length
    : new Refusal(413, `the Content-Length ${value.slice(0, 40)} is too large`);
}

/**
 * null when a Transfer-Encoding value is exactly `chunked`, else the refusal: 501 for codings that we do not know (RFC 9112
 * §6.1), 400 when chunked is repeated or not the last one (§6.3) or the list is malformed.
 */
export function refuseCoding(value: string): Refusal | null {
  if (value.toLowerCase() === "chunked") return null;
  const codings = value
    .toLowerCase()
    .split(",")
    .map((coding) => trimSpace(coding));
  if (!codings.every((coding) => isToken(coding))) return bad("Transfer-Encoding is not a list of codings");
  const first = codings.indexOf("chunked");
  if (first >= 0 && first < codings.length - 1) return bad("the coding chunked is not the last, or repeated");
  return new Refusal(501, `the transfer coding ${JSON.stringify(value)} is not implemented`);
}
