import { isIPv6 } from "node:net";

/** A listener's address taken apart. */
export type Address =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "bad"; readonly reason: string };

/** Takes `127.0.0.1:8000`, `*:80`, `:80` (the same as `*:80`), `[::1]:80`, `localhost:8000` or `unix:/run/app.sock` apart. */
export function parseAddress(text: string): Address {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
    return path === "" ? bad(`"${text}" has no path`) : { kind: "unix", path };
  }
  if (/^[a-z]+:\/\//i.test(text)) return bad(`"${text}" is a URL; write host:port without a scheme`);
  if (/^\d+$/.test(text))
    return bad(
      `"${text}" is a port alone; write 127.0.0.1:${text} for this machine only, or *:${text} for every network`,
    );
  if (/^\.{0,2}\//.test(text)) return bad(`"${text}" is a path; write unix:${text}`);
  const match = /^(\[[^\]]*\]|[^:[\]]*):(\d{1,5})$/.exec(text);
  if (match === null) return bad(`"${text}" is not an address`);
  const [, written, digits] = match;
  const port = Number(digits);
  if (port > 65_535) return bad(`"${text}" has a port above 65535`);
  const host = written === "" ? "*" : written!;
  if (host.startsWith("[")) {
    const inner = host.slice(1, -1);
    return isIPv6(inner)
      ? { kind: "tcp", host: inner, port }
      : bad(`"${text}" has a bad IPv6 address between its brackets`);
  }
  return host === "*" || /^[\w.-]+$/.test(host) ? { kind: "tcp", host, port } : bad(`"${text}" has a bad host`);
}

/** `host:port`, with brackets around IPv6. */
export function formatTcpAddress(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function bad(reason: string): Address {
  return { kind: "bad", reason };
}
