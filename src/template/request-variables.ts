import { randomBytes } from "node:crypto";
import os from "node:os";
import { networkOf, plainAddress } from "../http/client-address.ts";
import type { Exchange } from "../http/exchange.ts";
import { mergeSlashes } from "../http/path.ts";
import { connectionOf } from "./connection-count.ts";
import { knownState, stateOf, userOf } from "./request-state.ts";
import { SECURE_VARIABLES } from "./secure-variables.ts";

export type Variable = (exchange: Exchange) => string;

/** A request's own variable by NGINX's name, or null when there is none of that name. */
export function requestVariable(name: string): Variable | null {
  const known = VARIABLES.get(name);
  if (known !== undefined) return known;
  // NGINX takes `$arg_` alone, which is always empty.
  for (const [prefix, make] of PREFIXES)
    if (name.startsWith(prefix) && (name !== prefix || prefix === "arg_")) return make(name.slice(prefix.length), name);
  return null;
}

/** Names of variables whose values are decoded paths: percent-encoded where they become part of a URI. */
export const DECODED: ReadonlySet<string> = new Set(["uri", "document_uri", "path"]);

// --- internal ---

const given =
  (name: string): Variable =>
  (exchange) =>
    knownState(exchange)?.variables.get(name) ?? "";

const uri: Variable = (exchange) => mergeSlashes(exchange.path);
const args: Variable = (exchange) => exchange.query;

const VARIABLES: ReadonlyMap<string, Variable> = new Map<string, Variable>([
  ["uri", uri],
  ["document_uri", uri],
  ["path", (exchange) => exchange.path],
  ["request_uri", (exchange) => exchange.target],
  ["args", args],
  ["query_string", args],
  ["query", (exchange) => (exchange.query === "" ? "" : `?${exchange.query}`)],
  ["is_args", (exchange) => (exchange.query === "" ? "" : "?")],
  ["host", (exchange) => exchange.host.replace(/\.$/, "") || serverName(exchange)],
  ["server_name", serverName],
  ["server_addr", (exchange) => plainAddress(exchange.client.localAddress)],
  ["server_port", (exchange) => (exchange.client.localPort === 0 ? "" : String(exchange.client.localPort))],
  ["server_protocol", (exchange) => exchange.protocol],
  ["scheme", (exchange) => (exchange.client.secure ? "https" : "http")],
  ["https", (exchange) => (exchange.client.secure ? "on" : "")],
  ["remote_addr", remoteAddress],
  ["remote_network", (exchange) => networkOf(exchange.client.address) || "unix:"],
  ["realip_remote_addr", (exchange) => plainAddress((exchange.client.peer ?? exchange.client).address) || "unix:"],
  ["remote_port", (exchange) => (exchange.client.port === 0 ? "" : String(exchange.client.port))],
  ["realip_remote_port", (exchange) => String((exchange.client.peer ?? exchange.client).port || "")],
  ["proxy_protocol_addr", (exchange) => exchange.client.proxied?.address ?? ""],
  ["proxy_protocol_port", (exchange) => String(exchange.client.proxied?.port ?? "")],
  ["proxy_protocol_server_addr", (exchange) => exchange.client.proxied?.localAddress ?? ""],
  ["proxy_protocol_server_port", (exchange) => String(exchange.client.proxied?.localPort ?? "")],
  ["remote_user", remoteUser],
  ["request", (exchange) => `${exchange.method} ${exchange.target} ${exchange.protocol}`],
  ["request_method", (exchange) => exchange.method],
  ["request_id", requestId],
  ["request_time", (exchange) => ((performance.now() - exchange.began) / 1000).toFixed(3)],
  ["request_length", requestLength],
  ["connection", (exchange) => String(connectionOf(exchange).serial)],
  ["connection_requests", (exchange) => String(connectionOf(exchange).requests)],
  ["content_type", field("content-type")],
  ["content_length", field("content-length")],
  ["proxy_add_x_forwarded_for", forwardedFor],
  ["status", statusOf],
  ["hostname", () => os.hostname()],
  ["pid", () => String(process.pid)],
  ["msec", () => (Date.now() / 1000).toFixed(3)],
  ["time_iso8601", () => localTime(new Date()).iso],
  ["time_local", () => localTime(new Date()).log],
  ["http2", ({ protocol, client }) => (protocol !== "HTTP/2.0" ? "" : client.secure ? "h2" : "h2c")],
  ...SECURE_VARIABLES,
  // The rest has a value where the configuration gives one to the template's surroundings, or none at all here.
  ...[
    "body_bytes_sent bytes_sent cache_status connection_time document_root request_body",
    "nginx_version proxy_host proxy_port realpath_root request_completion request_filename",
    "uid_got uid_reset uid_set",
  ]
    .join(" ")
    .split(" ")
    .map((name): [string, Variable] => [name, given(name)]),
]);

const PREFIXES: readonly (readonly [prefix: string, make: (rest: string, name: string) => Variable])[] = [
  ["http_", (rest) => (rest === "cookie" ? joined("cookie", "; ") : joined(rest.replaceAll("_", "-"), ", "))],
  ["arg_", (rest) => (exchange) => argument(exchange.query, rest.toLowerCase())],
  ["cookie_", (rest) => (exchange) => cookie(exchange, rest)],
  ["sent_http_", (rest) => (exchange) => sentField(exchange, rest.replaceAll("_", "-"))],
  ["upstream_", (_rest, name) => given(name.toLowerCase())],
];

/** Of the response under way, or as it was sent; what a log says of an exchange without one. */
function statusOf(exchange: Exchange): string {
  const state = knownState(exchange);
  const status = exchange.sent?.status ?? state?.head?.status;
  return status === undefined ? (state?.variables.get("status") ?? "") : String(status);
}

function serverName(exchange: Exchange): string {
  return exchange.site === "default" ? "" : exchange.site;
}

function remoteAddress(exchange: Exchange): string {
  return plainAddress(exchange.client.address) || "unix:";
}

/** Who was let in; else the user of Basic authentication (RFC 7617), whether or not anything has checked the password, as in NGINX. */
function remoteUser(exchange: Exchange): string {
  const user = userOf(exchange);
  if (user !== "") return user;
  const match = /^basic +([A-Za-z0-9+/=]+)$/i.exec(exchange.headers.get("authorization") ?? "");
  if (match === null) return "";
  const pair = Buffer.from(match[1]!, "base64").latin1Slice();
  const colon = pair.indexOf(":");
  return colon < 0 ? "" : pair.slice(0, colon);
}

function requestId(exchange: Exchange): string {
  const state = stateOf(exchange);
  if (state.requestId === "") state.requestId = randomBytes(16).toString("hex");
  return state.requestId;
}

/** Bytes of the request line, the header section and the body as declared. */
function requestLength(exchange: Exchange): string {
  const { method, target, protocol, headers, body } = exchange;
  return String(
    method.length + target.length + protocol.length + 4 + headers.raw.length + 4 + Math.max(body.length, 0),
  );
}

function forwardedFor(exchange: Exchange): string {
  const before = exchange.headers.list("x-forwarded-for");
  const address = remoteAddress(exchange);
  return before === undefined ? address : `${before}, ${address}`;
}

function field(name: string): Variable {
  return (exchange) => exchange.headers.get(name) ?? "";
}

function joined(name: string, separator: string): Variable {
  return ({ headers: { names, values } }) => {
    let text: string | null = null;
    for (let i = 0; i < names.length; i++)
      if (names[i] === name) text = text === null ? values[i]! : text + separator + values[i]!;
    return text ?? "";
  };
}

/** The first argument of this name, as it was sent; names are compared without case, as NGINX does. */
function argument(query: string, name: string): string {
  for (const pair of query.split("&")) {
    const equals = pair.indexOf("=");
    if (equals >= 0 && pair.slice(0, equals).toLowerCase() === name) return pair.slice(equals + 1);
  }
  return "";
}

function cookie(exchange: Exchange, name: string): string {
  const { names, values } = exchange.headers;
  for (let i = 0; i < names.length; i++) {
    if (names[i] !== "cookie") continue;
    for (const pair of values[i]!.split(";")) {
      const equals = pair.indexOf("=");
      if (equals >= 0 && pair.slice(0, equals).trim().toLowerCase() === name.toLowerCase())
        return pair.slice(equals + 1).trim();
    }
  }
  return "";
}

function sentField(exchange: Exchange, name: string): string {
  const head = exchange.sent ?? knownState(exchange)?.head;
  const found = head?.headers.filter(([one]) => one.toLowerCase() === name) ?? [];
  return found.map(([, value]) => value).join(", ");
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Local time with its offset from UTC, as NGINX writes it in logs and by ISO 8601. */
function localTime(date: Date): { readonly iso: string; readonly log: string } {
  const two = (number: number): string => String(number).padStart(2, "0");
  const offset = -date.getTimezoneOffset();
  const zone = [offset < 0 ? "-" : "+", two(Math.floor(Math.abs(offset) / 60)), two(Math.abs(offset) % 60)] as const;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const day = two(date.getDate());
  const year = date.getFullYear();
  return {
    iso: `${year}-${two(date.getMonth() + 1)}-${day}T${clock}${zone[0]}${zone[1]}:${zone[2]}`,
    log: `${day}/${MONTHS[date.getMonth()]}/${year}:${clock} ${zone.join("")}`,
  };
}
