import { hexDigit } from "./characters.ts";

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const QUOTED = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"';
// chunk-ext of RFC 9112 §7.1.1, with its "bad whitespace" but for that before the first semicolon: who stops at a space and who
// skips it could read different sizes there.
const EXTENSION = `;[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*(?:${TOKEN}|${QUOTED}))?`;
const EXTENSIONS = new RegExp(`^(?:${EXTENSION}(?:[ \\t]*${EXTENSION})*)$`);
/** 16^13 is below 2^53. */
const DIGITS = 13;

/**
 * The size of a chunk from its line without the CRLF (RFC 9112 §7.1), or -1 when the line is malformed: hexadecimal digits
 * alone, at most 13 of them, then extensions.
 */
export function parseChunkLine(line: string): number {
  let size = 0;
  let at = 0;
  for (; at < line.length && at <= DIGITS; at++) {
    const digit = hexDigit(line.charCodeAt(at));
    if (digit < 0) break;
    size = size * 16 + digit;
  }
  if (at === 0 || at > DIGITS) return -1;
  return at === line.length || EXTENSIONS.test(line.slice(at)) ? size : -1;
}
