import { trimSpace } from "../http/characters.ts";
import type { Client } from "../http/exchange.ts";
import type { RequestHeaders } from "../http/request-headers.ts";

/** What goes on of a client's header section, worked out once for equal bytes. */
export interface RequestFields {
  /** End-to-end fields without Host, Content-Length and Expect. */
  readonly list: readonly (readonly [string, string])[];
  /** The same as lines, each with its CRLF. */
  readonly lines: string;
  /** What the client asks to switch to, or null. */
  readonly upgrade: string | null;
  /** The last forwarding lines made for these headers, and for whom. */
  forwarded: string;
  forwardedFor: string;
  forwardedSecure: boolean;
  /** The last variables of a gateway made for these headers, and for what. */
  variables: {
    readonly list: readonly [string, string][];
    readonly host: string;
    readonly address: string;
    readonly secure: boolean;
  } | null;
}

// Fields of one connection (RFC 9110 §7.6.1) and those that we say ourselves. An expectation is met by us.
const NOT_FORWARDED = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

const FORWARDING = new Set(["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"]);

/**
 * What a client can't make us drop by naming it in Connection: fields for the recipient, and those by which a front tells who the
 * client is. Rules of a route have set some of them by now.
 */
const NOT_AN_OPTION =
  /^(?:accept|authorization|cache-control|content-|cookie$|forwarded|origin$|referer$|range$|if-|user-agent|via$|x-(?:auth|client-|forwarded-|original-|real-ip|remote-|request-id|ssl))/;

/** What is in the name of a field that a server behind us can't take for another one: `X_Real_IP` is `X-Real-IP` to many. */
const PLAIN_NAME = /^[a-z0-9-]+$/;

/**
 * `forwarding`: the client's own forwarding fields are dropped, since we say them. `anyName`: fields of clients go on whatever characters
 * their names have. `passed`: names that go on; null: all.
 */
export function requestFields(
  headers: RequestHeaders,
  forwarding: boolean,
  anyName = false,
  passed: ReadonlySet<string> | null = null,
): RequestFields {
  const { names, values } = headers;
  const options = (headers.list("connection") ?? "")
    .toLowerCase()
    .split(",")
    .map((option) => trimSpace(option));
  const list: [string, string][] = [];
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    if (NOT_FORWARDED.has(name) || (forwarding && FORWARDING.has(name))) continue;
    if (!anyName && !PLAIN_NAME.test(name) && !headers.decided.has(name)) continue;
    if (passed !== null && !passed.has(name)) continue;
    if (options.includes(name) && !NOT_AN_OPTION.test(name)) continue;
    list.push([name, values[i]!]);
  }
  const upgrade = options.includes("upgrade") ? tunnelled(headers.list("upgrade") ?? "") : null;
  const lines = list.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return { list, lines, upgrade, forwarded: "", forwardedFor: "\0", forwardedSecure: false, variables: null };
}

/**
 * What of an Upgrade value may be asked of a target. Other versions of HTTP are not: through such a tunnel a client would send
 * requests past every rule of the front ("h2c smuggling"; RFC 9113 §3.1 has given that upgrade up).
 */
function tunnelled(value: string): string | null {
  const protocols = value.split(",").map((protocol) => trimSpace(protocol));
  return (
    protocols.filter((protocol) => protocol !== "" && !/^(?:h2c?|http|tls)(?:\/|$)/i.test(protocol)).join(", ") || null
  );
}

/**
 * X-Forwarded-For, -Proto, -Host and Forwarded (RFC 7239) from what we know alone. `host`: as the client sent it.
 */
export function forwardingFields(client: Client, host: string): [string, string][] {
  const { address, secure } = client;
  const proto = secure ? "https" : "http";
  const fields: [string, string][] = [];
  if (address !== "") fields.push(["X-Forwarded-For", address]);
  fields.push(["X-Forwarded-Proto", proto]);
  if (host !== "") fields.push(["X-Forwarded-Host", host]);
  // RFC 7239 §4 and §6: quoted where it is no token; a peer without an address is unknown.
  const peer = address === "" ? "unknown" : address.includes(":") ? `"[${address}]"` : address;
  const named = host === "" ? "" : `;host=${/^[\w.-]+$/.test(host) ? host : `"${host}"`}`;
  fields.push(["Forwarded", `for=${peer}${named};proto=${proto}`]);
  return fields;
}
