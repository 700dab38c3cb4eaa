import { approximated, type Outcome, undecided } from "../ledger.ts";

/** How long files may be kept, by the beginning of their path; empty: all of them. */
export interface StaticExpiry {
  readonly prefix: string;
  readonly seconds: number;
}

/**
 * Reads `PATTERN SECONDS` of `static-expires` and its kin. A pattern that any path matches (`/*`, `.*`) is one for all files, and one
 * that is the beginning of a path (`^/static/`) for those under it.
 *
 * @param byPath whether the pattern is of the request's path, not of the file's
 */
export function readExpiry(value: string, byPath: boolean, into: StaticExpiry[]): Outcome {
  const match = /^(\S+)\s+(\d+)/.exec(value.trim());
  if (match === null) return undecided("it has no pattern and seconds");
  const [, pattern, seconds] = match;
  const start = byPath ? /^\^(\/[\w/-]*)(?:\.\*\$?|\.\+\$?|\*)?$/.exec(pattern!)?.[1] : undefined;
  const prefix = matchesAll(pattern!) ? "" : start;
  if (prefix === undefined) return undecided("write `expires` at the site's static route that the pattern is for");
  into.push({ prefix, seconds: Number(seconds) });
  return approximated("it is `expires` of the static routes, which sends Cache-Control besides");
}

/** A pattern that fits everywhere fits an empty text, unless it says that nothing else may be there. */
function matchesAll(pattern: string): boolean {
  if (/^\^?\.[*+]\$?$/.test(pattern)) return true;
  return /^(?:\/|\\\/)?\*$/.test(pattern) || pattern === "/";
}
