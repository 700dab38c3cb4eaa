/** A socket for every network sees IPv4 clients as `::ffff:192.0.2.1` (RFC 4291 §2.5.5.2); apps and logs are to see 192.0.2.1. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}
