/** What a template of a proxy's `to` came to for one request. */
export interface FoundAddress {
  /** As it is written; null: the route's own. */
  readonly protocol: "http" | "https" | null;
  /** `host:port`, `unix:/path` or an upstream's name. */
  readonly authority: string;
  /** Path and query behind it; empty: none, so that the request's own goes on. */
  readonly path: string;
}

/** Takes such a text apart, as NGINX does with variables in `proxy_pass`. */
export function foundAddress(text: string): FoundAddress {
  const scheme = /^(https?):\/\//i.exec(text)?.[1];
  const rest = scheme === undefined ? text : text.slice(scheme.length + 3);
  const protocol = scheme === undefined ? null : (scheme.toLowerCase() as "http" | "https");
  // The path of a Unix socket ends at a colon, that of another server begins at its first slash.
  const end = rest.startsWith("unix:") ? rest.indexOf(":", 5) : rest.search(/[/?]/);
  if (end < 0) return { protocol, authority: rest, path: "" };
  return { protocol, authority: rest.slice(0, end), path: rest.slice(rest[end] === ":" ? end + 1 : end) };
}

/** `{proxy_host}` and `{proxy_port}` for such a text. */
export function hostAndPort(text: string, usual: number): { readonly host: string; readonly port: string } {
  const { protocol, authority } = foundAddress(text);
  const port = /:(\d+)$/.exec(authority)?.[1];
  const byScheme = protocol === null ? usual : protocol === "https" ? 443 : 80;
  if (authority.startsWith("unix:")) return { host: "localhost", port: "" };
  const host = port !== undefined && Number(port) === byScheme ? authority.slice(0, -port.length - 1) : authority;
  return { host, port: port ?? (byScheme === 0 ? "" : String(byScheme)) };
}
