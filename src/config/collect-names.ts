import type { ConditionSettings } from "./condition-schema.ts";
import { capturesOf } from "./pattern-check.ts";
import type { RouteSettings, RuleSettings } from "./route-schema.ts";
import type { Settings } from "./schema.ts";
import type { SiteSettings } from "./site-schema.ts";

/** What gives names to templates: regular expressions with their groups, and rules that set. */
interface Found {
  readonly patterns: string[];
  readonly set: string[];
}

/** Every name that some request may have a value for, besides its own variables. */
export function templateNames(settings: Pick<Settings, "sites" | "variables">): ReadonlySet<string> {
  const found: Found = { patterns: [], set: [] };
  for (const site of settings.sites ?? []) addSite(site, found);
  for (const { patterns } of Object.values(settings.variables ?? {}))
    found.patterns.push(...(patterns ?? []).map(({ match }) => match));
  const captured = found.patterns.flatMap((pattern) => capturesOf(pattern).names);
  return new Set([...Object.keys(settings.variables ?? {}), ...found.set, ...captured]);
}

/** The most groups that a pattern anywhere in the site has: those of its hosts, rules and routes. */
export function capturesOfSite(site: SiteSettings): number {
  const found: Found = { patterns: [], set: [] };
  addSite(site, found);
  return most(found);
}

/** The most groups of what is matched before any route of the site is. */
export function capturesBeforeRoutes(site: SiteSettings): number {
  const found: Found = { patterns: [], set: [] };
  addSite({ ...site, routes: [] }, found);
  return most(found);
}

/** The most groups of what is matched on the way into a route and in its rules. */
export function capturesOfRoute(route: RouteSettings): number {
  const found: Found = { patterns: [], set: [] };
  addRoute({ ...route, routes: [] }, found);
  return most(found);
}

/** The names of a site's routes, nested ones too. */
export function routeNames(routes: readonly RouteSettings[]): readonly string[] {
  return routes.flatMap((route) => [
    ...(route.name === undefined ? [] : [bareName(route.name)]),
    ...routeNames(route.routes ?? []),
  ]);
}

/** A route's name without the `@` that may stand before it. */
export function bareName(name: string): string {
  return name.startsWith("@") ? name.slice(1) : name;
}

function most({ patterns }: Found): number {
  return Math.max(0, ...patterns.map((pattern) => capturesOf(pattern).count));
}

function addSite(site: SiteSettings, found: Found): void {
  for (const host of site.hosts ?? []) if (host.startsWith("~")) found.patterns.push(host.slice(1));
  for (const rule of site.rules ?? []) addRule(rule, found);
  addAuth(site.auth, found);
  for (const route of site.routes) addRoute(route, found);
}

function addAuth(auth: RouteSettings["auth"], found: Found): void {
  if (auth !== undefined && auth !== false) found.set.push(...Object.keys(auth.forward?.set ?? {}));
}

function addRoute(route: RouteSettings, found: Found): void {
  addAuth(route.auth, found);
  if (route.regex !== undefined) found.patterns.push(route.regex);
  for (const condition of route.when ?? []) addCondition(condition, found);
  for (const rule of route.rules ?? []) addRule(rule, found);
  for (const nested of route.routes ?? []) addRoute(nested, found);
}

function addRule(rule: RuleSettings, found: Found): void {
  if (rule.rewrite !== undefined) found.patterns.push(rule.rewrite);
  if (rule.set !== undefined) found.set.push(rule.set);
  if (rule.when !== undefined) addCondition(rule.when, found);
  for (const nested of rule.rules ?? []) addRule(nested, found);
  if (rule.route !== undefined) addRoute(rule.route, found);
}

function addCondition({ matches }: ConditionSettings, found: Found): void {
  if (matches !== undefined) found.patterns.push(matches);
}
