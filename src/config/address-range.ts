import { BlockList, isIP } from "node:net";

/**
 * What is wrong with a range of client addresses, or null: `10.0.0.0/8`, `2001:db8::/32` or a single address. Bits below
 * the prefix count as zero, as NGINX and `ip route` take them.
 */
export function rangeProblem(range: string): string | null {
  const [address, bits, more] = range.split("/");
  const family = isIP(address!);
  if (family === 0 || address!.includes("%") || more !== undefined) return `"${range}" is not an address or a network`;
  if (bits === undefined) return null;
  const most = family === 4 ? 32 : 128;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most
    ? null
    : `"${range}" has a prefix length that is not 0 to ${most}`;
}

/** Whether an address leaves this machine: neither `localhost` nor in 127.0.0.0/8 or ::1. */
export function isPublicHost(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() !== "localhost";
  return !LOOPBACK.check(host, family === 4 ? "ipv4" : "ipv6");
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");
