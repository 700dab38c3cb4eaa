/**
 * The bytes of a path (latin-1, one character a byte) as a path of a URI: what is not a pchar or `/` (RFC 3986 §3.3) is
 * percent-encoded. Leading slashes become one, so that the result never names another host (`//host/`, RFC 3986 §4.2).
 */
export function encodePath(path: string): string {
  const encoded = path.replace(NOT_IN_PATH, escapeByte).replace(/^\/+/, "/");
  return encoded.startsWith("/") ? encoded : `/${encoded}`;
}

/** A query as received, with whatever a URI may not hold percent-encoded (RFC 3986 §3.4); what was encoded stays so. */
export function encodeQuery(query: string): string {
  return query.replace(NOT_IN_QUERY, escapeByte);
}

const NOT_IN_PATH = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/g;
const NOT_IN_QUERY = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%]/g;

function escapeByte(character: string): string {
  return `%${(character.charCodeAt(0) & 0xff).toString(16).toUpperCase().padStart(2, "0")}`;
}
