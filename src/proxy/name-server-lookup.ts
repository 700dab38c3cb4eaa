import dns from "node:dns";
import { isIP } from "node:net";
import type { ResolverConfig } from "../config/proxy-model.ts";
import type { Lookup } from "./addresses.ts";

/** Milliseconds until a name server that says nothing is asked again, at most. */
const RESEND = 5_000;

/** Finds addresses by the name servers of a configuration (RFC 1035), without the system's search domains and hosts file. */
export function nameServerLookup(config: ResolverConfig): Lookup {
  const resolver = new dns.Resolver({
    timeout: Math.min(RESEND, Math.max(1, config.timeout)),
    tries: Math.max(1, Math.ceil(config.timeout / RESEND)),
  });
  return (host, found) => {
    withServers(resolver, config.servers, (error) => {
      if (error !== null) found(error, []);
      else ask(resolver, host, config, found);
    });
  };
}

// --- internal ---

function ask(resolver: dns.Resolver, host: string, config: ResolverConfig, found: Parameters<Lookup>[1]): void {
  const addresses: string[][] = [[], []];
  let waiting = Number(config.ipv4) + Number(config.ipv6);
  let failure: Error | null = null;
  let lasts = Number.POSITIVE_INFINITY;
  const came = (at: 0 | 1) => (error: Error | null, records: readonly dns.RecordWithTtl[]) => {
    failure ??= error;
    for (const { address, ttl } of records ?? []) {
      addresses[at]!.push(address);
      lasts = Math.min(lasts, ttl * 1000);
    }
    if (--waiting > 0) return;
    const all = addresses.flat();
    if (all.length > 0) found(null, all, config.valid ?? lasts);
    else found(failure ?? new Error("there is no address of this name"), []);
  };
  if (config.ipv4) resolver.resolve4(host, { ttl: true }, came(0));
  if (config.ipv6) resolver.resolve6(host, { ttl: true }, came(1));
}

/** Servers may be named too: the system knows where those are. */
function withServers(resolver: dns.Resolver, written: readonly string[], done: (error: Error | null) => void): void {
  const set = (servers: readonly string[]): void => {
    resolver.setServers(servers);
    done(null);
  };
  const named = written.filter((one) => isIP(hostOf(one)) === 0);
  if (named.length === 0) return set(written);
  Promise.all(
    written.map(async (one) => {
      const host = hostOf(one);
      if (isIP(host) !== 0) return one;
      const { address } = await dns.promises.lookup(host, { order: "ipv4first" });
      return `${address.includes(":") ? `[${address}]` : address}${one.slice(host.length)}`;
    }),
  ).then(set, (error: Error) => done(error));
}

/** Without the port and the brackets. */
function hostOf(server: string): string {
  return /^\[(.*)\]/.exec(server)?.[1] ?? (server.split(":").length > 2 ? server : server.replace(/:\d+$/, ""));
}
