import type { HandlerConfig, RouteConfig, RuleConfig, SiteConfig } from "./route-model.ts";

/** Every handler of a site: of its routes and those in them, of rules, and within `try`. */
export function handlersOf(site: SiteConfig): readonly HandlerConfig[] {
  return [...handlersOfRules(site.rules), ...site.routes.flatMap(handlersOfRoute)];
}

/** The apps that some request of the sites may reach. */
export function usedApps(sites: readonly SiteConfig[]): ReadonlySet<string> {
  return new Set(sites.flatMap(handlersOf).flatMap((handler) => (handler.kind === "app" ? [handler.app] : [])));
}

function handlersOfRoute(route: RouteConfig): readonly HandlerConfig[] {
  return [...within(route.handler), ...handlersOfRules(route.rules), ...route.routes.flatMap(handlersOfRoute)];
}

function handlersOfRules(rules: readonly RuleConfig[]): readonly HandlerConfig[] {
  return rules.flatMap((rule) =>
    rule.kind === "when"
      ? [...handlersOfRules(rule.rules), ...(rule.route === null ? [] : handlersOfRoute(rule.route))]
      : [],
  );
}

function within(handler: HandlerConfig): readonly HandlerConfig[] {
  return handler.kind === "try" ? [handler, ...within(handler.found), ...within(handler.otherwise)] : [handler];
}
