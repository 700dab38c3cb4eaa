import { rangeProblem } from "./address-range.ts";
import type { Problems } from "./problems.ts";
import type { Path } from "./sourced.ts";

/** Adds a problem for what is not an address, a network or `unix:`; `all` where it may stand. Returns the range. */
export function checkRange(range: string, at: Path, { problems }: { readonly problems: Problems }, all = true): string {
  if (range === "unix:" || (all && range === "all")) return range;
  const problem = rangeProblem(range);
  if (problem !== null)
    problems.error(at, problem, {
      remedy: `write 10.0.0.0/8, 192.0.2.1, 2001:db8::/32${all ? ", unix: or all" : " or unix:"}`,
    });
  return range;
}
