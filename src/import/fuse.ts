import { describePlace } from "../base/errors.ts";
import { type Endpoint, endpointOf, isAny, isLoopback, leadsTo } from "./addresses.ts";
import { environDifferences, environOf } from "./door-environ.ts";
import { addressOf, type Merged, type ServerDoor } from "./merge.ts";
import { changeMaps, isPlain, listAt, mapAt, type Plain } from "./tree.ts";

/** A document whose proxies to apps of the same document have become routes to these apps. */
export interface Fused {
  readonly settings: Plain;
  /** What was linked, kept apart or left closed, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Links what was given together (DESIGN §2.3): a proxy to a socket that one of the apps was served on leads to that app in our
 * own pool, one hop less. The sockets stay open besides, for whoever else knows them; a uwsgi socket on a public address doesn't
 * (it can run code in other servers, and here it would let anyone say who he is).
 */
export function fuse(merged: Merged): Fused {
  const notes: string[] = [];
  const upstreams = mapAt(merged.settings, "upstreams");
  const find = (proxy: Plain): ServerDoor | null => doorOf(proxy, upstreams, merged.doors);
  const linked = new Set<ServerDoor>();
  const sites = changeMaps(merged.settings["sites"] ?? [], (map) => {
    const proxy = typeof map["proxy"] === "string" ? { to: map["proxy"] } : map["proxy"];
    const door = isPlain(proxy) && proxy["to"] !== undefined ? find(proxy) : null;
    const route = door === null ? null : linkRoute(map, proxy as Plain, door, upstreams);
    if (route === null) return map;
    linked.add(door!);
    return route;
  });
  for (const door of linked)
    notes.push(
      `what was proxied to ${door.address} goes to the app ${door.app} itself (${describePlace(door.place)}); timeouts, buffers and retries of the proxy have no part in it. Its environ is as behind the proxy, but for ${environDifferences(door).join(", ")}`,
    );
  const given = merged.settings["sites"] === undefined ? merged.settings : { ...merged.settings, sites };
  const settings = openDoors(given, merged.doors, linked, notes);
  return { settings: withoutUnused(settings), notes };
}

// --- internal ---

/** The door that all targets of this proxy lead to, or null. */
function doorOf(proxy: Plain, upstreams: Plain, doors: readonly ServerDoor[]): ServerDoor | null {
  const { name, protocol } = split(String(proxy["to"]));
  const upstream = upstreams[name];
  const targets = isPlain(upstream) ? listAt(upstream, "targets").map(targetText) : [String(proxy["to"])];
  const found = targets.map((target) => {
    const endpoint = target === null ? null : endpointOf(target);
    return endpoint === null ? null : (doors.find((door) => leadsTo(endpoint, endpointOf(door.address)!)) ?? null);
  });
  const [first] = found;
  if (first === null || first === undefined || found.some((door) => door?.app !== first.app)) return null;
  return protocol === first.protocol ? first : null;
}

/** `uwsgi://backend/x` -> backend, uwsgi. An upstream's name alone is spoken to by HTTP. */
function split(to: string): { readonly name: string; readonly protocol: string } {
  const match = /^([a-z]+):\/\/([^/?]*)/.exec(to);
  return match === null ? { name: to, protocol: "http" } : { name: match[2]!, protocol: match[1]! };
}

/** A target that takes requests in the ordinary way; null for one that is down or only a backup, which no link can stand for. */
function targetText(target: unknown): string | null {
  if (!isPlain(target)) return String(target);
  return target["down"] === true || target["backup"] === true ? null : String(target["address"] ?? target["url"]);
}

/** The route with the app in the proxy's place; null where a link could not do the same. */
function linkRoute(route: Plain, proxy: Plain, door: ServerDoor, upstreams: Plain): Plain | null {
  const rewrite = pathRule(route, proxy);
  const rules = listAt(route, "rules");
  if (rewrite === undefined || (rewrite !== null && rules.length > 0)) return null;
  const { proxy: _, ...rest } = route;
  const headers = requestHeaders(route, proxy, upstreams);
  const environ = environOf(door, proxy, headers);
  return {
    ...rest,
    app: door.app,
    ...(Object.keys(environ).length === 0 ? {} : { environ }),
    ...(headers === null ? {} : { request_headers: headers }),
    ...(rewrite === null ? {} : { rules: [rewrite] }),
  };
}

/** What does to the path what the proxy's URL did; null: nothing; undefined: no rule can. */
function pathRule(route: Plain, proxy: Plain): Plain | null | undefined {
  const inUrl = /^[a-z]+:\/\/(?:unix:[^:]*(?::|$)|(?!unix:)[^/?]*)(\/[\s\S]*)?$/.exec(String(proxy["to"]))?.[1];
  const to = proxy["path"] ?? inUrl;
  if (to === undefined || to === null) return null;
  const strip =
    proxy["strip"] ??
    route["prefix"] ??
    route["path"] ??
    route["exact"] ??
    (route["regex"] === undefined ? "/" : undefined);
  if (strip === undefined) return undefined;
  if (strip === "all") return { rewrite: "^", to, flag: "break" };
  if (strip === to) return null;
  const escaped = String(strip).replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return { rewrite: `^${escaped}(.*)$`, to: `${String(to)}{1}`, flag: "break" };
}

/** The route's request headers, with the Host that the proxy would have sent. */
function requestHeaders(route: Plain, proxy: Plain, upstreams: Plain): Plain | null {
  const given = isPlain(route["request_headers"]) ? route["request_headers"] : null;
  const host = proxy["host"];
  const set = given === null ? {} : mapAt(given, "set");
  const named = Object.keys(set).some((name) => name.toLowerCase() === "host");
  const { name } = split(String(proxy["to"]));
  const ownName = upstreams[name] === undefined && name.startsWith("unix:") ? "localhost" : name;
  const text = String(host ?? "{host}").replaceAll("{proxy_host}", ownName);
  const result = {
    ...given,
    set: { ...set, ...(named || text === "{host}" || text === "{http_host}" ? {} : { Host: text }) },
  };
  const resolved = { ...result, set: mapValues(result.set, (value) => replaceProxyHost(value, ownName)) };
  return Object.keys(resolved.set).length === 0 && given === null ? null : resolved;
}

function replaceProxyHost(value: unknown, name: string): unknown {
  return typeof value === "string" ? value.replaceAll("{proxy_host}", name) : value;
}

function mapValues(map: Plain, change: (value: unknown) => unknown): Plain {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}

/** Every door as a listener with a site of its own, unless a site is there already. */
function openDoors(
  settings: Plain,
  doors: readonly ServerDoor[],
  linked: ReadonlySet<ServerDoor>,
  notes: string[],
): Plain {
  const listeners = [...listAt(settings, "listeners")];
  const sites = [...listAt(settings, "sites")];
  for (const door of doors) {
    const endpoint = endpointOf(door.address)!;
    if (linked.has(door) && door.protocol === "uwsgi" && isPublic(endpoint)) {
      notes.push(
        `${door.address} is not opened: nobody but the proxy needs it, and the uwsgi protocol is not for a public address`,
      );
      continue;
    }
    if (!listeners.some((listener) => addressOf(listener) === door.address)) listeners.push(listenerOf(door, endpoint));
    const served = sites.some((site) => isPlain(site) && listAt(site, "listeners").includes(door.address));
    if (!served) {
      const trust = door.trust === undefined ? {} : { trusted_proxies: door.trust };
      sites.push({ listeners: [door.address], ...trust, routes: [{ app: door.app }] });
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
  return { address: door.address, ...protocol, ...introduced, ...socket };
}

function isPublic(endpoint: Endpoint): boolean {
  return endpoint.kind === "tcp" && (isAny(endpoint.host) || !isLoopback(endpoint.host));
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
      named.add(split(to).name);
      anything ||= /\{\w+\}/.test(to);
    }
    return map;
  });
  const used = Object.entries(upstreams).filter(([name]) => anything || named.has(name));
  return used.length === 0 ? rest : { ...rest, upstreams: Object.fromEntries(used) };
}
