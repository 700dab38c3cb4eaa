import { parseAuthority } from "./authority.ts";
import { isToken, trimSpace } from "./characters.ts";
import { declaredLength, refuseCoding } from "./framing.ts";
import { bad, Refusal } from "./refusal.ts";
import { RequestHeaders } from "./request-headers.ts";

/** A header section with what the engine needs to know of it, worked out once for equal bytes. */
export interface HeaderBlock {
  readonly headers: RequestHeaders;
  /** Host of the Host field, lower case, without the port; null when there is no such field. */
  readonly host: string | null;
  /** Content-Length, or -1 when there is none. */
  readonly length: number;
  readonly chunked: boolean;
  readonly expectsContinue: boolean;
  /** Connection holds `close`. */
  readonly close: boolean;
  /** Connection holds `keep-alive`. */
  readonly keepAlive: boolean;
  /** Connection holds `upgrade`, and there is an Upgrade field. */
  readonly upgrade: boolean;
}

// What no field line may hold besides its own CRLF (RFC 9110 §5.5, RFC 9112 §2.2): controls, a bare CR, a bare LF.
const FORBIDDEN = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/;

/** Parses field lines separated by CRLF, without the empty line that ends them; `raw` may be empty. */
export function parseHeaderBlock(raw: string, fieldLimit: number): HeaderBlock | Refusal {
  if (FORBIDDEN.test(raw)) return bad("the header section has a control character, or a line end that is not CRLF");
  const names: string[] = [];
  const values: string[] = [];
  if (raw !== "") {
    const lines = raw.split("\r\n");
    if (lines.length > fieldLimit) return new Refusal(431, `there are more than ${fieldLimit} header fields`);
    for (const line of lines) {
      const colon = line.indexOf(":");
      // An obs-fold begins with a space, so its "name" is no token either (RFC 9112 §5.1, §5.2).
      if (colon < 0 || !isToken(line, 0, colon)) return bad("a header line is not a field name, a colon and a value");
      names.push(line.slice(0, colon).toLowerCase());
      values.push(trimSpace(line, colon + 1));
    }
  }
  return facts(new RequestHeaders(raw, names, values));
}

function facts(headers: RequestHeaders): HeaderBlock | Refusal {
  const { names, values } = headers;
  let host: string | null = null;
  let length = -1;
  let chunked = false;
  let expectsContinue = false;
  let close = false;
  let keepAlive = false;
  let upgrade = false;
  for (let i = 0; i < names.length; i++) {
    const value = values[i]!;
    switch (names[i]) {
      case "host": {
        if (host !== null) return bad("there is more than one Host field");
        const parsed = parseAuthority(value);
        if (parsed instanceof Refusal) return parsed;
        host = parsed;
        break;
      }
      case "content-length": {
        if (length >= 0) return bad("there is more than one Content-Length field");
        const parsed = declaredLength(value);
        if (typeof parsed !== "number") return parsed;
        length = parsed;
        break;
      }
      case "transfer-encoding": {
        if (chunked) return bad("there is more than one Transfer-Encoding field");
        const refusal = refuseCoding(value);
        if (refusal !== null) return refusal;
        chunked = true;
        break;
      }
      case "expect":
        if (value.toLowerCase() !== "100-continue")
          return new Refusal(417, `the expectation ${JSON.stringify(value)} is not known`);
        expectsContinue = true;
        break;
      case "connection":
        for (const option of value.toLowerCase().split(",")) {
          const token = trimSpace(option);
          if (token === "close") close = true;
          else if (token === "keep-alive") keepAlive = true;
          else if (token === "upgrade") upgrade = names.includes("upgrade");
        }
        break;
    }
  }
  // RFC 9112 §6.1: a server may refuse both together, as a likely attempt at request smuggling.
  if (chunked && length >= 0) return bad("there are both Transfer-Encoding and Content-Length");
  return { headers, host, length, chunked, expectsContinue, close, keepAlive, upgrade };
}
