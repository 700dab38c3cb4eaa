import { ProblemList, PropylonError } from "../base/errors.ts";
import { describePath } from "./problems.ts";
import { describeOrigin, type Path, type Sourced, valueAt, withValue } from "./sourced.ts";

/**
 * The document with one setting from the environment or a flag. Throws where the way leads through a short form
 * (`access_log: -` and `access_log.format`), which would silently lose what the short form says.
 */
export function overlay(document: Sourced, path: Path, node: Sourced): Sourced {
  for (let length = 1; length < path.length; length++) {
    const above = valueAt(document, path.slice(0, length));
    if (above?.kind !== "scalar" || above.value === null) continue;
    const name = describePath(path.slice(0, length));
    throw new ProblemList([
      new PropylonError("user", `${describePath(path)} can't be set, because ${name} is one value and not a section`, {
        place: node.origin.place,
        remedy: `write ${name} as a section; it is at ${describeOrigin(above.origin)}`,
      }),
    ]);
  }
  return withValue(document, path, node);
}
