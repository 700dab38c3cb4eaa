import { checkOrder } from "./check-order.ts";
import { bareName, capturesOfRoute } from "./collect-names.ts";
import { checkPattern } from "./pattern-check.ts";
import { resolveCondition } from "./resolve-conditions.ts";
import { checkHandlers, HANDLERS, resolveHandler, resolveTry } from "./resolve-handler.ts";
import { resolveOptions } from "./resolve-options.ts";
import { resolveRules } from "./resolve-rules.ts";
import type { OwnPath, RouteContext } from "./route-context.ts";
import type { HandlerConfig, RouteConfig } from "./route-model.ts";
import type { RouteSettings } from "./route-schema.ts";
import type { Path } from "./sourced.ts";

const MATCHES = ["path", "prefix", "exact", "regex"] as const;
const ALL_HANDLERS = [...HANDLERS, "try"] as const;

/** A route, or null where it can't be told what answers it. */
export function resolveRoute(route: RouteSettings, at: Path, around: RouteContext): RouteConfig | null {
  checkMatch(route, at, around);
  const context = { ...around, own: ownPath(route, around.order) };
  return resolveMatched(route, resolveMatch(route, at, around), at, context);
}

/** The route of a rule, which answers in place of the one around it: what it matches is what that one matches. */
function resolveInner(route: RouteSettings, at: Path, context: RouteContext): RouteConfig | null {
  for (const key of [...MATCHES, "name", "named_only", "routes"] as const)
    if (route[key] !== undefined)
      context.problems.error([...at, key], `the route of a rule has no ${key}: the rule says when it answers`, {
        at: "key",
      });
  return resolveMatched({ ...route, routes: undefined }, { kind: "any" }, at, context);
}

function resolveMatched(
  route: RouteSettings,
  match: RouteConfig["match"],
  at: Path,
  around: RouteContext,
): RouteConfig | null {
  const { problems } = around;
  // What leads to a named or internal route may have matched something too.
  const isLedTo = route.name !== undefined || route.internal === true || around.order === "nginx";
  const captures = Math.max(around.captures, isLedTo ? around.siteCaptures : capturesOfRoute(route));
  const scope: RouteContext = { ...around, captures };
  const context: RouteContext = { ...scope, options: resolveOptions(route, at, around.options, scope) };
  const handler = resolveAnswer(route, at, context);
  const methods = route.methods?.map((method) => method.toUpperCase()) ?? null;
  if (methods?.length === 0)
    problems.error([...at, "methods"], "an empty list takes no request", {
      remedy: "leave methods out to take every method",
    });
  // One condition may stand there without a list around it.
  const whens = problems.isList([...at, "when"]);
  const conditions = (route.when ?? []).flatMap(
    (condition, index) => resolveCondition(condition, [...at, "when", ...(whens ? [index] : [])], context) ?? [],
  );
  const rules = resolveRules(route.rules, [...at, "rules"], context, (inner, where) =>
    resolveInner(inner, where, context),
  );
  if (route.routes !== undefined && context.order !== "nginx")
    problems.error([...at, "routes"], "routes in routes are for order: nginx", {
      at: "key",
      remedy: "write them beside this one, the narrower first",
    });
  else checkOrder(route.routes ?? [], context.order, [...at, "routes"], problems);
  const routes = (route.routes ?? []).flatMap(
    (nested, index) => resolveRoute(nested, [...at, "routes", index], context) ?? [],
  );
  if (handler === null) return null;
  return {
    ...context.options,
    name: route.name === undefined ? null : bareName(route.name),
    match,
    methods,
    conditions,
    internal: route.internal ?? false,
    rules,
    handler,
    routes,
  };
}

function checkMatch(route: RouteSettings, at: Path, { order, problems }: RouteContext): void {
  const matches = MATCHES.filter((key) => route[key] !== undefined);
  if (matches.length > 1)
    problems.error([...at, matches[1]!], `${matches.join(" and ")} exclude each other`, {
      at: "key",
      remedy: "keep one of them",
    });
  if (route.named_only === true && matches.length > 0)
    problems.error([...at, "named_only"], `a route that is found by its name alone has no ${matches[0]}`, {
      at: "key",
    });
  if (route.named_only === true && route.name === undefined)
    problems.error([...at, "named_only"], "the route has no name to be found by", {
      at: "key",
      remedy: "give it a name",
    });
  if (route.ignore_case !== undefined && route.regex === undefined)
    problems.error([...at, "ignore_case"], "only a regex has ignore_case", { at: "key" });
  if (route.final === true && (route.prefix === undefined || order !== "nginx"))
    problems.error([...at, "final"], "only a prefix with order: nginx can be final", {
      at: "key",
      remedy: order === "nginx" ? "write prefix" : "put the route before those with a regex",
    });
  for (const key of ["path", "prefix", "exact"] as const) {
    const written = route[key] ?? "";
    if (/%[\da-f]{2}/i.test(written))
      problems.warn([...at, key], `paths are compared decoded, so a request never fits "${written}"`, {
        remedy: "write the characters themselves in place of %XX",
      });
    if (/\/\.{0,2}\//.test(written) || (key !== "prefix" && /\/\.{1,2}$/.test(written)))
      problems.warn([...at, key], `paths are compared without //, . and .., so a request never fits "${written}"`);
  }
}

function resolveMatch(route: RouteSettings, at: Path, { order, problems }: RouteContext): RouteConfig["match"] {
  if (route.named_only === true) return { kind: "none" };
  if (route.exact !== undefined) return { kind: "exact", path: route.exact };
  if (route.regex !== undefined) {
    const pattern = checkPattern(route.regex, [...at, "regex"], "path", problems);
    return { kind: "regex", pattern, ignoreCase: route.ignore_case ?? false };
  }
  if (route.prefix !== undefined) return { kind: "prefix", path: route.prefix, final: route.final ?? false };
  const path = route.path ?? "/";
  // NGINX knows no route for everything but the shortest prefix.
  if (path === "/") return order === "nginx" ? { kind: "prefix", path, final: false } : { kind: "any" };
  return path.endsWith("/") ? { kind: "prefix", path, final: false } : { kind: "segments", path };
}

function ownPath(route: RouteSettings, order: RouteContext["order"]): OwnPath | null {
  if (route.named_only === true || route.regex !== undefined) return null;
  if (route.exact !== undefined) return { path: route.exact, kind: "exact" };
  if (route.prefix !== undefined) return { path: route.prefix, kind: "prefix" };
  const path = route.path ?? "/";
  const isPrefix = path === "/" ? order === "nginx" : path.endsWith("/");
  return { path, kind: isPrefix ? "prefix" : "segments" };
}

function resolveAnswer(route: RouteSettings, at: Path, context: RouteContext): HandlerConfig | null {
  const handlers = ALL_HANDLERS.filter((key) => route[key] !== undefined);
  if (handlers.length === 0 && context.order === "nginx") {
    resolveHandler(route, at, context);
    return { kind: "none" };
  }
  if (!checkHandlers(handlers, at, context, `give it one of ${ALL_HANDLERS.join(", ")}`)) {
    resolveHandler(route, at, context);
    return null;
  }
  const handler = resolveHandler(route, at, context);
  return route.try === undefined || handlers[0] !== "try" ? handler : resolveTry(route.try, [...at, "try"], context);
}
