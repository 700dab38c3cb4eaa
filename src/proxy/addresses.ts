import dns from "node:dns";
import { isIP } from "node:net";
import type { TargetConfig } from "../config/proxy-model.ts";
import type { Address } from "./destination.ts";

/** Finds all addresses of a host name. `lasts`: milliseconds for which they hold; absent: nobody says. */
export type Lookup = (
  host: string,
  found: (error: Error | null, addresses: readonly string[], lasts?: number) => void,
) => void;

/** As the system does, hosts file included; errors are the system's. */
export const systemLookup: Lookup = (host, found) => {
  dns.lookup(host, { all: true, order: "ipv4first" }, (error, list) =>
    found(error, error === null ? list.map((one) => one.address) : []),
  );
};

/** The address of a target that needs no looking up, or null. */
export function plainTargetAddress(config: TargetConfig): Address | null {
  if (config.path !== null) return { host: "", port: 0, path: config.path };
  return isIP(config.host) === 0 ? null : { host: config.host, port: config.port, path: null };
}
