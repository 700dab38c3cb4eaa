import { resolve } from "node:path";
import { domainToASCII } from "node:url";
import { didYouMean } from "../base/did-you-mean.ts";
import type { HandlerConfig, RouteConfig, SiteConfig, StaticConfig } from "./model.ts";
import type { ResolveContext } from "./resolve-app.ts";
import type { RouteSettings, SiteSettings, StaticSettings } from "./site-schema.ts";
import type { Path } from "./sourced.ts";
import { isUnsafeRegex } from "./unsafe-regex.ts";

/** A site resolves in the sight of the others' hosts and the names of the apps. */
export interface SiteContext extends ResolveContext {
  readonly apps: ReadonlySet<string>;
  /** Host -> where a site before this one named it. */
  readonly hosts: Map<string, string>;
}

const HANDLERS = ["app", "static", "redirect", "respond"] as const;
const MATCHES = ["path", "exact", "regex"] as const;

/** Framing and connection fields are the server's own. */
const OWN_FIELDS = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

export function resolveSite(settings: SiteSettings, at: Path, context: SiteContext): SiteConfig {
  const hosts = (settings.hosts ?? ["_"]).map((host, index) => resolveHost(host, [...at, "hosts", index], context));
  const routes = settings.routes.flatMap(
    (route, index) => resolveRoute(route, [...at, "routes", index], context) ?? [],
  );
  if (hosts.length === 0)
    context.problems.error([...at, "hosts"], "an empty list names no host", {
      remedy: "leave hosts out to answer for every host",
    });
  return { hosts, routes };
}

function resolveHost(written: string, at: Path, { hosts, problems }: SiteContext): string {
  const lower = written.toLowerCase();
  const wildcard = lower.startsWith("*.") ? "*." : "";
  const name = lower.slice(wildcard.length).replace(/\.$/, "");
  const ascii = name === "_" || name.startsWith("[") ? name : domainToASCII(name);
  if (ascii === "") problems.error(at, `"${written}" is not a host name`);
  const host = wildcard + ascii;
  const before = hosts.get(host);
  if (before !== undefined)
    problems.error(at, `the host "${host}" is named twice`, { remedy: `the first is at ${before}` });
  else hosts.set(host, problems.placeOf(at));
  return host;
}

function resolveRoute(route: RouteSettings, at: Path, context: SiteContext): RouteConfig | null {
  const { problems } = context;
  const matches = MATCHES.filter((key) => route[key] !== undefined);
  if (matches.length > 1)
    problems.error([...at, matches[1]!], `${matches.join(" and ")} exclude each other`, {
      at: "key",
      remedy: "keep one of them",
    });
  const handlers = HANDLERS.filter((key) => route[key] !== undefined);
  if (handlers.length > 1)
    problems.error([...at, handlers[1]!], `a route has one handler, this one has ${handlers.join(" and ")}`, {
      at: "key",
      remedy: "make two routes of it",
    });
  if (handlers.length === 0)
    problems.error(at, "nothing answers this route", { remedy: `give it one of ${HANDLERS.join(", ")}` });
  if (route.mount !== undefined) checkMount(route, route.mount, at, context);
  const handler = resolveHandler(route, at, context);
  const methods = route.methods?.map((method) => method.toUpperCase()) ?? null;
  if (methods?.length === 0)
    problems.error([...at, "methods"], "an empty list takes no request", {
      remedy: "leave methods out to take every method",
    });
  return handler === null ? null : { match: resolveMatch(route, at, context), methods, handler };
}

function resolveMatch(route: RouteSettings, at: Path, { problems }: SiteContext): RouteConfig["match"] {
  if (route.exact !== undefined) return { kind: "exact", path: route.exact };
  if (route.regex !== undefined) {
    checkRegex(route.regex, [...at, "regex"], problems);
    return { kind: "regex", pattern: route.regex };
  }
  const { path } = route;
  if (path === undefined || path === "/") return { kind: "any" };
  return path.endsWith("/") ? { kind: "prefix", path } : { kind: "segments", path };
}

function checkRegex(pattern: string, at: Path, problems: ResolveContext["problems"]): void {
  try {
    new RegExp(pattern);
  } catch (cause) {
    problems.error(
      at,
      `"${pattern}" is not a regular expression: ${cause instanceof Error ? cause.message.replace(/^.*: /, "") : String(cause)}`,
      { cause },
    );
    return;
  }
  if (isUnsafeRegex(pattern)) {
    problems.warn(at, `"${pattern}" repeats what already repeats, so a hostile path could keep it busy for very long`, {
      remedy: "let only one of the two repeat",
    });
  }
}

function checkMount(route: RouteSettings, mount: string, at: Path, { problems }: SiteContext): void {
  if (route.app === undefined) problems.error([...at, "mount"], "only a route to an app has a mount", { at: "key" });
  const base = trimSlash(mount);
  const path = route.path ?? route.exact;
  if (path !== undefined && trimSlash(path) !== base && !path.startsWith(`${base}/`)) {
    problems.error([...at, "mount"], `"${mount}" is not the beginning of the route's path "${path}"`, {
      remedy: `write mount: ${trimSlash(path) || "/"}, or leave it out`,
    });
  } else if (path === undefined && base !== "") {
    problems.error([...at, "mount"], `the route takes every path, so not all begin with "${mount}"`, {
      remedy: `give the route path: ${base}`,
      with: [
        [...at, "path"],
        [...at, "exact"],
      ],
    });
  }
}

function resolveHandler(route: RouteSettings, at: Path, context: SiteContext): HandlerConfig | null {
  if (route.app !== undefined) {
    if (!context.apps.has(route.app)) {
      const known = context.apps.size === 0 ? "no app is configured" : `the apps are ${[...context.apps].join(", ")}`;
      context.problems.error([...at, "app"], `there is no app "${route.app}"`, {
        remedy: didYouMean(route.app, context.apps) ?? known,
      });
    }
    return { kind: "app", app: route.app, mount: trimSlash(route.mount ?? "") };
  }
  if (route.static !== undefined) return resolveStatic(route, route.static, [...at, "static"], context);
  if (route.redirect !== undefined) {
    const { to, status } = route.redirect;
    if (to === "" || /[\s\x00-\x1f\x7f]/.test(to))
      context.problems.error([...at, "redirect"], `"${to}" is not a URL or path`);
    return { kind: "redirect", to, status };
  }
  return route.respond === undefined ? null : resolveRespond(route.respond, [...at, "respond"], context);
}

function resolveStatic(
  route: RouteSettings,
  settings: StaticSettings,
  at: Path,
  { directory, disk, problems }: SiteContext,
): StaticConfig {
  const root = resolve(directory, settings.root);
  if (!disk.isDirectory(root)) problems.error([...at, "root"], `there is no folder ${root}`);
  const strip = settings.strip ?? route.path !== undefined;
  if (strip && route.regex !== undefined)
    problems.error([...at, "strip"], "a regex has no fixed path to remove", { remedy: "use path in place of regex" });
  const own = route.path ?? route.exact ?? "";
  return {
    kind: "static",
    root,
    strip: strip && own !== "/" ? own : "",
    index: settings.index ?? ["index.html"],
    expires: settings.expires === undefined ? null : Math.round(settings.expires / 1000),
    dotfiles: settings.dotfiles,
    symlinks: settings.symlinks,
    precompressed: settings.precompressed,
  };
}

function resolveRespond(
  settings: NonNullable<RouteSettings["respond"]>,
  at: Path,
  { problems }: SiteContext,
): HandlerConfig {
  const headers = Object.entries(settings.headers ?? {}).flatMap(([name, values]) =>
    values.map((value) => [name, value] as const),
  );
  for (const [name] of headers) {
    if (OWN_FIELDS.has(name.toLowerCase()))
      problems.error([...at, "headers", name], "the server writes this field itself", { at: "key" });
  }
  if ((settings.status === 204 || settings.status === 304) && settings.body !== "") {
    problems.error([...at, "body"], `an answer with status ${settings.status} has no body`);
  }
  return { kind: "respond", status: settings.status, body: settings.body, headers };
}

function trimSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}
