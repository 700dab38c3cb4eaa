import { isIPv6 } from "node:net";
import { resolve } from "node:path";
import type { ProxyProtocol } from "./proxy-model.ts";
import { plainText } from "./template.ts";

/** Where a proxy leads, taken apart. */
export type ProxyUrl =
  /** Only a name. */
  | { readonly kind: "name"; readonly name: string }
  | {
      readonly kind: "server";
      readonly protocol: ProxyProtocol;
      readonly server: Server;
      /** What stands behind the server, from its slash; empty for nothing. */
      readonly path: string;
    }
  /** Variables stand where the server does. */
  | { readonly kind: "template"; readonly protocol: ProxyProtocol; readonly authority: string; readonly path: string }
  | { readonly kind: "bad"; readonly reason: string; readonly remedy?: string };

/** A server's address as it is written: the port is null when it is left out. */
export interface Server {
  /** Without brackets; empty for a Unix socket. */
  readonly host: string;
  readonly port: number | null;
  /** Absolute path of a Unix socket, or null. */
  readonly path: string | null;
}

export const PROTOCOLS: readonly ProxyProtocol[] = ["http", "https", "uwsgi", "puwsgi", "fastcgi", "scgi"];

/** Takes a proxy's `to` apart. @param directory where a relative path of a Unix socket starts */
export function parseProxyUrl(written: string, directory: string): ProxyUrl {
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(written)?.[1];
  if (scheme === undefined && /^[\w.-]+$/.test(written)) return { kind: "name", name: written };
  const protocol = scheme === undefined ? "http" : PROTOCOLS.find((known) => known === scheme.toLowerCase());
  if (protocol === undefined)
    return { kind: "bad", reason: `nothing here speaks ${scheme}`, remedy: `use one of ${PROTOCOLS.join(", ")}` };
  // A variable holds the protocol, or a part of it.
  if (/^[^/]*\{\w+\}[^/]*:\/\/|^https?:\/?\{\w+\}/.test(written))
    return { kind: "template", protocol: "http", authority: written, path: "" };
  const rest = scheme === undefined ? written : written.slice(scheme.length + 3);
  const { authority, path } = splitPath(rest);
  if (plainText(authority) === null) return { kind: "template", protocol, authority, path };
  if (scheme === undefined && !rest.startsWith("unix:"))
    return {
      kind: "bad",
      reason: `"${written}" is neither the name of an upstream nor a URL`,
      remedy: `write http://${written}`,
    };
  const server = parseServer(authority, directory);
  if (server === null)
    return { kind: "bad", reason: `"${written}" names no server`, remedy: `write ${protocol}://127.0.0.1:8080` };
  return { kind: "server", protocol, server, path };
}

/** Takes `host`, `host:port`, `[::1]:port` or `unix:/path` apart; null for what is none of them. */
export function parseServer(text: string, directory: string): Server | null {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
    return path === "" ? null : { host: "", port: null, path: resolve(directory, path) };
  }
  const match = /^(\[[\da-fA-F:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return null;
  const host = match[1]!.replace(/^\[|\]$/g, "");
  const port = match[2] === undefined ? null : Number(match[2]);
  if ((match[1]!.startsWith("[") && !isIPv6(host)) || (port !== null && (port === 0 || port > 65_535))) return null;
  return { host, port, path: null };
}

/** The port that a URL without one means, or null where the protocol has none. */
export function defaultPort(protocol: ProxyProtocol): number | null {
  return protocol === "http" ? 80 : protocol === "https" ? 443 : null;
}

/** `host:port` with the port left out where the protocol implies it, as NGINX's `$proxy_host`. */
export function shownServer({ host, port, path }: Server, protocol: ProxyProtocol): string {
  if (path !== null) return "localhost";
  const shown = host.includes(":") ? `[${host}]` : host;
  return port === null || port === defaultPort(protocol) ? shown : `${shown}:${port}`;
}

/** `unix:/run/a.sock:/path` has its path behind a second colon; of other servers it begins at the first slash. */
function splitPath(rest: string): { readonly authority: string; readonly path: string } {
  const end = rest.startsWith("unix:") ? rest.indexOf(":", "unix:".length) : rest.search(/[/?]/);
  if (end < 0) return { authority: rest, path: "" };
  return { authority: rest.slice(0, end), path: rest.slice(rest.startsWith("unix:") ? end + 1 : end) };
}
