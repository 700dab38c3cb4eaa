import type { Place } from "../../base/errors.ts";
import type { Ledger } from "../ledger.ts";
import type { ReadContext } from "../reading.ts";
import type { Plain } from "../tree.ts";
import { accessOf } from "./access.ts";
import { folderRules } from "./folder-rewrites.ts";
import { fileOptions, type OptionsDraft, routeOptions } from "./options.ts";
import { FORWARDED_HEADERS, type ProxyRule } from "./proxy.ts";
import { type Rewritten, rewritesOf } from "./rewrite.ts";
import { RewriteMaps } from "./rewrite-map.ts";
import { environmentVariable } from "./rewrite-text.ts";
import type { AliasRule, AreaOptions, Scope, ScriptAlias } from "./scope.ts";

/** A route as it is built: what it matches and answers, and where it stands in URLs and on the disk. */
interface Draft {
  readonly url: string;
  /** null: no file or folder of its own. */
  readonly file: string | null;
  readonly match: Plain;
  readonly kind: "static" | "app" | "proxy";
  readonly handler: Plain;
}

export interface RouteContext {
  readonly server: OptionsDraft;
  /** Told of lines that ask for what can't be had here. */
  readonly undecided: (line: { readonly place: Place; readonly name: string }, note: string) => void;
  /** Name of the app that runs a script. */
  app(script: ScriptAlias, options: readonly OptionsDraft[]): string;
  readonly machine: ReadContext;
  readonly ledger: Ledger;
  /** Of the whole configuration, as `variables` has them. */
  readonly variables: Plain;
}

/** What answers at a server or virtual host. */
export interface ServerRoutes {
  readonly rules: readonly Plain[];
  readonly routes: readonly Plain[];
}

/**
 * The routes of a server, in the order in which Apache's modules take requests: rewrites, proxies, redirects, aliases, WSGI
 * scripts, the document root. What `<Directory>` and `<Location>` say stands at the routes that they cover; where they cover
 * only a part, that part is a route of its own before.
 */
export function routesOf(scope: Scope, context: RouteContext): ServerRoutes {
  const environment = environmentRules(scope, context);
  const rewritten = serverRewrites(scope, context);
  const kept = scope.proxies
    .filter(
      ({ path, proxy }, index) =>
        proxy === null &&
        !scope.proxies.slice(0, index).some((rule) => rule.proxy !== null && isUnder(path, rule.path)),
    )
    .map(({ path }) => path);
  const aliases = scope.aliases.map((alias) => aliasDraft(alias, context));
  const early = aliases.filter(({ url }) => kept.some((path) => isUnder(url, path)));
  const scripts = scope.scripts.map((script) => scriptDraft(script, scope, context));
  const root = rootDraft(scope, rewritten.filesOnly === null ? scripts : []);
  const unproxied = kept
    .filter((path) => !early.some(({ url }) => isUnder(path, url)))
    .flatMap((path) => without(path, [...aliases, ...scripts, ...root]));
  const proxies = scope.proxies.flatMap((rule) => (rule.proxy === null ? [] : [proxyDraft(rule, rule.proxy, scope)]));
  const before = [...early, ...unproxied, ...proxies];
  const after = [...aliases.filter((draft) => !early.includes(draft)), ...scripts, ...root];
  const finish = (draft: Draft): Plain[] => [...parts(draft, scope, context), routeOf(draft, scope, context)];
  const others = [
    ...before.flatMap(finish),
    ...scope.redirects.map((route) => guarded(route, scope, context)),
    ...after.filter((draft) => !root.includes(draft)).flatMap(finish),
  ];
  const { filesOnly } = rewritten;
  const routes = [
    ...rewritten.routes.map((route) => finishRewritten(route, scope, context)),
    ...(filesOnly === null ? others : others.map((route) => unless(route, filesOnly))),
    ...root.flatMap(finish),
  ];
  const files = [...before, ...after].some(({ kind }) => kind === "static");
  const rules = [...environment, ...rewritten.rules];
  return { rules, routes: [...guards(scope, context, files), ...routes] };
}

// --- internal ---

/** The rules of the server with those that it takes over. */
function serverRewrites(scope: Scope, context: RouteContext): Rewritten {
  const own = scope.options.rewrite;
  const { rewrite: wide } = context.server;
  const inherits = own === wide ? null : own.inherits;
  const lines =
    inherits === null ? own.lines : inherits === "before" ? [...wide.lines, ...own.lines] : [...own.lines, ...wide.lines];
  if (own.engine !== true || lines.length === 0) return { rules: [], routes: [], environment: [], filesOnly: null };
  const maps = new RewriteMaps(scope.maps, context.machine, context.variables);
  const names = namesFor();
  const rewritten = rewritesOf(
    { ...own, lines },
    {
      names: {
        documentRoot: scope.documentRoot ?? "",
        file: "{uri}",
        lookUp: (map, key, otherwise) => maps.lookUp(map, key, otherwise),
      },
      folder: null,
      ledger: context.ledger,
      fresh: names,
      isDirectory: (path) => context.machine.isDirectory(path),
      isElsewhere: (path) => isElsewhere(path, scope),
    },
  );
  for (const name of rewritten.environment)
    if (name === "HTTP_AUTHORIZATION") scope.options.wsgi.authorization = true;
    else scope.options.environ[name] ??= `{${environmentVariable(name)}}`;
  return rewritten;
}

/** What sets the variables that depend on the request, which the rules and routes of the server look at. */
function environmentRules(scope: Scope, { server }: RouteContext): readonly Plain[] {
  const drafts = scope.options === server ? [server] : [server, scope.options];
  for (const { environment } of drafts)
    for (const name of environment.names) scope.options.environ[name] ??= `{${environmentVariable(name)}}`;
  return drafts.flatMap(({ environment }) => environment.rules);
}

/** Names that nobody has yet. */
function namesFor(): (wanted: string) => string {
  const taken = new Set<string>();
  return (wanted) => {
    let name = wanted;
    for (let number = 2; taken.has(name); number++) name = `${wanted}_${number}`;
    taken.add(name);
    return name;
  };
}

/** Whether an alias, a script, a redirect or a proxy may answer for a path, of which the beginning is known. */
function isElsewhere(path: string, { aliases, scripts, proxies, redirects }: Scope): boolean {
  const fixed = path.replace(/[{?][^]*$/, "");
  const isOpen = fixed !== path;
  const paths = [...aliases, ...scripts].map(({ match }) => ("path" in match ? match.path : "/"));
  return (
    redirects.length > 0 ||
    [...paths, ...proxies.map((rule) => rule.path)].some(
      (own) => isUnder(fixed, own) || (isOpen && own.startsWith(fixed)),
    )
  );
}

/** The same route for requests that no rule has sent to files. */
function unless(route: Plain, variable: string): Plain {
  const before = route["when"] === undefined ? [] : [route["when"]].flat();
  return { ...route, when: [...before, { value: `{${variable}}`, equals: "file", not: true }] };
}

/** A route that a rule leads to, with what the server says of its proxies and files. */
function finishRewritten(route: Plain, scope: Scope, context: RouteContext): Plain {
  const proxy = route["proxy"] as Plain | undefined;
  if (proxy === undefined) {
    const written = route["static"] as Plain;
    const drafts = optionsFor(scope, context, "/", `${written["root"] as string}/`);
    return { ...route, static: { ...written, ...fileOptions(drafts) }, ...routeOptions(drafts) };
  }
  const options = routeOptions(optionsFor(scope, context, "/", null));
  const headers = (options["request_headers"] ?? {}) as Plain;
  const redirects = scope.reverses.map((reverse) => ({ from: reverse.url, to: reverse.path }));
  return {
    ...route,
    ...options,
    proxy: {
      ...proxyTimes(scope),
      ...proxy,
      host: scope.preserveHost ? "{http_host}" : "{proxy_host}",
      redirects: redirects.length === 0 ? false : redirects,
    },
    request_headers: { ...headers, set: { ...FORWARDED_HEADERS, ...(headers["set"] as Plain | undefined) } },
  };
}

function proxyTimes({ proxyTimeout }: Scope): Plain {
  return proxyTimeout === null ? {} : { read_timeout: `${proxyTimeout}s`, send_timeout: `${proxyTimeout}s` };
}

function aliasDraft(alias: AliasRule, { machine }: RouteContext): Draft {
  if ("regex" in alias.match) {
    const folder = alias.target.replace(/\{.*$/, "").replace(/\/[^/]*$/, "") || "/";
    return {
      url: "/",
      file: folder,
      match: alias.match,
      kind: "static",
      handler: { static: { root: folder, file: alias.target } },
    };
  }
  const { path } = alias.match;
  const single =
    machine.isFile(alias.target) || (!/\/$/.test(alias.target) && /\.\w{1,5}$/.test(path) && /\.\w{1,5}$/.test(alias.target));
  if (single)
    return {
      url: path,
      file: alias.target,
      match: { exact: path },
      kind: "static",
      handler: { static: { file: alias.target } },
    };
  const root = alias.target.length > 1 ? alias.target.replace(/\/+$/, "") : alias.target;
  return { url: path, file: root, match: matchOf(path), kind: "static", handler: { static: { root } } };
}

function scriptDraft(script: ScriptAlias, scope: Scope, context: RouteContext): Draft {
  const url = "path" in script.match ? script.match.path : "/";
  const app = context.app(script, optionsFor(scope, context, url, script.target));
  const mount = url.replace(/\/+$/, "");
  const match = "path" in script.match ? matchOf(url) : script.match;
  return { url, file: script.target, match, kind: "app", handler: { app, ...(mount === "" ? {} : { mount }) } };
}

/** The document root, unless a script answers for everything. */
function rootDraft({ documentRoot }: Scope, scripts: readonly Draft[]): readonly Draft[] {
  if (documentRoot === null || scripts.some(({ url, match }) => url === "/" && match["regex"] === undefined)) return [];
  return [{ url: "/", file: documentRoot, match: {}, kind: "static", handler: { static: { root: documentRoot } } }];
}

function proxyDraft({ path, url }: ProxyRule, proxy: Plain, scope: Scope): Draft {
  const reverses = scope.reverses.filter((reverse) => isUnder(path, reverse.path) || isUnder(reverse.path, path));
  const redirects = reverses.some((reverse) => reverse.url === url && reverse.path === path)
    ? "default"
    : reverses.length > 0
      ? reverses.map((reverse) => ({ from: reverse.url, to: reverse.path }))
      : false;
  const host = scope.preserveHost ? "{http_host}" : "{proxy_host}";
  return {
    url: path,
    file: null,
    match: matchOf(path),
    kind: "proxy",
    handler: { proxy: { ...proxyTimes(scope), ...proxy, host, redirects } },
  };
}

function matchOf(path: string): Plain {
  return path === "/" ? {} : { path };
}

/** Whether a URL or file path is `parent` or beneath it, by whole segments. */
export function isUnder(path: string, parent: string): boolean {
  const base = parent.replace(/\/+$/, "");
  return path === base || path === `${base}/` || path.startsWith(`${base}/`);
}

function optionsFor(scope: Scope, context: RouteContext, url: string, file: string | null): readonly OptionsDraft[] {
  const directories = file === null ? [] : scope.directories.filter(({ covers }) => covers(file)).sort(byLength);
  const named = scope.files.filter(
    ({ name, directory }) =>
      file !== null &&
      (directory === null || isUnder(file, directory)) &&
      new RegExp(name).test(file.split("/").at(-1)!),
  );
  const locations = scope.locations.filter(({ covers }) => covers(url));
  return [
    context.server,
    ...(scope.options === context.server ? [] : [scope.options]),
    ...[...directories, ...named, ...locations].map(({ options }) => options),
  ];
}

function byLength(a: AreaOptions, b: AreaOptions): number {
  return (a.path?.length ?? 0) - (b.path?.length ?? 0);
}

function routeOf(draft: Draft, scope: Scope, context: RouteContext): Plain {
  const drafts = optionsFor(scope, context, draft.url, draft.file);
  const options = routeOptions(drafts);
  const { problem } = accessOf(drafts.map(({ access }) => access));
  for (const line of problem?.lines ?? []) context.undecided(line, problem!.note);
  if (draft.kind === "static") {
    const written = draft.handler["static"] as Plain;
    const rules = draft.match["regex"] === undefined ? rulesOf(draft, scope, context) : [];
    return {
      ...draft.match,
      ...(rules.length === 0 ? {} : { rules }),
      static: { ...written, ...fileOptions(drafts) },
      ...options,
    };
  }
  if (draft.kind === "proxy") {
    const headers = (options["request_headers"] ?? {}) as Plain;
    const set = { ...FORWARDED_HEADERS, ...(headers["set"] as Plain | undefined) };
    return { ...draft.match, ...draft.handler, ...options, request_headers: { ...headers, set } };
  }
  const environ = Object.assign({}, ...drafts.map((each) => each.environ)) as Plain;
  const authorized = drafts.map(({ wsgi }) => wsgi.authorization).findLast((flag) => flag !== null) ?? false;
  const headers = (options["request_headers"] ?? {}) as Plain;
  const removed = [...((headers["remove"] as string[] | undefined) ?? []), "Authorization"];
  return {
    ...draft.match,
    ...draft.handler,
    ...options,
    ...(Object.keys(environ).length === 0 ? {} : { environ }),
    ...(authorized ? {} : { request_headers: { ...headers, remove: removed } }),
  };
}

function rulesOf(draft: Draft, scope: Scope, context: RouteContext): readonly Plain[] {
  const { machine, ledger, variables } = context;
  const areas = scope.directories.filter(({ covers }) => covers(draft.file!)).sort(byLength);
  return folderRules(areas, scope, { url: draft.url, file: draft.file! }, {
    ledger,
    maps: new RewriteMaps(scope.maps, machine, variables),
    fresh: namesFor(),
    isDirectory: (path) => machine.isDirectory(path),
  });
}

/** Programs of CGI are held to who may come in to their folder and place. */
function guarded(route: Plain, scope: Scope, context: RouteContext): Plain {
  const cgi = route["cgi"] as { root?: string; script?: string } | undefined;
  if (cgi === undefined) return route;
  const drafts = optionsFor(scope, context, String(route["path"]), cgi.root ?? cgi.script ?? null);
  const { settings, problem } = accessOf(drafts.map(({ access }) => access));
  for (const line of problem?.lines ?? []) context.undecided(line, problem!.note);
  return { ...route, ...settings };
}

/** Routes for the parts that a section below the route covers. */
function parts(draft: Draft, scope: Scope, context: RouteContext): readonly Plain[] {
  if (draft.match["regex"] !== undefined || draft.match["exact"] !== undefined) return [];
  const found = new Map<string, Draft>();
  for (const { path } of scope.locations)
    if (path !== null && strictlyUnder(path, draft.url) && !(draft.kind === "proxy" && isProxyRule(scope, path)))
      add(found, below(draft, path));
  if (draft.kind === "static" && draft.file !== null)
    for (const { path } of scope.directories)
      if (path !== null && strictlyUnder(path, draft.file))
        add(found, below(draft, joinUrl(draft.url, path.slice(draft.file.replace(/\/+$/, "").length))));
  return [...found.values()].sort((a, b) => b.url.length - a.url.length).map((part) => routeOf(part, scope, context));
}

/** A location that says itself whether and where it is proxied. */
function isProxyRule(scope: Scope, path: string): boolean {
  return scope.proxies.some((rule) => rule.path.replace(/(.)\/+$/, "$1") === path);
}

function add(found: Map<string, Draft>, draft: Draft): void {
  if (!found.has(draft.url)) found.set(draft.url, draft);
}

function strictlyUnder(path: string, parent: string): boolean {
  return isUnder(path, parent) && path.replace(/\/+$/, "") !== parent.replace(/\/+$/, "");
}

function joinUrl(url: string, rest: string): string {
  return `${url.replace(/\/+$/, "")}/${rest.replace(/^\/+/, "")}`;
}

/** The same answer for a path below. */
function below(draft: Draft, url: string): Draft {
  const rest = url.slice(draft.url.replace(/\/+$/, "").length).replace(/^\/+|\/+$/g, "");
  const match = { path: url };
  if (draft.kind === "static") {
    const root = joinUrl(draft.file!, rest);
    return { ...draft, url, file: root, match, handler: { static: { root } } };
  }
  if (draft.kind === "proxy") {
    const proxy = draft.handler["proxy"] as Plain;
    const strip = proxy["path"] === undefined ? {} : { strip: proxy["strip"] ?? draft.url };
    return { ...draft, url, match, handler: { proxy: { ...proxy, ...strip } } };
  }
  return { ...draft, url, match };
}

/** What answers for a path that is not proxied: the first that would without the proxies. */
function without(path: string, drafts: readonly Draft[]): readonly Draft[] {
  const found = drafts.find(({ url, match }) => match["regex"] === undefined && isUnder(path, url));
  return found === undefined ? [] : [strictlyUnder(path, found.url) ? below(found, path) : found];
}

/** Files and places that nobody may have: what `<Files>` and patterns close or hold to a check, and Apache's own files. */
function guards(scope: Scope, context: RouteContext, files: boolean): readonly Plain[] {
  const named = scope.files
    .filter(({ name }) => !scope.scripts.some(({ target }) => new RegExp(name).test(target.split("/").at(-1)!)))
    .map(({ name, options }) => {
      const begin = name.startsWith("^") ? name.slice(1) : `[^/]*${name}`;
      return { regex: `/${begin.endsWith("$") ? begin : `${begin}[^/]*$`}`, options };
    });
  const places = [...scope.directories.filter(({ pattern }) => pattern?.startsWith("^") === false), ...scope.locations];
  const patterns = places.flatMap(({ pattern, options }) => (pattern === null ? [] : [{ regex: pattern, options }]));
  const closed = [...named, ...patterns].filter(({ options }) => {
    const { settings } = accessOf([options.access]);
    const { access, auth } = settings as { access?: readonly Plain[]; auth?: Plain };
    if (access === undefined && auth === undefined) return false;
    const nobody = auth === undefined && access?.every((entry) => entry["allow"] === undefined) === true;
    if (!nobody) for (const line of options.access.lines) context.undecided(line, PARTLY);
    return true;
  });
  return [
    ...(files ? [{ regex: "/\\.ht[^/]*$", fail: 403 }] : []),
    ...closed.map(({ regex }) => ({ regex, fail: 403 })),
  ];
}

const PARTLY = "what names or patterns tell is closed to everybody until you write a route for it that says who may";
