import type { Problems } from "./problems.ts";
import { isRequestVariable } from "./request-variables.ts";
import type { Path } from "./sourced.ts";
import { isUnsafeRegex } from "./unsafe-regex.ts";

/** The groups of a regular expression. */
export interface Captures {
  /** How many there are, named ones counted with the others. */
  readonly count: number;
  readonly names: readonly string[];
}

/**
 * Adds a problem for what is not a JavaScript regular expression, and for a named group that would hide a variable of the
 * request; warns of one that a hostile text could keep busy. Returns the pattern.
 *
 * @param what what it is matched against, for the warning: `path`
 */
export function checkPattern(pattern: string, at: Path, what: string, problems: Problems): string {
  try {
    new RegExp(pattern);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^.*: /, "") : String(cause);
    problems.error(at, `"${pattern}" is not a regular expression: ${reason}`, { cause });
    return pattern;
  }
  const hidden = capturesOf(pattern).names.find(isRequestVariable);
  if (hidden !== undefined)
    problems.error(at, `the group "${hidden}" would hide the request's own variable {${hidden}}`, {
      remedy: "give the group another name",
    });
  if (isUnsafeRegex(pattern)) {
    problems.warn(
      at,
      `"${pattern}" repeats what already repeats, so a hostile ${what} could keep it busy for very long`,
      {
        remedy: "let only one of the two repeat",
      },
    );
  }
  return pattern;
}

/** The groups of a pattern; none where it is no regular expression. */
export function capturesOf(pattern: string): Captures {
  try {
    // With an empty alternative it matches the empty text, and the match has a place for every group.
    const match = new RegExp(`${pattern}|`).exec("");
    return { count: (match?.length ?? 1) - 1, names: Object.keys(match?.groups ?? {}) };
  } catch {
    return { count: 0, names: [] };
  }
}
