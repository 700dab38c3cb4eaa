import { ResponseHead } from "../http/response-head.ts";

/** An app's response head that must not be sent: it would break the message's framing or split the response (CWE-113). */
export interface RefusedHead {
  readonly refused: string;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const STATUS = /^([2-5][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?$/;

// Ours to say: connection options (RFC 9110 §7.6.1), and Date, which the front keeps by its own clock as other proxies do.
const OURS = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "date",
]);

const known = new Map<string, ResponseHead>();
const KNOWN_LIMIT = 512;

/**
 * Validates `status NUL name NUL value ...` as an app gave it. Equal text gives the same head again, so that its serialised
 * form is made once; the table holds the last 512 texts of up to 1 KiB.
 */
export function responseHead(text: string): ResponseHead | RefusedHead {
  const before = known.get(text);
  if (before !== undefined) return before;
  const head = parse(text.split("\0"));
  if (head instanceof ResponseHead && text.length <= 1024) {
    if (known.size >= KNOWN_LIMIT) known.delete(known.keys().next().value!);
    known.set(text, head);
  }
  return head;
}

function parse(parts: readonly string[]): ResponseHead | RefusedHead {
  const status = STATUS.exec(parts[0]!);
  if (status === null) return { refused: `the app answered with the status line ${JSON.stringify(parts[0])}` };
  if (parts.length % 2 === 0) return { refused: "the app's response head has a name without a value, or a NUL inside" };
  const headers: [string, string][] = [];
  for (let i = 1; i < parts.length; i += 2) {
    const name = parts[i]!;
    const value = parts[i + 1]!;
    if (!TOKEN.test(name)) return { refused: `the app answered with the header name ${JSON.stringify(name)}` };
    if (!VALUE.test(value)) return { refused: `the app's header ${name} holds a control character` };
    if (!OURS.has(name.toLowerCase())) headers.push([name, value.trim()]);
  }
  return new ResponseHead(Number(status[1]), headers, status[2] ?? "");
}
