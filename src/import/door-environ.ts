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
  const spoken = door.tls === undefined ? "http" : "https";
  const scheme = trustsScheme(door, headers) ? {} : { "wsgi.url_scheme": spoken };
  return {
    REMOTE_ADDR: tcp === null ? "" : "127.0.0.1",
    SERVER_PROTOCOL: String(proxy["version"] ?? "HTTP/1.0"),
    ...(tcp === null
      ? unixPort(door, proxy, headers)
      : { SERVER_NAME: serverName(door, tcp.host), SERVER_PORT: String(tcp.port) }),
    ...scheme,
    // A proxy's own connection: closed after each answer, unless its configuration says otherwise, with version 1.1.
    ...(proxy["version"] === "1.1" ? {} : { HTTP_CONNECTION: "close" }),
    ...(door.kind === "waitress" && tcp !== null ? { REMOTE_HOST: "127.0.0.1" } : {}),
    ...(door.kind === "gunicorn" ? { RAW_URI: "{request_uri}" } : {}),
  };
}

/**
 * The environ keys in which a linked app sees something else than behind the proxy: what the report says beside the link.
 * test/import/environ.test.ts asks both and fails on a key that is not here.
 */
export function environDifferences(door: ServerDoor): readonly string[] {
  const objects = ["wsgi.errors", "wsgi.input", "wsgi.file_wrapper", "wsgi.multiprocess", "wsgi.input_terminated"];
  const ours = ["propylon.app", "REMOTE_PORT", "REQUEST_URI", "SERVER_SOFTWARE"];
  const raw =
    door.protocol === "http"
      ? ["HTTP_CONNECTION with HTTP/1.1", "HTTP_EXPECT", "PATH_INFO where the path has dot segments"]
      : [];
  const port = door.kind === "gunicorn" && endpointOf(door.address)?.kind === "unix" ? ["SERVER_PORT"] : [];
  return [
    ...ours,
    ...raw,
    ...port,
    ...(OF_THE_SERVER[door.protocol === "http" ? door.kind : "uwsgi"] ?? []),
    ...objects,
  ];
}

// --- internal ---

const SCHEME = "wsgi.url_scheme where a client sends X-Forwarded-Proto itself";

/** What is that server's alone, or what we would rather not repeat. */
const OF_THE_SERVER: Readonly<Record<string, readonly string[]>> = {
  gunicorn: ["gunicorn.socket", "spaces in repeated header fields", SCHEME],
  waitress: ["waitress.client_disconnected"],
  uwsgi: [
    "uwsgi.version",
    "uwsgi.node",
    "SCRIPT_NAME (empty, not left out)",
    "CONTENT_LENGTH (left out, not empty)",
    "HTTP_CONTENT_LENGTH",
    "HTTP_CONTENT_TYPE",
    "HTTP_TRANSFER_ENCODING",
    "repeated header fields (all, not the last)",
    SCHEME,
  ],
};

/** Variables that we give an app from the request alike. */
const OUR_OWN: Readonly<Record<string, readonly string[]>> = {
  QUERY_STRING: ["{query_string}", "{args}"],
  REQUEST_METHOD: ["{request_method}"],
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

/** Gunicorn takes the port from Host, else the scheme's. What the proxy sends as Host has a port only where it says so. */
function unixPort(door: ServerDoor, proxy: Plain, headers: Plain | null): Plain {
  if (door.kind !== "gunicorn") return {};
  const set = headers === null ? {} : mapAt(headers, "set");
  const [, host] = Object.entries(set).find(([name]) => name.toLowerCase() === "host") ?? [
    "",
    proxy["host"] ?? "{host}",
  ];
  return /^\{host\}$|^[^{}:]*$/.test(String(host)) && !trustsScheme(door, headers) ? { SERVER_PORT: "80" } : {};
}

function serverName(door: ServerDoor, host: string): string {
  if (door.kind === "waitress") return "waitress.invalid";
  if (door.kind === "uwsgi") return "{hostname}";
  return host === "*" ? "0.0.0.0" : host;
}
