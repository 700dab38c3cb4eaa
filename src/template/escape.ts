/**
 * Bytes (latin-1, one character each) as they may stand in a URI's path: what is not a pchar or `/` (RFC 3986 §3.3) is
 * percent-encoded, the percent sign too.
 */
export function escapeUri(text: string): string {
  return text.replace(NOT_IN_PATH, escapeByte);
}

/** The same for a value in a query: also what would end it or begin another one, as NGINX escapes captures there. */
export function escapeArgument(text: string): string {
  return text.replace(NOT_IN_ARGUMENT, escapeByte);
}

/** A URI that somebody else put together: only what no URI may hold is encoded, so that it can't begin another header field. */
export function escapeReference(text: string): string {
  return text.replace(NOT_IN_URI, escapeByte);
}

const NOT_IN_PATH = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/g;
const NOT_IN_ARGUMENT = /[^A-Za-z0-9\-._~!$'()*,=:@/?]/g;
const NOT_IN_URI = /[^A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]/g;

function escapeByte(character: string): string {
  return `%${(character.charCodeAt(0) & 0xff).toString(16).toUpperCase().padStart(2, "0")}`;
}
