/** Request fields that may stand only once (RFC 9110 §5.3), lower case: of several the first counts, as a list of them means nothing. */
export const SINGLE_FIELDS: ReadonlySet<string> = new Set([
  "authorization",
  "content-length",
  "content-type",
  "from",
  "host",
  "if-modified-since",
  "if-range",
  "if-unmodified-since",
  "max-forwards",
  "proxy-authorization",
  "range",
  "referer",
  "user-agent",
]);
