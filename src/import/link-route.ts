import { environOf } from "./door-environ.ts";
import type { ServerDoor } from "./merge.ts";
import { isPlain, listAt, mapAt, type Plain } from "./tree.ts";

/** `uwsgi://backend/x` -> backend, uwsgi. An upstream's name alone is spoken to by HTTP. */
export function splitTarget(to: string): { readonly name: string; readonly protocol: string } {
  const match = /^([a-z]+):\/\/([^/?]*)/.exec(to);
  return match === null ? { name: to, protocol: "http" } : { name: match[2]!, protocol: match[1]! };
}

/**
 * The route with the app in the proxy's place; null where a link could not do the same. What the server behind the proxy answers
 * itself (`routes` of its door) is searched first, as routes of this one.
 *
 * @param nested whether routes may stand in this one, and are searched before all others: in a site with NGINX's order
 */
export function linkRoute(
  route: Plain,
  proxy: Plain,
  door: ServerDoor,
  upstreams: Plain,
  nested: (route: Plain) => boolean,
): Plain | null {
  const rewrite = pathRule(route, proxy);
  const rules = listAt(route, "rules");
  if (rewrite === undefined || (rewrite !== null && rules.length > 0)) return null;
  const { proxy: _, ...rest } = route;
  const headers = requestHeaders(route, proxy, upstreams);
  const environ = environOf(door, proxy, headers);
  const given = {
    ...(Object.keys(environ).length === 0 ? {} : { environ }),
    ...(headers === null ? {} : { request_headers: headers }),
  };
  const rewriting = rewrite === null ? {} : { rules: [rewrite] };
  if (door.routes === undefined) return { ...rest, app: door.app, ...given, ...rewriting };
  // The server matched the path that the proxy sent.
  if (rewrite !== null || rules.length > 0 || changesPath(proxy) || !nested(route)) return null;
  const [last, ...others] = [...door.routes]
    .reverse()
    .map((each) => (each["app"] === undefined ? each : { ...each, ...given }));
  const inner = others.reverse().map((each) => withHeaders(each, route));
  return { ...rest, ...last, routes: [...listAt(rest, "routes"), ...inner] };
}

// --- internal ---

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
  if (strip === "all" || strip === "all-and-query") return wholeRule(String(to), strip === "all-and-query");
  if (strip === to) return null;
  const escaped = String(strip).replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return { rewrite: `^${escaped}(.*)$`, to: `${String(to)}{1}`, flag: "break" };
}

/** What takes the place of the whole path, or of all of the request's target. */
function wholeRule(to: string, withQuery: boolean): Plain | null | undefined {
  if (/^\{(?:request_uri|uri\}\{is_args\}\{(?:args|query_string))\}$/.test(to)) return null;
  // Groups of the route's own expression are gone once a rule has one of its own.
  if (/\{\d\}/.test(to)) return undefined;
  const path = to.replace(/\{is_args\}\{(?:args|query_string)\}$/, "");
  if (/\{(?:request_uri|args|query_string)\}/.test(path)) return undefined;
  return { rewrite: "^", to: withQuery && path === to ? `${to}?` : path, flag: "break" };
}

/** Whether the uwsgi protocol carries another path than the request's. */
function changesPath(proxy: Plain): boolean {
  const parameters = mapAt(proxy, "parameters");
  const path = parameters["PATH_INFO"];
  const own = path === undefined || path === "{document_uri}" || path === "{uri}";
  return !own || parameters["SCRIPT_NAME"] !== undefined || proxy["modifier1"] !== undefined;
}

/** What the server behind added to its answers, and what the proxy adds to all of them. */
function withHeaders(inner: Plain, outer: Plain): Plain {
  const own = mapAt(inner, "response_headers");
  const around = mapAt(outer, "response_headers");
  if (Object.keys(own).length === 0 || Object.keys(around).length === 0) return inner;
  return { ...inner, response_headers: { ...around, add: { ...mapAt(own, "add"), ...mapAt(around, "add") } } };
}

/** The route's request headers, with the Host that the proxy would have sent. */
function requestHeaders(route: Plain, proxy: Plain, upstreams: Plain): Plain | null {
  const given = isPlain(route["request_headers"]) ? route["request_headers"] : null;
  const host = proxy["host"];
  const set = given === null ? {} : mapAt(given, "set");
  const named = Object.keys(set).some((name) => name.toLowerCase() === "host");
  const { name } = splitTarget(String(proxy["to"]));
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
