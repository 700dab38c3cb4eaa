import { isIP } from "node:net";
import { parseAuthority } from "../http/authority.ts";
import { isToken } from "../http/characters.ts";
import type { Client } from "../http/exchange.ts";
import { declaredLength } from "../http/framing.ts";
import { encodePath, encodeQuery } from "../http/percent-encode.ts";
import { bad, Refusal } from "../http/refusal.ts";
import type { RequestHead } from "../http/request-head.ts";
import { RequestHeaders } from "../http/request-headers.ts";
import type { HttpLimits } from "../http/settings.ts";
import { parseTarget } from "../http/target.ts";

/** What a packet's variables say. */
export interface UwsgiRequest {
  readonly head: RequestHead;
  readonly client: Client;
  /** The front has changed path or query: REQUEST_URI says what they were. */
  readonly rewritten: boolean;
}

const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;
/** Header fields that come as variables of their own, or are the front's (RFC 9110 §7.6.1; httpoxy, CVE-2016-5385). */
const NOT_FIELDS = new Set([
  "HTTP_CONTENT_LENGTH",
  "HTTP_CONTENT_TYPE",
  "HTTP_TRANSFER_ENCODING",
  "HTTP_CONNECTION",
  "HTTP_UPGRADE",
  "HTTP_EXPECT",
  "HTTP_PROXY",
]);

/** Makes a request of the variables that a front sent; `peer` is who sent them. The path is PATH_INFO, decoded by the front. */
export function uwsgiRequest(
  variables: ReadonlyMap<string, string>,
  peer: Client,
  limits: HttpLimits,
): UwsgiRequest | Refusal {
  const of = (name: string): string => variables.get(name) ?? "";
  const method = of("REQUEST_METHOD");
  if (!isToken(method)) return bad(`REQUEST_METHOD is ${JSON.stringify(method)}`);
  const uri = of("REQUEST_URI");
  if (uri.length > limits.requestLine)
    return new Refusal(414, `REQUEST_URI is longer than ${limits.requestLine} bytes`);
  const asked = parseTarget(method, uri);
  const said = asked instanceof Refusal ? null : asked;
  const path = variables.get("PATH_INFO") || said?.path || "/";
  const query = variables.get("QUERY_STRING") ?? said?.query ?? "";
  if (path !== "*" && !path.startsWith("/")) return bad(`PATH_INFO is ${JSON.stringify(path)}`);
  if (/(?:^|\/)\.{1,2}(?:\/|$)/.test(path)) return bad("PATH_INFO has dot segments");
  if (/[\x00-\x20\x7f]/.test(query)) return bad("QUERY_STRING has a space or a control character");
  const length = of("CONTENT_LENGTH") === "" ? 0 : declaredLength(of("CONTENT_LENGTH"));
  if (length instanceof Refusal) return length;
  if (limits.body > 0 && length > limits.body) return new Refusal(413, `the body is larger than ${limits.body} bytes`);
  const host = of("HTTP_HOST") === "" ? "" : parseAuthority(of("HTTP_HOST"));
  if (host instanceof Refusal) return host;
  const headers = fieldsOf(variables, limits);
  if (headers instanceof Refusal) return headers;
  const target = said?.text ?? `${encodePath(path)}${query === "" ? "" : `?${encodeQuery(query)}`}`;
  const protocol = of("SERVER_PROTOCOL");
  return {
    head: {
      method,
      target,
      path,
      query,
      protocol: /^HTTP\/[0-9]\.[0-9]$/.test(protocol) ? protocol : "HTTP/1.0",
      // The answer is one of HTTP/1.0, whatever the front speaks with its client: no chunks, its end is that of the connection.
      minor: 0,
      host,
      headers,
      length,
      expectsContinue: false,
      persistent: false,
      upgrade: false,
    },
    client: clientOf(variables, peer),
    rewritten: said !== null && (said.path !== path || said.query !== query),
  };
}

function fieldsOf(variables: ReadonlyMap<string, string>, limits: HttpLimits): RequestHeaders | Refusal {
  const names: string[] = [];
  const values: string[] = [];
  let size = 0;
  for (const [key, value] of variables) {
    const bare = key === "CONTENT_TYPE" || key === "CONTENT_LENGTH";
    if (!(bare ? value !== "" : key.startsWith("HTTP_") && !NOT_FIELDS.has(key))) continue;
    const name = (bare ? key : key.slice(5)).toLowerCase().replaceAll("_", "-");
    if (!isToken(name) || CONTROL.test(value)) return bad(`the variable ${JSON.stringify(key)} is no header field`);
    names.push(name);
    values.push(value);
    size += name.length + value.length + 4;
  }
  if (names.length > limits.headerCount)
    return new Refusal(431, `there are more than ${limits.headerCount} header fields`);
  if (size > limits.headerSize) return new Refusal(431, `the header fields are larger than ${limits.headerSize} bytes`);
  return new RequestHeaders(names.map((name, i) => `${name}: ${values[i]}`).join("\r\n"), names, values);
}

function clientOf(variables: ReadonlyMap<string, string>, peer: Client): Client {
  const of = (name: string): string => variables.get(name) ?? "";
  const scheme = (of("REQUEST_SCHEME") || of("UWSGI_SCHEME")).toLowerCase();
  return {
    address: isIP(of("REMOTE_ADDR")) > 0 ? of("REMOTE_ADDR") : peer.address,
    port: port(of("REMOTE_PORT"), peer.port),
    localPort: port(of("SERVER_PORT"), peer.localPort),
    localAddress: isIP(of("SERVER_ADDR")) > 0 ? of("SERVER_ADDR") : peer.localAddress,
    listener: peer.listener,
    secure: scheme === "https" || /^(?:on|1)$/i.test(of("HTTPS")),
  };
}

function port(text: string, otherwise: number): number {
  return /^[0-9]{1,5}$/.test(text) && Number(text) <= 65535 ? Number(text) : otherwise;
}
