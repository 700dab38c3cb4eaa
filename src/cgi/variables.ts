import path from "node:path";
import { plainAddress } from "../http/client-address.ts";
import type { Exchange } from "../http/exchange.ts";
import { SINGLE_FIELDS } from "../http/single-fields.ts";
import { knownState, userOf } from "../template/request-state.ts";
import type { Script } from "./script.ts";

/**
 * Fields that no script gets: those that have variables of their own, those of the connection, `Proxy`, which many programs take
 * HTTP_PROXY for (httpoxy, CVE-2016-5385), and credentials (RFC 3875 §4.1.18).
 */
const WITHHELD = new Set([
  ...["content-length", "content-type", "connection", "keep-alive", "proxy", "proxy-connection", "te", "trailer"],
  ...["transfer-encoding", "upgrade", "authorization", "proxy-authorization"],
]);

/** The meta-variables of a request (RFC 3875 §4.1) as the environment of its script. */
export function metaVariables(
  exchange: Exchange,
  { file, name, info }: Script,
  parts: { readonly length: number; readonly root: string; readonly more: readonly (readonly [string, string])[] },
): NodeJS.ProcessEnv {
  const { client, headers, host, site } = exchange;
  const variables: Record<string, string> = {
    PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
    GATEWAY_INTERFACE: "CGI/1.1",
    SERVER_SOFTWARE: "propylon",
    SERVER_NAME: host || (site === "default" ? client.localAddress : site),
    SERVER_PROTOCOL: exchange.protocol,
    SERVER_ADDR: plainAddress(client.localAddress),
    SERVER_PORT: client.localPort === 0 ? "" : String(client.localPort),
    REQUEST_METHOD: exchange.method,
    REQUEST_URI: exchange.target,
    REQUEST_SCHEME: client.secure ? "https" : "http",
    QUERY_STRING: exchange.query,
    SCRIPT_NAME: text(name),
    SCRIPT_FILENAME: file,
    DOCUMENT_ROOT: parts.root,
    REMOTE_ADDR: plainAddress(client.address),
    REMOTE_PORT: client.port === 0 ? "" : String(client.port),
  };
  if (client.secure) variables["HTTPS"] = "on";
  const user = userOf(exchange);
  if (user !== "") variables["REMOTE_USER"] = text(user);
  if (user !== "" && knownState(exchange)?.authType !== "") variables["AUTH_TYPE"] = knownState(exchange)!.authType;
  if (info !== "") {
    variables["PATH_INFO"] = text(info);
    variables["PATH_TRANSLATED"] = path.join(parts.root, text(info));
  }
  if (parts.length > 0 || exchange.body.length !== 0) variables["CONTENT_LENGTH"] = String(parts.length);
  const type = headers.get("content-type");
  if (type !== undefined) variables["CONTENT_TYPE"] = text(type);
  for (const [i, field] of headers.names.entries()) {
    // `X_A` and `X-A` would be the same variable: only the second is one that a front may have checked.
    if (WITHHELD.has(field) || !/^[a-z\d-]+$/.test(field)) continue;
    const key = `HTTP_${field.toUpperCase().replaceAll("-", "_")}`;
    const value = text(headers.values[i]!);
    const before = variables[key];
    if (before !== undefined && SINGLE_FIELDS.has(field)) continue;
    variables[key] = before === undefined ? value : `${before}${field === "cookie" ? "; " : ", "}${value}`;
  }
  for (const [key, value] of parts.more) variables[key] = text(value);
  return variables;
}

/** Node writes UTF-8 into environments: bytes that are UTF-8 arrive as they were. */
function text(latin1: string): string {
  return /[\x80-\xff]/.test(latin1) ? Buffer.from(latin1, "latin1").toString() : latin1;
}
