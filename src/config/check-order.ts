import type { Problems } from "./problems.ts";
import type { RouteSettings } from "./route-schema.ts";
import type { Path } from "./sourced.ts";

/**
 * What is wrong with routes beside each other: in the written order a warning for one that another before it leaves nothing
 * to, with `order: nginx` an error for the same location twice, between which there would be no choice.
 */
export function checkOrder(
  routes: readonly RouteSettings[],
  order: "written" | "nginx",
  at: Path,
  problems: Problems,
): void {
  if (order === "written") warnOfUnreached(routes, at, problems);
  else refuseTwins(routes, at, problems);
}

function warnOfUnreached(routes: readonly RouteSettings[], at: Path, problems: Problems): void {
  const first = routes.findIndex((route) => isOpen(route) && takesEveryPath(route));
  if (first < 0) return;
  const place = problems.placeOf([...at, first]);
  for (const [index, route] of routes.entries()) {
    if (index > first && route.name === undefined)
      problems.warn([...at, index], "no request gets to this route: one before it takes them all", {
        remedy: `move it before the one at ${place}`,
        with: matchesAt([...at, first]),
      });
  }
}

function refuseTwins(routes: readonly RouteSettings[], at: Path, problems: Problems): void {
  const seen = new Map<string, number>();
  for (const [index, route] of routes.entries()) {
    const location = locationOf(route);
    if (location === null || !isOpen(route)) continue;
    const first = seen.get(location);
    if (first === undefined) seen.set(location, index);
    else
      problems.error([...at, index], `another route is for ${location} as well`, {
        remedy: `it is at ${problems.placeOf([...at, first])}; narrow one of them by methods or when`,
        with: [...matchesAt([...at, first]), ...matchesAt([...at, index])],
      });
  }
}

/** Whether nothing but its path narrows a route. */
function isOpen({ methods, when, named_only }: RouteSettings): boolean {
  return methods === undefined && when === undefined && named_only !== true;
}

function takesEveryPath({ path, prefix, exact, regex }: RouteSettings): boolean {
  return exact === undefined && regex === undefined && (path ?? "/") === "/" && (prefix ?? "/") === "/";
}

/** What NGINX compares locations by; regular expressions are tried in order, so each of them is its own. */
function locationOf({ path, prefix, exact, regex }: RouteSettings): string | null {
  if (exact !== undefined) return `exactly ${exact}`;
  return regex === undefined ? (path ?? prefix ?? "/") : null;
}

/** Where it is written what a route takes: a match that was refused leaves one that seems to take everything. */
function matchesAt(at: Path): readonly Path[] {
  return ["path", "prefix", "exact", "regex", "methods", "when"].map((key) => [...at, key]);
}
