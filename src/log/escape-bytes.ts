const CLEAN_LOG = /^[ !#-[\]-~]*$/;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, "0"));

/**
 * Latin-1 text from a client for a quoted field of a combined log: quote, backslash, controls and everything beyond ASCII
 * become `\xHH`, as NGINX writes them, so that no client can end the field or the line (CWE-117). Empty becomes `-`.
 */
export function escapeForLog(text: string): string {
  if (text === "") return "-";
  if (CLEAN_LOG.test(text)) return text;
  return text.replace(/[^ !#-[\]-~]/g, (c) => `\\x${HEX[c.charCodeAt(0) & 0xff]!}`);
}

/**
 * The same text as a JSON string, quotes included, in ASCII: one `\u00HH` for each byte that is not printable ASCII, so
 * that the bytes can be had back whatever their encoding was.
 */
export function escapeForJson(text: string): string {
  if (CLEAN_LOG.test(text)) return `"${text}"`;
  return `"${text.replace(/[^ !#-[\]-~]/g, escapeJsonCharacter)}"`;
}

function escapeJsonCharacter(c: string): string {
  if (c === '"' || c === "\\") return `\\${c}`;
  return `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * The same text as it stands in a JSON string, without the quotes, in ASCII. What is UTF-8 becomes its characters; other bytes
 * become `\u00HH`, one each.
 */
export function escapeJsonText(text: string): string {
  if (CLEAN_LOG.test(text)) return text;
  // A character beyond ASCII begins here only if the bytes are UTF-8: else they stand for themselves.
  const decoded = /[\x80-\xff]/.test(text) ? decodeUtf8(text) : text;
  return decoded.replace(/[^ !#-[\]-~]/g, escapeJsonCharacter);
}

/** Controls alone become `\xHH`: a line stays a line, and a terminal is not driven, whatever else may stand there. */
export function escapeControls(text: string): string {
  return CLEAN_LOG.test(text) ? text : text.replace(/[\x00-\x1f\x7f]/g, (c) => `\\x${HEX[c.charCodeAt(0)]!}`);
}

function decodeUtf8(text: string): string {
  try {
    return UTF8.decode(Buffer.from(text, "latin1"));
  } catch {
    return text;
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
