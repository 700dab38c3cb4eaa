import type { Plain } from "../tree.ts";
import { expressionConditions } from "./expression.ts";
import { readPattern, withNames, withoutGroups } from "./pattern.ts";
import { conditionGroup, type RewriteNames, rewriteText } from "./rewrite-text.ts";

/** `RewriteCond`: conditions of which one has to hold, each a list of which all have to; null: it can't be said. */
export function readCondition(
  [test = "", written = "", flags = ""]: readonly string[],
  names: RewriteNames,
  /** Whether something refers to its groups. */
  captures: boolean,
): readonly (readonly Plain[])[] | null {
  if (test === "expr") return expressionConditions(written, names);
  const not = written.startsWith("!");
  const negated: Plain = not ? { not: true } : {};
  const bare = not ? written.slice(1) : written;
  const one = (condition: Plain): readonly (readonly Plain[])[] => [[{ ...condition, ...negated }]];
  if (test === "%{HTTPS}" || test === "%{REQUEST_SCHEME}") {
    const secure = test === "%{HTTPS}" ? "on" : "https";
    const plain = test === "%{HTTPS}" ? "off" : "http";
    const holds = comparison(bare, flags);
    if (holds === null) return null;
    const [whenSecure, whenPlain] = [holds(secure), holds(plain)];
    if (whenSecure === whenPlain) return one({ value: "{scheme}", matches: whenSecure ? "^" : "^$" });
    return one({ value: "{scheme}", equals: whenSecure ? "https" : "http" });
  }
  const value = rewriteText(test, names);
  if (value === null) return null;
  const file = FILES[bare];
  if (file !== undefined) return one({ [file]: value });
  const number = /^-(eq|ne)\s*(\d+)$/.exec(bare);
  if (number !== null)
    return [[{ value, matches: `^0*${number[2]}$`, ...((number[1] === "ne") !== not ? { not: true } : {}) }]];
  if (/^-(?:[a-zA-Z]{1,2})\b|^[<>]/.test(bare)) return null;
  const ignoreCase = isFlag(flags, /^(?:NC|nocase)$/i) ? { ignore_case: true } : {};
  if (bare.startsWith("=")) {
    const text = bare.slice(1).replace(/^"(.*)"$/, "$1");
    const plain = text.replace(/\{(\w+)\}/g, "{{$1}}");
    if (isFlag(flags, /^(?:NC|nocase)$/i) && /[a-z]/i.test(text))
      return one({ value, matches: `^${text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}$`, ignore_case: true });
    return one({ value, equals: plain });
  }
  const read = readPattern(bare);
  if (read === null) return null;
  const matches =
    captures && !not ? withNames(read.regex, (group) => conditionGroup(String(group))) : withoutGroups(read.regex);
  const back = /\\[1-9]/.test(read.regex);
  return one({
    value,
    matches: back ? read.regex : matches,
    ...(read.ignore_case ? { ignore_case: true } : ignoreCase),
  });
}

/** Whether one of the flags in brackets is of this kind. */
export function isFlag(flags: string, kind: RegExp): boolean {
  return flags
    .replace(/^\[|\]$/g, "")
    .split(",")
    .some((flag) => kind.test(flag.trim()));
}

// --- internal ---

const FILES: Readonly<Record<string, string>> = {
  "-f": "file",
  "-F": "file",
  "-s": "file",
  "-d": "directory",
  "-e": "exists",
  "-x": "executable",
};

/** What a text has to be to fit; null: a pattern that we can't read. */
function comparison(pattern: string, flags: string): ((text: string) => boolean) | null {
  if (pattern.startsWith("=")) return (text) => text === pattern.slice(1).replace(/^"(.*)"$/, "$1");
  const read = readPattern(pattern);
  if (read === null) return null;
  const insensitive = read.ignore_case === true || isFlag(flags, /^(?:NC|nocase)$/i);
  const expression = new RegExp(read.regex, insensitive ? "i" : "");
  return (text) => expression.test(text);
}
