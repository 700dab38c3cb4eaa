import type tls from "node:tls";

/** Where a connection goes: an address that needs no more looking up. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** Absolute path of a Unix socket, or null. */
  readonly path: string | null;
}

/** What makes two connections exchangeable: the address and how TLS was asked for. */
export interface Destination {
  readonly address: Address;
  /** Makes the options of TLS for a new connection; null: plain. */
  readonly secure: (() => tls.ConnectionOptions) | null;
  /** Of the pool's table: connections with the same key to one target may stand in for each other. */
  readonly key: string;
}

/** `host:port`, `[::1]:port` or `unix:/path`, as it is written in configurations and logs. */
export function addressText(host: string, port: number, path: string | null): string {
  if (path !== null) return `unix:${path}`;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
