import { basename } from "node:path";
import { describePlace } from "../base/errors.ts";
import { type Endpoint, endpointOf, isAny, isLoopback, leadsTo } from "./addresses.ts";
import { environDifferences } from "./door-environ.ts";
import { linkRoute, splitTarget } from "./link-route.ts";
import { addressOf, type Merged, type ServerDoor } from "./merge.ts";
import { changeMaps, isPlain, listAt, mapAt, type Plain } from "./tree.ts";

/** A document whose proxies to apps of the same document have become routes to these apps. */
export interface Fused {
  readonly settings: Plain;
  /** What was linked, kept apart or left closed, a sentence each. */
  readonly notes: readonly string[];
  /** Doors that nobody but a linked proxy needs, and that are not opened. */
  readonly closed: readonly ServerDoor[];
}

/**
 * Links what was given together (DESIGN §2.3): a proxy to a socket that one of the apps was served on leads to that app in our
 * own pool, one hop less. The sockets stay open besides, for whoever else knows them; a uwsgi socket on a public address doesn't
 * (it can run code in other servers, and here it would let anyone say who he is).
 */
export function fuse(merged: Merged): Fused {
  const notes: string[] = [];
  const upstreams = mapAt(merged.settings, "upstreams");
  const named = namesAsked(merged.settings, upstreams);
  const find = (proxy: Plain): ServerDoor | null => doorOf(proxy, upstreams, merged.doors, named);
  const linked = new Set<ServerDoor>();
  const sites = listAt(merged.settings, "sites").map((site) => {
    const nested = nestingIn(site);
    return changeMaps(site, (map) => {
      const proxy = typeof map["proxy"] === "string" ? { to: map["proxy"] } : map["proxy"];
      const door = isPlain(proxy) && proxy["to"] !== undefined ? find(proxy) : null;
      const route = door === null ? null : linkRoute(map, proxy as Plain, door, upstreams, nested);
      if (route === null) return map;
      linked.add(door!);
      return route;
    });
  });
  for (const door of linked)
    notes.push(
      `what was proxied to ${door.address} goes to the app ${door.app} itself${door.routes === undefined ? "" : ", and to the files and apps that were served beside it"} (${describePlace(door.place)}); timeouts, buffers and retries of the proxy have no part in it. Its environ is as behind the proxy, but for ${environDifferences(door).join(", ")}`,
    );
  for (const door of linked) {
    const endpoint = endpointOf(door.address)!;
    const key = endpoint.kind === "unix" ? basename(endpoint.path) : isAny(endpoint.host) ? endpoint.port : null;
    for (const name of key === null ? [] : (named.get(key) ?? []))
      if (endpoint.kind === "tcp" || name !== endpoint.path)
        notes.push(
          `${endpoint.kind === "tcp" ? `${name}:${key}` : name} is taken for ${door.address}, the only one of that ${endpoint.kind === "tcp" ? "port" : "name"} that is given`,
        );
  }
  const given = merged.settings["sites"] === undefined ? merged.settings : { ...merged.settings, sites };
  const closed = merged.doors.filter((door) => linked.has(door) && isExposed(door));
  const open = merged.doors.filter((door) => !closed.includes(door));
  for (const { address } of closed)
    notes.push(
      `${address} is not opened: nobody but the proxy needs it, and the uwsgi protocol is not for a public address`,
    );
  return { settings: withoutUnused(openDoors(given, open)), notes, closed };
}

// --- internal ---

/** The door that all targets of this proxy lead to, or null. */
function doorOf(proxy: Plain, upstreams: Plain, doors: readonly ServerDoor[], named: Named): ServerDoor | null {
  const { protocol } = splitTarget(String(proxy["to"]));
  const found = endpointsOf(proxy, upstreams).map((endpoint) =>
    endpoint === null
      ? null
      : (doors.find((door) => leadsTo(endpoint, endpointOf(door.address)!)) ?? doorByName(endpoint, doors, named)),
  );
  const [first] = found;
  if (first === null || first === undefined || found.some((door) => door?.app !== first.app)) return null;
  return protocol === (first.tls === undefined ? first.protocol : "https") ? first : null;
}

/** Where a proxy leads; null: to no address that is known, or none that a link can stand for. */
function endpointsOf(proxy: Plain, upstreams: Plain): readonly (Endpoint | null)[] {
  const upstream = upstreams[splitTarget(String(proxy["to"])).name];
  const targets = isPlain(upstream) ? listAt(upstream, "targets").map(targetText) : [String(proxy["to"])];
  return targets.map((target) => (target === null ? null : endpointOf(target)));
}

/**
 * What proxies ask for under names that only a deployment gives a meaning: by port the names without a dot (of other containers, as a
 * rule), and by name the paths of sockets.
 */
type Named = ReadonlyMap<number | string, ReadonlySet<string>>;

function namesAsked(settings: Plain, upstreams: Plain): Named {
  const asked = new Map<number | string, Set<string>>();
  const add = (key: number | string, name: string): void =>
    void asked.set(key, (asked.get(key) ?? new Set()).add(name));
  changeMaps(settings["sites"] ?? [], (map) => {
    const proxy = typeof map["proxy"] === "string" ? { to: map["proxy"] } : map["proxy"];
    for (const endpoint of isPlain(proxy) && proxy["to"] !== undefined ? endpointsOf(proxy, upstreams) : []) {
      if (endpoint?.kind === "unix") add(basename(endpoint.path), endpoint.path);
      else if (endpoint !== null && isContainer(endpoint.host)) add(endpoint.port, endpoint.host);
    }
    return map;
  });
  return asked;
}

function isContainer(host: string): boolean {
  return /^[A-Za-z][\w-]*$/.test(host) && host !== "localhost";
}

/** `http://web:8000` is the one app whose port 8000 is open to all, if no other name is asked for there. */
function doorByName(endpoint: Endpoint, doors: readonly ServerDoor[], named: Named): ServerDoor | null {
  if (endpoint.kind === "unix") return socketByName(endpoint.path, doors, named);
  if (!isContainer(endpoint.host) || named.get(endpoint.port)?.size !== 1) return null;
  const [door, ...others] = doors.filter((each) => {
    const own = endpointOf(each.address)!;
    return own.kind === "tcp" && own.port === endpoint.port && isAny(own.host);
  });
  return others.length === 0 ? (door ?? null) : null;
}

/** A socket that nothing given opens is the only one of that name that something does, in another folder. */
function socketByName(path: string, doors: readonly ServerDoor[], named: Named): ServerDoor | null {
  const name = basename(path);
  if (named.get(name)?.size !== 1) return null;
  const [door, ...others] = doors.filter((each) => {
    const own = endpointOf(each.address)!;
    return own.kind === "unix" && basename(own.path) === name;
  });
  return others.length === 0 ? (door ?? null) : null;
}

/** Routes can stand in a route of NGINX's order; they come before patterns beside it only where these would not be looked at. */
function nestingIn(site: unknown): (route: Plain) => boolean {
  if (!isPlain(site) || site["order"] !== "nginx") return () => false;
  const patterns = listAt(site, "routes").some((route) => isPlain(route) && route["regex"] !== undefined);
  return (route) =>
    route["named_only"] !== true &&
    (!patterns || route["final"] === true || route["exact"] !== undefined || route["regex"] !== undefined);
}

/** A target that takes requests in the ordinary way; null for one that is down or only a backup, which no link can stand for. */
function targetText(target: unknown): string | null {
  if (!isPlain(target)) return String(target);
  return target["down"] === true || target["backup"] === true ? null : String(target["address"] ?? target["url"]);
}

/** Every door as a listener with a site of its own, unless a site is there already. */
function openDoors(settings: Plain, doors: readonly ServerDoor[]): Plain {
  const listeners = [...listAt(settings, "listeners")];
  const sites = [...listAt(settings, "sites")];
  for (const door of doors) {
    const endpoint = endpointOf(door.address)!;
    if (!listeners.some((listener) => addressOf(listener) === door.address)) listeners.push(listenerOf(door, endpoint));
    const served = sites.some((site) => isPlain(site) && listAt(site, "listeners").includes(door.address));
    if (!served) {
      const trust = door.trust === undefined ? {} : { trusted_proxies: door.trust };
      sites.push({ listeners: [door.address], ...trust, routes: door.routes ?? [{ app: door.app }] });
    }
  }
  return { ...settings, ...(listeners.length === 0 ? {} : { listeners }), ...(sites.length === 0 ? {} : { sites }) };
}

function listenerOf(door: ServerDoor, endpoint: Endpoint): unknown {
  const socket =
    endpoint.kind === "tcp"
      ? {}
      : {
          ...(door.mode === null ? {} : { mode: `0${door.mode.toString(8)}` }),
          ...(door.owner === null ? {} : { owner: door.owner }),
          ...(door.group === null ? {} : { group: door.group }),
          ...(door.unlink ? {} : { unlink: false }),
        };
  const protocol = door.protocol === "http" ? {} : { protocol: door.protocol };
  const introduced = door.proxyProtocol === undefined ? {} : { proxy_protocol: door.proxyProtocol };
  const tls = door.tls === undefined ? {} : { tls: door.tls };
  return { address: door.address, ...protocol, ...tls, ...introduced, ...socket };
}

/** It can run code in other servers, and here it would let anyone say who he is. */
function isExposed({ address, protocol }: ServerDoor): boolean {
  const endpoint = endpointOf(address)!;
  return protocol === "uwsgi" && endpoint.kind === "tcp" && (isAny(endpoint.host) || !isLoopback(endpoint.host));
}

/** An upstream that every proxy to it was linked is left out: it would only be looked after. One with variables in it may be any. */
function withoutUnused(settings: Plain): Plain {
  const { upstreams, ...rest } = settings;
  if (!isPlain(upstreams)) return rest;
  const named = new Set<string>();
  let anything = false;
  changeMaps(settings["sites"] ?? [], (map) => {
    const to = isPlain(map["proxy"]) ? map["proxy"]["to"] : map["proxy"];
    if (typeof to === "string") {
      named.add(splitTarget(to).name);
      anything ||= /\{\w+\}/.test(to);
    }
    return map;
  });
  const used = Object.entries(upstreams).filter(([name]) => anything || named.has(name));
  return used.length === 0 ? rest : { ...rest, upstreams: Object.fromEntries(used) };
}
