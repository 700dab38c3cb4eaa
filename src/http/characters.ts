/** tchar of RFC 9110 §5.6.2, by character code. */
const TOKEN_CODES = codes("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

/** Whether `text[from, to)` is a token (RFC 9110 §5.6.2): what methods, field names and codings are made of. */
export function isToken(text: string, from = 0, to: number = text.length): boolean {
  if (from >= to) return false;
  for (let i = from; i < to; i++) {
    if (TOKEN_CODES[text.charCodeAt(i)] !== 1) return false;
  }
  return true;
}

/** Value of a hexadecimal digit by its character code, or -1. */
export function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** `text[from, to)` without the spaces and tabs around it: OWS of RFC 9110 §5.6.3, and nothing else that `trim` would take. */
export function trimSpace(text: string, from = 0, to: number = text.length): string {
  let start = from;
  let end = to;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function codes(members: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const member of members) table[member.charCodeAt(0)] = 1;
  return table;
}
