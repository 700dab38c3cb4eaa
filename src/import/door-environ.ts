import { endpointOf } from "./addresses.ts";
import type { ServerDoor } from "./merge.ts";
import { isPlain, mapAt, type Plain } from "./tree.ts";

/**
 * What the server behind a proxy told its app besides the request, where that is not what we tell it ourselves: a link keeps
 * the app's environ as it was. Ports of connections between the two, which no longer exist, are not made up.
 *
 * @param headers the request headers that the proxy sets
 */
export function environOf(door: ServerDoor, proxy: Plain, headers: Plain | null): Plain {
  if (door.protocol !== "http") return sentParameters(mapAt(proxy, "parameters"));
  const endpoint = endpointOf(door.address);
  const tcp = endpoint?.kind === "tcp" ? endpoint : null;
  const scheme = trustsScheme(door, headers) ? {} : { "wsgi.url_scheme": "http" };
  return {
    REMOTE_ADDR: tcp === null ? "" : "127.0.0.1",
    SERVER_PROTOCOL: String(proxy["version"] ?? "HTTP/1.0"),
    ...(tcp === null ? {} : { SERVER_NAME: serverName(door, tcp.host), SERVER_PORT: String(tcp.port) }),
    ...scheme,
  };
}

// --- internal ---

/** Variables that we give an app from the request alike. */
const OUR_OWN: Readonly<Record<string, readonly string[]>> = {
  QUERY_STRING: ["{query_string}", "{args}"],
  REQUEST_METHOD: ["{request_method}"],
  CONTENT_TYPE: ["{content_type}"],
  CONTENT_LENGTH: ["{content_length}"],
  PATH_INFO: ["{document_uri}", "{uri}"],
  SERVER_PROTOCOL: ["{server_protocol}"],
  REMOTE_ADDR: ["{remote_addr}"],
  REMOTE_PORT: ["{remote_port}"],
  SERVER_PORT: ["{server_port}"],
  SERVER_NAME: ["{server_name}"],
  HTTPS: ["{https}"],
};

/** With uwsgi, SCGI and FastCGI the environ is what the proxy sends. */
function sentParameters(parameters: Plain): Plain {
  const entries = Object.entries(parameters).filter(([key, value]) => !OUR_OWN[key]?.includes(String(value)));
  return Object.fromEntries(entries);
}

/** Gunicorn takes the scheme from X-Forwarded-Proto of a proxy on the same machine; the others take what they were told. */
function trustsScheme(door: ServerDoor, headers: Plain | null): boolean {
  if (door.kind !== "gunicorn" || headers === null) return false;
  const set = isPlain(headers["set"]) ? headers["set"] : {};
  return Object.entries(set).some(
    ([name, value]) => name.toLowerCase() === "x-forwarded-proto" && value === "{scheme}",
  );
}

function serverName(door: ServerDoor, host: string): string {
  if (door.kind === "waitress") return "waitress.invalid";
  return host === "*" ? "0.0.0.0" : host;
}
