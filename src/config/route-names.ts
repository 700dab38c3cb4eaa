import { didYouMean } from "../base/did-you-mean.ts";
import type { RouteContext } from "./route-context.ts";
import type { Path } from "./sourced.ts";
import { plainText } from "./template.ts";
import { checkTemplate } from "./template-check.ts";

/** Adds a problem for a name that no route of the site has. */
export function checkRouteName(
  name: string,
  at: Path,
  { routeNames, site, problems }: Pick<RouteContext, "routeNames" | "site" | "problems">,
): void {
  if (routeNames.has(name)) return;
  const known =
    routeNames.size === 0 ? "no route of this site has a name" : `the names are ${[...routeNames].join(", ")}`;
  problems.error(at, `there is no route named "${name}" in this site`, {
    remedy: didYouMean(name, routeNames) ?? known,
    with: [[...site, "routes"]],
  });
}

/** Checks where `goto` leads: `@name` of a route, or a path. Returns it. */
export function checkGoto(to: string, at: Path, context: RouteContext): string {
  checkTemplate(to, at, context);
  if (to.startsWith("@")) {
    const name = plainText(to.slice(1));
    if (name !== null) checkRouteName(name, at, context);
  } else if (!/^[/{]/.test(to)) {
    const remedy = context.routeNames.has(to)
      ? `write "@${to}" for the route of that name`
      : `write "/${to}" or "@name"`;
    context.problems.error(at, `"${to}" is neither a path nor the name of a route`, { remedy });
  }
  return to;
}
