import type { Plain } from "../tree.ts";
import { accessOf } from "./access.ts";
import { folderRules } from "./folder-rewrites.ts";
import { fileOptions, type OptionsDraft, routeOptions, siteOptions } from "./options.ts";
import { withoutGroups } from "./pattern.ts";
import { FORWARDED_HEADERS, type ProxyRule } from "./proxy.ts";
import { RewriteMaps } from "./rewrite-map.ts";
import type { RouteContext } from "./route-context.ts";
import type { AliasRule, Scope, ScriptAlias } from "./scope.ts";
import { handledEndings, handledFiles, scriptsOf } from "./scripts.ts";
import { isUnder, optionsOf, type Standing, sectionsFor } from "./sections.ts";
import { environmentRules, finishProxy, namesFor, proxyTimes, serverRewrites, unless } from "./server-rewrites.ts";
import { variantsOf } from "./variants.ts";

/** A route as it is built: what it matches and answers, and where it stands in URLs and on the disk. */
interface Draft {
  readonly url: string;
  /** null: no file or folder of its own. */
  readonly file: string | null;
  readonly match: Plain;
  readonly kind: "static" | "app" | "proxy";
  readonly handler: Plain;
}

/** What answers at a server or virtual host. */
export interface ServerRoutes {
  /** Options of the site. */
  readonly options: Plain;
  readonly rules: readonly Plain[];
  readonly routes: readonly Plain[];
}

/**
 * The routes of a server, in the order in which Apache's modules take requests: rewrites, proxies, redirects, aliases, WSGI
 * scripts, the document root. What `<Directory>` and `<Location>` say stands at the routes that they cover; where they cover
 * only a part, that part is a route of its own before.
 */
export function routesOf(written: Scope, context: RouteContext): ServerRoutes {
  const scope = { ...written, scripts: [...scriptsOf(written, context.machine)] };
  const environment = environmentRules(scope, context);
  const rewritten = serverRewrites(scope, context);
  const kept = scope.proxies
    .filter(
      ({ path, proxy, regex }, index) =>
        proxy === null &&
        regex === null &&
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
  const proxies = scope.proxies.flatMap((rule, index) => {
    const passed = scope.proxies.slice(0, index).filter(({ proxy, regex }) => proxy === null && regex !== null);
    return rule.proxy === null ? [] : [proxyDraft(rule, rule.proxy, passed, scope)];
  });
  const before = [...early, ...unproxied, ...proxies];
  const after = [...aliases.filter((draft) => !early.includes(draft)), ...scripts, ...root];
  const finish = (draft: Draft): Plain[] => [
    ...handledRoutes(draft, scope, context),
    ...parts(draft, scope, context),
    ...routeOf(draft, scope, context),
  ];
  const others = [
    ...before.flatMap(finish),
    ...scope.redirects.flatMap((route) => guarded(route, scope, context)),
    ...after.filter((draft) => !root.includes(draft)).flatMap(finish),
  ];
  const { filesOnly } = rewritten;
  const routes = [
    ...rewritten.routes.flatMap((route) => finishRewritten(route, scope, context)),
    ...(filesOnly === null ? others : others.map((route) => unless(route, filesOnly))),
    ...root.flatMap(finish),
  ];
  const files = [...before, ...after].some(({ kind }) => kind === "static");
  const rules = [...environment, ...rewritten.rules];
  // Apache's own configuration everywhere keeps its own files to itself.
  const drafts = scope.options === context.server ? [context.server] : [context.server, scope.options];
  const options = siteOptions(drafts, context);
  const texts = [...context.errorTexts].map(([name, { status, text }]) => ({
    name,
    named_only: true,
    respond: { status, body: text, headers: { "Content-Type": "text/html; charset=iso-8859-1" } },
  }));
  return { options, rules, routes: [...(files ? [{ regex: "/\\.ht[^/]*$", fail: 403 }] : []), ...routes, ...texts] };
}

// --- internal ---

/** A route that a rule leads to, with what the server says of its proxies and files. */
function finishRewritten(route: Plain, scope: Scope, context: RouteContext): readonly Plain[] {
  const written = route["static"] as Plain | undefined;
  const file = written === undefined ? null : `${written["root"] as string}/`;
  const kind = written === undefined ? "proxy" : "static";
  const to = written === undefined ? String((route["proxy"] as Plain)["to"]) : null;
  return variantsOf(sectionsFor(scope, context.server, { kind, url: "/", file, to }), (drafts, truths) => {
    const options = routeOptions(drafts, truths, context, written !== undefined);
    return written === undefined
      ? finishProxy(route, scope, options)
      : { ...route, static: { ...written, ...fileOptions(drafts) }, ...options };
  });
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
    machine.isFile(alias.target) ||
    (!/\/$/.test(alias.target) && /\.\w{1,5}$/.test(path) && /\.\w{1,5}$/.test(alias.target));
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
  const app = context.app(
    script,
    optionsOf(sectionsFor(scope, context.server, { kind: "app", url, file: script.target, to: null })),
  );
  const mount = url.replace(/\/+$/, "");
  const match = "path" in script.match ? matchOf(url) : script.match;
  return { url, file: script.target, match, kind: "app", handler: { app, ...(mount === "" ? {} : { mount }) } };
}

/** The document root, unless a script answers for everything. */
function rootDraft({ documentRoot }: Scope, scripts: readonly Draft[]): readonly Draft[] {
  if (documentRoot === null || scripts.some(({ url, match }) => url === "/" && match["regex"] === undefined)) return [];
  return [{ url: "/", file: documentRoot, match: {}, kind: "static", handler: { static: { root: documentRoot } } }];
}

/** `passed`: patterns of paths that are not proxied. */
function proxyDraft({ path, url, regex }: ProxyRule, proxy: Plain, passed: readonly ProxyRule[], scope: Scope): Draft {
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
    match: {
      ...(regex === null ? matchOf(path) : { regex }),
      ...(passed.length === 0
        ? {}
        : { when: passed.map((rule) => ({ value: "{uri}", matches: withoutGroups(rule.regex!), not: true })) }),
    },
    kind: "proxy",
    handler: { proxy: { ...proxyTimes(scope), ...proxy, host, redirects } },
  };
}

function matchOf(path: string): Plain {
  return path === "/" ? {} : { path };
}

function standing({ kind, url, file, handler }: Draft): Standing {
  const to = kind === "proxy" ? proxied(handler["proxy"] as Plain) : null;
  return { kind, url, file, to };
}

/** The URL that is proxied to, without the rest of a request's. */
function proxied({ to, path }: Plain): string {
  return `${String(to)}${path === undefined ? "" : String(path)}`;
}

function routeOf(draft: Draft, scope: Scope, context: RouteContext): readonly Plain[] {
  return variantsOf(sectionsFor(scope, context.server, standing(draft)), (drafts, truths) =>
    oneRoute(draft, drafts, truths, scope, context),
  );
}

function oneRoute(
  draft: Draft,
  drafts: readonly OptionsDraft[],
  truths: ReadonlySet<string>,
  scope: Scope,
  context: RouteContext,
): Plain {
  const options = routeOptions(drafts, truths, context, draft.kind === "static");
  const { problem } = accessOf(
    drafts.map(({ access }) => access),
    truths,
  );
  for (const line of problem?.lines ?? []) context.undecided(line, problem!.note);
  if (draft.kind === "static") {
    const written = draft.handler["static"] as Plain;
    const rules =
      draft.match["regex"] === undefined ? [...rulesOf(draft, scope, context), ...fallbackRules(drafts)] : [];
    return {
      ...draft.match,
      ...(rules.length === 0 ? {} : { rules }),
      static: {
        ...written,
        ...fileOptions(drafts),
        // Sections and rules see the index file of a folder, and a folder without one is 403.
        ...(draft.match["exact"] === undefined && draft.match["regex"] === undefined ? { index_goto: true } : {}),
      },
      ...options,
    };
  }
  const headers = (options["request_headers"] ?? {}) as Plain;
  if (draft.kind === "proxy") {
    const set = { ...FORWARDED_HEADERS, ...(headers["set"] as Plain | undefined) };
    return { ...draft.match, ...draft.handler, ...options, request_headers: { ...headers, set } };
  }
  const environ = withScheme(Object.assign({}, ...drafts.map((each) => each.environ)) as Plain, context.variables);
  const authorized = drafts.map(({ wsgi }) => wsgi.authorization).findLast((flag) => flag !== null) ?? false;
  const removed = [...((headers["remove"] as string[] | undefined) ?? []), "Authorization"];
  return {
    ...draft.match,
    ...draft.handler,
    ...options,
    ...(Object.keys(environ).length === 0 ? {} : { environ }),
    ...(authorized ? {} : { request_headers: { ...headers, remove: removed } }),
  };
}

/** HTTPS of the environment is the scheme that the app is told, as with mod_wsgi. */
function withScheme({ HTTPS: secure, ...environ }: Plain, variables: Plain): Plain {
  if (typeof secure !== "string") return environ;
  const fixed = /^(?:on|1)$/i.test(secure) ? "https" : "{scheme}";
  if (!secure.startsWith("{")) return { ...environ, "wsgi.url_scheme": fixed };
  variables["app_scheme"] = { from: secure, values: { on: "https", "1": "https" }, default: "{scheme}" };
  return { ...environ, "wsgi.url_scheme": "{app_scheme}" };
}

/** FallbackResource: what answers where there is neither a file nor a folder. */
function fallbackRules(drafts: readonly OptionsDraft[]): readonly Plain[] {
  const to = drafts.map(({ fallback }) => fallback).findLast((path) => path !== null) ?? "";
  if (to === "") return [];
  const rewrite = { rewrite: "^", to, flag: "last" };
  return [{ when: { exists: "{request_filename}", not: true }, rules: [rewrite] }];
}

function rulesOf(draft: Draft, scope: Scope, context: RouteContext): readonly Plain[] {
  const { machine, ledger, variables } = context;
  const areas = scope.directories
    .filter(({ covers }) => covers(draft.file!))
    .sort((a, b) => (a.path?.length ?? 0) - (b.path?.length ?? 0));
  return folderRules(
    areas,
    scope,
    { url: draft.url, file: draft.file! },
    {
      ledger,
      maps: new RewriteMaps(scope.maps, machine, variables),
      fresh: namesFor(),
      isDirectory: (path) => machine.isDirectory(path),
    },
  );
}

/** Files of a folder that a handler runs, and a refusal for those that came later. */
function handledRoutes(draft: Draft, scope: Scope, context: RouteContext): readonly Plain[] {
  if (draft.kind !== "static" || draft.file === null || draft.match["exact"] !== undefined) return [];
  if (draft.match["regex"] !== undefined) return [];
  const at = { url: draft.url, folder: draft.file };
  const found = handledFiles(scope, context.server, context.machine, at).flatMap(
    ({ url, file, handler, runs }): readonly Plain[] => {
      if (!runs) return [{ path: url, fail: 403 }];
      if (handler === "cgi-script") return guarded({ path: url, cgi: { script: file } }, scope, context);
      const script = { match: { path: url }, target: file, group: null, callable: null, place: { file }, name: "" };
      return routeOf(scriptDraft(script, scope, context), scope, context);
    },
  );
  const endings = handledEndings(scope, context.server, at);
  return [...found, ...endings.map((when) => ({ ...matchOf(draft.url), when: [when], fail: 403 }))];
}

/** Programs of CGI are held to who may come in to their folder and place. */
function guarded(route: Plain, scope: Scope, context: RouteContext): readonly Plain[] {
  const cgi = route["cgi"] as { root?: string; script?: string } | undefined;
  if (cgi === undefined) return [route];
  const at: Standing = { kind: "static", url: String(route["path"]), file: cgi.root ?? cgi.script ?? null, to: null };
  return variantsOf(sectionsFor(scope, context.server, at), (drafts, truths) => {
    const { settings, problem } = accessOf(
      drafts.map(({ access }) => access),
      truths,
    );
    for (const line of problem?.lines ?? []) context.undecided(line, problem!.note);
    return { ...route, ...settings };
  });
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
  return [...found.values()]
    .sort((a, b) => b.url.length - a.url.length)
    .flatMap((part) => routeOf(part, scope, context));
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
    const strip = proxy["path"] === undefined ? {} : { strip: proxy["strip"] ?? `${draft.url.replace(/\/+$/, "")}/` };
    const when = draft.match["when"] === undefined ? {} : { when: draft.match["when"] };
    return { ...draft, url, match: { ...match, ...when }, handler: { proxy: { ...proxy, ...strip } } };
  }
  return { ...draft, url, match };
}

/** What answers for a path that is not proxied: the first that would without the proxies. */
function without(path: string, drafts: readonly Draft[]): readonly Draft[] {
  const found = drafts.find(({ url, match }) => match["regex"] === undefined && isUnder(path, url));
  return found === undefined ? [] : [strictlyUnder(path, found.url) ? below(found, path) : found];
}
