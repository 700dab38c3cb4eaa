import type { Plain } from "../tree.ts";
import type { Server } from "./server.ts";
import type { Translation } from "./translation.ts";
import { compact, isSame } from "./values.ts";

/** `listeners` and `sites` of all servers; nothing where no server listens. */
export function sitesOf(servers: readonly Server[], t: Translation): Plain {
  const served = withCertificates(servers, t);
  const addresses = addressesOf(served);
  const defaults = defaultsOf(served, addresses);
  const all = [...new Set(addresses.values())];
  const taken = new Map<string, Set<string>>(all.map((address) => [address, new Set()]));
  const sites = served.flatMap((server) => {
    const own = [...new Set(server.listens.map((listen) => addresses.get(listen.address)!))];
    const first = own.filter((address) => defaults.get(address) === server);
    if (first.length > 0 && first.length < own.length)
      note(
        server,
        `NGINX takes it for unknown hosts on ${first.join(" and ")} alone; a site is that everywhere or nowhere, so it is on all of its listeners`,
        t,
      );
    const { hosts, ...rest } = server.site;
    const free = freeHosts(hosts as string[], own, taken);
    if (free.length === 0 && first.length === 0) {
      note(server, "never answers, in NGINX either: the servers before it have its names and it is no default", t);
      return [];
    }
    const site = {
      ...(free.length === 0 ? {} : { hosts: free }),
      ...(own.length === all.length ? {} : { listeners: own }),
      ...(first.length > 0 && served.length > 1 ? { default: true } : {}),
      ...withClientCheck(rest, server, own, served, addresses),
    };
    return [site];
  });
  if (sites.length === 0) return {};
  return { listeners: all.map((address) => listenerOf(address, served, addresses, defaults, t)), sites };
}

// --- internal ---

/** Servers with what can be opened for them: a listener with TLS needs a certificate of some server on it. */
function withCertificates(servers: readonly Server[], t: Translation): Server[] {
  const hasOne = new Set(
    servers.flatMap((server) => (server.tls === null ? [] : server.listens.map((listen) => listen.address))),
  );
  return servers.flatMap((server) => {
    const listens = server.listens.filter((listen) => !listen.isTls || hasOne.has(listen.address));
    if (listens.length < server.listens.length && server.refusesHandshakes)
      note(
        server,
        "no server on its address has a certificate: nobody could shake hands, and nothing listens there",
        t,
      );
    else if (listens.length < server.listens.length && server.directive !== null) {
      if (server.isIncomplete)
        t.ledger.claim(
          server.directive,
          "approximated",
          "not served with TLS: what is missing here may name its certificate",
        );
      else t.refuse(server.directive, 'no "ssl_certificate" is defined for the "listen ... ssl" directive');
    }
    return listens.length === 0 ? [] : [{ ...server, listens }];
  });
}

function listenerOf(
  address: string,
  servers: readonly Server[],
  addresses: ReadonlyMap<string, string>,
  defaults: ReadonlyMap<string, Server>,
  t: Translation,
): Plain {
  const on = servers.filter((server) => server.listens.some((listen) => addresses.get(listen.address) === address));
  const isTls = on.some((server) =>
    server.listens.some((listen) => listen.isTls && addresses.get(listen.address) === address),
  );
  const plain = { address, ...proxyProtocolOf(address, on, addresses, defaults, t) };
  if (!isTls) return plain;
  // The certificate of the default server is for names that no certificate has.
  const main = defaults.get(address)!;
  const ordered = [main, ...on.filter((server) => server !== main)].filter((server) => server.tls !== null);
  const { certificates: _, client: _c, client_ca: _a, client_crl: _r, ...settings } = ordered[0]!.tls!;
  const pairs = ordered.flatMap((server) => server.tls!["certificates"] as Plain[]);
  const unique = pairs.filter((pair, at) => pairs.findIndex((other) => isSame(other, pair)) === at);
  for (const server of ordered) {
    const { certificates: _own, client: _oc, client_ca: _oa, client_crl: _or, ...others } = server.tls!;
    if (!isSame(others, settings))
      note(server, `on ${address} the protocols and ciphers of the default server hold`, t);
  }
  const [only] = unique;
  const files = unique.length === 1 ? only! : { certificates: unique };
  const unknown = main.refusesHandshakes ? { unknown_names: "refuse" } : {};
  return { ...plain, tls: { ...files, ...settings, ...clientsOf(address, ordered, t), ...unknown } };
}

/** What is asked of all clients of an address: no more than what every server of it wants. Sites want more by a rule of their own. */
function clientsOf(address: string, servers: readonly Server[], t: Translation): Plain {
  const asking = servers.filter(({ tls }) => tls!["client"] !== undefined);
  const [first] = asking;
  if (first === undefined) return {};
  const { client_ca, client_crl } = first.tls!;
  for (const server of asking)
    if (server.tls!["client_ca"] !== client_ca && server.directive !== null)
      t.ledger.claim(
        server.directive,
        "needs-a-decision",
        `clients of ${address} are asked for certificates of one file of authorities, ${String(client_ca)}; until you give this server an address of its own it answers 400 there`,
      );
  const wants = (word: string): boolean => asking.some(({ tls }) => tls!["client"] === word);
  const isAlike =
    asking.length === servers.length && asking.every(({ tls }) => isSame(tls!["client"], first.tls!["client"]));
  if (!isAlike)
    for (const server of servers)
      if (!asking.includes(server)) note(server, `clients of ${address} may show a certificate here too`, t);
  const client = wants("any") ? "any" : isAlike ? first.tls!["client"] : "optional";
  return compact({ client_ca, client, client_crl });
}

/** Where not all servers of an address ask for certificates alike, those that want one see to it themselves. */
function withClientCheck(
  site: Plain,
  server: Server,
  own: readonly string[],
  servers: readonly Server[],
  addresses: ReadonlyMap<string, string>,
): Plain {
  const wanted = server.tls?.["client"];
  if (server.tls === null || wanted === undefined) return site;
  const others = servers.filter(
    (other) => other.tls !== null && other.listens.some(({ address }) => own.includes(addresses.get(address)!)),
  );
  // Another server's authorities prove nothing here.
  const authority = others.find(({ tls }) => tls!["client"] !== undefined)?.tls?.["client_ca"];
  const isForeign = server.tls["client_ca"] !== authority;
  if (!isForeign && (wanted === "any" || others.every(({ tls }) => tls!["client"] === wanted))) return site;
  const words = [...(isForeign ? [] : ["SUCCESS"]), ...(wanted === "required" ? [] : ["NONE"])];
  const accepted = words.length === 0 ? "(?!)" : `^(?:${words.join("|")})$`;
  // Not {https}, which a trusted proxy may speak for.
  const check = {
    when: { value: "{ssl_protocol}" },
    rules: [{ when: { value: "{ssl_client_verify}", matches: accepted, not: true }, rules: [{ return: 400 }] }],
  };
  return { ...site, rules: [check, ...((site["rules"] as Plain[] | undefined) ?? [])] };
}

/** What any server of a listener says of the PROXY protocol holds for it; the default server's proxies are those who may speak it. */
function proxyProtocolOf(
  address: string,
  servers: readonly Server[],
  addresses: ReadonlyMap<string, string>,
  defaults: ReadonlyMap<string, Server>,
  t: Translation,
): Plain {
  const speaks = (server: Server): boolean =>
    server.listens.some((listen) => listen.isProxied && addresses.get(listen.address) === address);
  const main = defaults.get(address)!;
  const settings = (speaks(main) ? main : servers.find(speaks))?.proxyProtocol;
  if (settings === undefined || settings === null) return {};
  for (const server of servers)
    if (server.proxyProtocol !== null && !isSame(server.proxyProtocol, settings))
      note(server, `on ${address} the set_real_ip_from of the default server holds for the PROXY protocol`, t);
  return { proxy_protocol: settings };
}

/** Which listener takes what is written: `*:80` is for IPv6 too. */
function addressesOf(servers: readonly Server[]): Map<string, string> {
  const written = servers.flatMap((server) => server.listens.map((listen) => listen.address));
  return new Map(
    written.map((address) => {
      const every = address.replace(/^\[::\]:/, "*:");
      return [address, written.includes(every) ? every : address];
    }),
  );
}

/** The server that answers for unknown hosts on each listener: the one that says so, else the first. */
function defaultsOf(servers: readonly Server[], addresses: ReadonlyMap<string, string>): Map<string, Server> {
  const defaults = new Map<string, Server>();
  for (const chosen of [true, false])
    for (const server of servers)
      for (const listen of server.listens) {
        const address = addresses.get(listen.address)!;
        if (listen.isDefault === chosen && !defaults.has(address)) defaults.set(address, server);
      }
  return defaults;
}

/** Hosts that no earlier site has on one of these listeners, which are taken from now on. */
function freeHosts(
  hosts: readonly string[],
  own: readonly string[],
  taken: ReadonlyMap<string, Set<string>>,
): string[] {
  const free = hosts.filter((host) => !own.some((address) => taken.get(address)!.has(host)));
  for (const host of free) for (const address of own) taken.get(address)!.add(host);
  return free;
}

function note(server: Server, text: string, t: Translation): void {
  if (server.directive !== null) t.ledger.claim(server.directive, "approximated", text);
}
