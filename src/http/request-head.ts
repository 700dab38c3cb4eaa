import type { HeaderBlock } from "./header-block.ts";
import { bad, Refusal } from "./refusal.ts";
import { RequestHeaders } from "./request-headers.ts";
import type { RequestLine } from "./request-line.ts";
import type { HttpLimits } from "./settings.ts";

/** A complete, valid request head. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly query: string;
  readonly protocol: string;
  readonly minor: number;
  readonly host: string;
  readonly headers: RequestHeaders;
  /** Bytes of the body, 0 without one, -1 when chunked. */
  readonly length: number;
  /** The client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
  /** The client wants the connection kept after the response. */
  readonly persistent: boolean;
  /** The client asks to switch to another protocol (RFC 9110 §7.8): no request follows before the answer. */
  readonly upgrade: boolean;
}

/** Joins a request line and a header section, and checks what takes both. */
export function combineHead(line: RequestLine, block: HeaderBlock, limits: HttpLimits): RequestHead | Refusal {
  const { method, minor, target } = line;
  if (block.host === null && minor === 1) return bad("there is no Host field");
  // RFC 9112 §6.1: Transfer-Encoding in a message of HTTP/1.0 means its framing is faulty.
  if (block.chunked && minor === 0) return bad("there is Transfer-Encoding in HTTP/1.0");
  if (limits.body > 0 && block.length > limits.body)
    return new Refusal(413, `the body is larger than ${limits.body} bytes`);
  return {
    method,
    target: target.text,
    path: target.path,
    query: target.query,
    protocol: minor === 1 ? "HTTP/1.1" : "HTTP/1.0",
    minor,
    host: target.authority === null ? (block.host ?? "") : target.host,
    headers: target.authority === null ? block.headers : replaceHost(block.headers, target.authority),
    length: block.chunked ? -1 : Math.max(block.length, 0),
    // RFC 9110 §10.1.1: ignored in HTTP/1.0, and without a body there is nothing to continue with.
    expectsContinue: block.expectsContinue && minor === 1 && (block.chunked || block.length > 0),
    persistent: !block.close && (minor === 1 || block.keepAlive),
    upgrade: block.upgrade && minor === 1 && !block.chunked && block.length <= 0,
  };
}

/** RFC 9112 §3.2.2: the authority of an absolute-form takes the place of whatever Host says. */
function replaceHost(headers: RequestHeaders, authority: string): RequestHeaders {
  const names = ["host"];
  const values = [authority];
  for (let i = 0; i < headers.names.length; i++) {
    if (headers.names[i] === "host") continue;
    names.push(headers.names[i]!);
    values.push(headers.values[i]!);
  }
  const raw = names.map((name, i) => `${name}: ${values[i]}`).join("\r\n");
  return new RequestHeaders(raw, names, values);
}
