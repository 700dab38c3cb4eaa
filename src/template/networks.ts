import { BlockList, isIP } from "node:net";
import { plainAddress } from "../http/client-address.ts";

/** A range of client addresses: `10.0.0.0/8`, `2001:db8::/32`, a single address, `unix:` (no address at all) or `all`. */
export interface Network {
  /** Length of the prefix: of two that hold an address, the longer is the narrower. */
  readonly bits: number;
  contains(address: string): boolean;
}

/** Reads a range; `check` has refused what is none, so that here it holds nothing. */
export function parseNetwork(range: string): Network {
  if (range === "all") return { bits: -1, contains: () => true };
  if (range === "unix:") return { bits: 0, contains: (address) => address === "" };
  const [base, bits] = range.split("/");
  const family = isIP(base!);
  if (family === 0) return { bits: 0, contains: () => false };
  const length = bits === undefined ? (family === 4 ? 32 : 128) : Number(bits);
  const list = new BlockList();
  const kind = family === 4 ? "ipv4" : "ipv6";
  list.addSubnet(base!, length, kind);
  return { bits: length, contains: (address) => isIP(address) === family && list.check(address, kind) };
}

/** The address as ranges are compared with: IPv4 that came through an IPv6 socket as IPv4. */
export function comparable(address: string): string {
  return plainAddress(address);
}
