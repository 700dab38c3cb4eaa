import type { Socket } from "node:net";
import type { Client } from "./exchange.ts";
import type { Http1Options } from "./http1-options.ts";

/** A socket for every network sees IPv4 clients as `::ffff:192.0.2.1` (RFC 4291 §2.5.5.2); apps and logs are to see 192.0.2.1. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

/** Whom an address stands for: IPv4 itself, of IPv6 the /64 that one subscriber has, as `2001:db8:1:2::/64`. */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (!plain.includes(":")) return plain;
  const [head = "", tail] = plain.split("%")[0]!.split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  const groups = [...front, ...Array<string>(zeros).fill("0"), ...back].slice(0, 4);
  return `${groups.join(":")}::/64`;
}

/** What is known of the client at the other end of an accepted socket. */
export function clientOf(socket: Socket, options: Http1Options): Client {
  const own = ownClient(socket, options);
  const { proxied } = options;
  if (proxied === undefined) return own;
  const { connection, take } = proxied;
  if (connection === null) return own;
  return take
    ? { ...own, ...connection, secure: own.secure || connection.secure, peer: own, proxied: connection }
    : { ...own, proxied: connection };
}

function ownClient(socket: Socket, options: Http1Options): Client {
  return {
    address: plainAddress(socket.remoteAddress ?? ""),
    port: socket.remotePort ?? 0,
    localPort: options.localPort,
    localAddress: plainAddress(socket.localAddress ?? ""),
    listener: options.address,
    secure: options.secure,
    ...(options.session !== undefined && { session: options.session }),
  };
}
