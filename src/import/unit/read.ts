import { dirname, join } from "node:path";
import { approximated, Ledger, mapped, undecided } from "../ledger.ts";
import type { Reader, Reading } from "../reading.ts";
import type { Plain } from "../tree.ts";
import { readAccessLog } from "./access-log.ts";
import { readAction } from "./action.ts";
import { readApplication, sayAll } from "./application.ts";
import { type JsonNode, parseUnitJson } from "./json.ts";
import { readListener } from "./listener.ts";
import { type MatchDraft, readMatch } from "./match.ts";

const APP_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,47}$/;

/** Reads NGINX Unit's config.json: a site for each listener, with the routes that it passes to. */
export const readUnit: Reader = (source, context) => {
  const ledger = new Ledger();
  const file = source.form === "file" ? source.path : join(context.directory, "config.json");
  const text = source.form === "file" ? source.text : (context.readFile(file) ?? "{}");
  const root = parseUnitJson(text, file);
  const base = dirname(file);
  const top: Plain = {};
  const apps: Plain = {};
  const mounts = new Map<string, string>();
  const names = new Map<string, string>();
  const upstreams: Plain = {};
  for (const [name, node] of section(root, "applications", ledger)) {
    for (const [key, settings] of readApplication(name, node, base, ledger, `applications.${name}`) ?? []) {
      const app = APP_NAME.test(key) ? key : key.replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^[-_]+/, "") || "app";
      const { mount, ...rest } = settings;
      if (mount !== undefined && mount !== "") mounts.set(app, String(mount));
      apps[app] = rest;
      names.set(key, app);
    }
  }
  for (const [name, node] of section(root, "upstreams", ledger)) upstreams[name] = readUpstream(name, node, ledger);
  const pass = (to: string, depth: number): Plain | null => {
    const [kind, ...rest] = to.split("/");
    const name = rest.map(decoded).join("/");
    if (kind === "applications") {
      const app = names.get(name);
      const mount = app === undefined ? undefined : mounts.get(app);
      return app === undefined ? null : { app, ...(mount === undefined ? {} : { mount }) };
    }
    if (kind === "upstreams") return upstreams[name] === undefined ? null : { proxy: { to: name, forwarded: false } };
    return kind === "routes" && depth < 8 && routeNode(root, name) !== undefined
      ? { goto: `@routes-${name || "main"}` }
      : null;
  };
  const steps = (name: string, depth: number): readonly Plain[] => {
    const node = routeNode(root, name);
    const at = name === "" ? "routes" : `routes.${name}`;
    return (node?.items ?? []).flatMap((step, index) => {
      return readStep(step, `${at}[${index}]`, (to) => pass(to, depth), ledger).flatMap((route) => {
        const inner = typeof route["goto"] === "string" ? /^@routes-(.+)$/.exec(route["goto"])?.[1] : undefined;
        if (inner === undefined || depth >= 8) return [route];
        // Another list of routes, in this one's place: its first match that fits both.
        const { goto: _, ...match } = route;
        return steps(inner === "main" ? "" : inner, depth + 1).flatMap((further) => both(match, further));
      });
    });
  };
  const sites: Plain[] = [];
  const listeners: Plain[] = [];
  for (const [address, node] of section(root, "listeners", ledger)) {
    ledger.say(node.place, `listeners.${address}`, mapped());
    const { listener, site } = readListener(node, `listeners.${address}`, base, context, ledger);
    listeners.push({ address, ...listener });
    const to = String(node.entries.get("pass")?.value ?? "");
    const target = pass(to, 0);
    const routed = /^routes(?:\/(.*))?$/.exec(to);
    const routes = routed !== null ? steps(decoded(routed[1] ?? ""), 0) : target === null ? [] : [target];
    if (routed === null && target === null)
      ledger.say(
        node.entries.get("pass")?.place ?? node.place,
        `listeners.${address}.pass`,
        undecided(`there is no ${to}`),
      );
    sites.push({ listeners: [address], ...site, routes: [...routes, ...(routes.some(isOpen) ? [] : [{ fail: 404 }])] });
  }
  for (const key of ["routes", "settings", "access_log", "certificates", "js_modules"])
    readRest(root, key, top, ledger);
  return {
    kind: "unit",
    settings: {
      ...top,
      ...(listeners.length === 0 ? {} : { listeners }),
      ...(Object.keys(apps).length === 0 ? {} : { apps }),
      ...(Object.keys(upstreams).length === 0 ? {} : { upstreams }),
      ...(sites.length === 0 ? {} : { sites }),
    } as Reading["settings"],
    doors: [],
    directives: ledger.all(),
    files: [file],
  };
};

// --- internal ---

function section(root: JsonNode, key: string, ledger: Ledger): ReadonlyMap<string, JsonNode> {
  const node = root.entries.get(key);
  if (node !== undefined) ledger.say(node.place, key, mapped());
  return node?.entries ?? new Map();
}

/** A name in a `pass`, in which slashes may be written `%2F`. */
function decoded(name: string): string {
  return name.replace(/%([0-7][\da-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** A list of routes: the only one, or one of a map by its name. */
function routeNode(root: JsonNode, name: string): JsonNode | undefined {
  const routes = root.entries.get("routes");
  return name === "" || (name === "main" && routes?.entries.get("main") === undefined)
    ? routes?.items.length
      ? routes
      : undefined
    : routes?.entries.get(name);
}

/** The routes of one step: one for each set of conditions, of which some have to hold, with the same answer. */
function readStep(step: JsonNode, at: string, pass: (to: string) => Plain | null, ledger: Ledger): readonly Plain[] {
  const match = step.entries.get("match");
  if (match !== undefined) ledger.say(match.place, `${at}.match`, mapped());
  const sets = match === undefined ? [] : match.items.length > 0 ? match.items : [match];
  const drafts = sets.map((set, index) =>
    readSet(set, sets.length > 1 ? `${at}.match[${index}]` : `${at}.match`, ledger),
  );
  const action = step.entries.get("action");
  if (action !== undefined) ledger.say(action.place, `${at}.action`, mapped());
  const answer = action === undefined ? { fail: 404 } : readAction(action, `${at}.action`, pass, ledger);
  return (drafts.length === 0 ? [{}] : drafts).map((draft) => ({ ...draft, ...answer }));
}

function readSet(set: JsonNode, at: string, ledger: Ledger): Plain {
  const draft: MatchDraft = { route: {}, when: [] };
  for (const [key, node] of set.entries) {
    const outcome = readMatch(key, node, draft);
    ledger.say(node.place, `${at}.${key}`, outcome);
    // What can't be checked must not let anybody through.
    if (outcome.verdict === "needs-a-decision") draft.when.push({ value: "0" });
  }
  return { ...draft.route, ...(draft.when.length === 0 ? {} : { when: draft.when }) };
}

/** Whether a route takes every request. */
function isOpen(route: Plain): boolean {
  return ["exact", "prefix", "regex", "path", "when"].every((key) => route[key] === undefined);
}

/** A route that holds where both do: a path of the outer one becomes a condition. */
function both(outer: Plain, inner: Plain): readonly Plain[] {
  const conditions: Plain[] = [];
  const value = "{uri}";
  const quoted = (text: unknown): string => String(text).replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  if (outer["exact"] !== undefined) conditions.push({ value, equals: String(outer["exact"]) });
  if (outer["prefix"] !== undefined) conditions.push({ value, matches: `^${quoted(outer["prefix"])}` });
  if (outer["regex"] !== undefined) conditions.push({ value, matches: String(outer["regex"]) });
  const when = [
    ...conditions,
    ...((outer["when"] as Plain[] | undefined) ?? []),
    ...((inner["when"] as Plain[] | undefined) ?? []),
  ];
  return [{ ...inner, ...(when.length === 0 ? {} : { when }) }];
}

function readUpstream(name: string, node: JsonNode, ledger: Ledger): Plain {
  const at = `upstreams.${name}`;
  ledger.say(node.place, at, mapped());
  const servers = node.entries.get("servers");
  if (servers !== undefined) ledger.say(servers.place, `${at}.servers`, mapped());
  const targets = [...(servers?.entries ?? [])].map(([address, options]) => {
    const weight = options.entries.get("weight");
    if (weight !== undefined)
      ledger.say(weight.place, `${at}.servers.${address}.weight`, mapped("rounded to a whole number"));
    return weight === undefined ? address : { address, weight: Math.max(1, Math.round(Number(weight.value))) };
  });
  return { targets };
}

function readRest(root: JsonNode, key: string, top: Plain, ledger: Ledger): void {
  const node = root.entries.get(key);
  if (node === undefined) return;
  if (key === "routes") {
    ledger.say(node.place, key, mapped());
    for (const [name, list] of node.entries) ledger.say(list.place, `routes.${name}`, mapped());
  } else if (key === "access_log") {
    Object.assign(top, readAccessLog(node, ledger));
  } else if (key === "settings") readSettings(node, top, ledger);
  else sayAll(node, key, ledger, undecided("it has no counterpart here"));
}

/** `settings.http`: bounds and times. */
function readSettings(node: JsonNode, top: Plain, ledger: Ledger): void {
  ledger.say(node.place, "settings", mapped());
  const timeouts: Plain = {};
  const limits: Plain = {};
  for (const [name, child] of node.entries) {
    ledger.say(child.place, `settings.${name}`, name === "http" ? mapped() : approximated("that of our own"));
    for (const [key, value] of child.entries) {
      const seconds = `${Number(value.value)}s`;
      const at = `settings.${name}.${key}`;
      const known = {
        header_read_timeout: "head",
        body_read_timeout: "body",
        send_timeout: "write",
        idle_timeout: "idle",
      }[key];
      if (known !== undefined) timeouts[known] = seconds;
      else if (key === "max_body_size") limits["body"] = Number(value.value);
      const outcome =
        known !== undefined || key === "max_body_size"
          ? mapped()
          : /^(?:static|log_route|server_version|discard_unsafe_fields)$/.test(key)
            ? approximated("that of our own")
            : undecided("it is no option that we know");
      if (value.entries.size > 0) sayAll(value, at, ledger, outcome);
      else ledger.say(value.place, at, outcome);
    }
  }
  if (Object.keys(timeouts).length > 0) top["timeouts"] = timeouts;
  if (Object.keys(limits).length > 0) top["limits"] = limits;
}
