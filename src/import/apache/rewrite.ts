import { approximated, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import { rewriteTemplate } from "./template.ts";

/** A `RewriteCond` that waits for its rule. */
export interface RewriteCondition {
  readonly test: string;
  readonly pattern: string;
  readonly flags: string;
}

export interface RewriteResult {
  readonly outcome: Outcome;
  /** Answers at once, before everything else. */
  readonly route: Plain | null;
  /** Changes the path for what follows. */
  readonly rule: Plain | null;
}

const REDIRECTS: Readonly<Record<string, number>> = { permanent: 301, temp: 302, seeother: 303 };

/** One `RewriteRule` of a server or virtual host with the conditions before it. */
export function readRewrite(
  args: readonly string[],
  conditions: readonly RewriteCondition[],
  documentRoot: string,
): RewriteResult {
  const nothing = (outcome: Outcome): RewriteResult => ({ outcome, route: null, rule: null });
  const [written = "", target = "", flagText = ""] = args;
  const flags = flagText
    .replace(/^\[|\]$/g, "")
    .split(",")
    .map((flag) => flag.trim());
  const has = (...names: readonly string[]): boolean =>
    flags.some((flag) => names.includes(flag.split("=")[0]!.toUpperCase()));
  const when = readConditions(conditions, documentRoot);
  if (when === null)
    return nothing(undecided("its conditions have no counterpart: write a route with `when`, or leave it to the app"));
  const negative = written.startsWith("!");
  const read = readPattern(negative ? written.slice(1) : written);
  if (read === null) return nothing(undecided(`"${written}" is no pattern that we can read`));
  const pattern = read.regex;
  const ignoreCase = has("NC", "NOCASE") || read.ignore_case === true;
  const match = negative
    ? { when: [...when, { value: "{uri}", matches: pattern, not: true, ...(ignoreCase ? { ignore_case: true } : {}) }] }
    : {
        ...(/^(?:\^|\.\*|\^?\(?\.\*\)?\$?)$/.test(pattern) && !/[{$%]1/.test(target)
          ? {}
          : { regex: pattern, ...(ignoreCase ? { ignore_case: true } : {}) }),
        ...(when.length === 0 ? {} : { when }),
      };
  if (has("F", "FORBIDDEN")) return { outcome: mapped(), route: { ...match, fail: 403 }, rule: null };
  if (has("G", "GONE")) return { outcome: mapped(), route: { ...match, fail: 410 }, rule: null };
  if (target === "-") return nothing(approximated("it changes nothing, and what its flags say has no counterpart"));
  const to = rewriteTemplate(target, documentRoot);
  if (to === null) return nothing(undecided("its target has no counterpart: write a redirect or a route by hand"));
  if (has("P", "PROXY")) {
    const url = /^([a-z]+:\/\/[^/]+)(\/[\s\S]*)?$/.exec(to);
    if (url === null) return nothing(undecided("it proxies to no URL"));
    const proxy = { to: url[1]!, path: url[2] ?? "/", strip: "all", forwarded: false, redirects: false };
    return { outcome: mapped(), route: { ...match, proxy }, rule: null };
  }
  const redirect = flags.find((flag) => /^R(?:EDIRECT)?(?:=|$)/i.test(flag));
  if (redirect !== undefined || /^https?:\/\//.test(to)) {
    const word = redirect?.split("=")[1]?.toLowerCase() ?? "302";
    const status = REDIRECTS[word] ?? Number(word);
    if (![301, 302, 303, 307, 308].includes(status))
      return nothing(undecided(`a redirect can't have the status ${word}`));
    const own = to.includes("?");
    const query = has("QSD") || (own && !has("QSA")) ? "" : own ? "&{args}" : "{is_args}{args}";
    const absolute = to.replace(/^(https?:\/\/)\{http_host\}/, "$1{http_host}").replace(/\?$/, "");
    return { outcome: mapped(), route: { ...match, redirect: { to: `${absolute}${query}`, status } }, rule: null };
  }
  if (negative || !to.startsWith("/")) return nothing(undecided("it leads to no path: write a route by hand"));
  const rule: Plain = {
    rewrite: pattern,
    ...(ignoreCase ? { ignore_case: true } : {}),
    to: to.includes("?") && !has("QSA") ? `${to}?` : to,
    flag: has("L", "LAST", "END", "PT") ? "break" : "continue",
  };
  return {
    outcome: approximated("rewritten paths are looked up after redirects"),
    route: null,
    rule: when.reduceRight<Plain>((inner, condition) => ({ when: condition, rules: [inner] }), rule),
  };
}

/** A pattern of Apache's as ours, `(?i)` in front as a setting beside it; null: one that JavaScript does not know. */
export function readPattern(text: string): { readonly regex: string; readonly ignore_case?: true } | null {
  const regex = text.replace(/^(\^?)\(\?i\)/, "$1");
  if (!isRegex(regex)) return null;
  return regex === text ? { regex } : { regex, ignore_case: true };
}

// --- internal ---

function isRegex(pattern: string): boolean {
  try {
    new RegExp(pattern);
    return true;
  } catch {
    return false;
  }
}

/** All conditions as a list that has to hold, or null where one can't be said. */
function readConditions(conditions: readonly RewriteCondition[], documentRoot: string): readonly Plain[] | null {
  const result: Plain[] = [];
  let alternatives: string[] = [];
  for (const [index, condition] of conditions.entries()) {
    const or = /\bOR\b|ornext/i.test(condition.flags);
    const next = conditions[index + 1];
    const positive = !/^[!=<>-]/.test(condition.pattern);
    if (or || alternatives.length > 0) {
      // Alternatives for the same text are one pattern; others can't be said.
      if (!positive || (or && (next === undefined || next.test !== condition.test))) return null;
      alternatives.push(`(?:${condition.pattern})`);
      if (or) continue;
    }
    const pattern = alternatives.length > 0 ? alternatives.join("|") : condition.pattern;
    alternatives = [];
    const read = readCondition({ ...condition, pattern }, documentRoot);
    if (read === null) return null;
    result.push(read);
  }
  return result;
}

function readCondition({ test, pattern, flags }: RewriteCondition, documentRoot: string): Plain | null {
  const not = pattern.startsWith("!");
  const bare = not ? pattern.slice(1) : pattern;
  const negated = not ? { not: true } : {};
  const value = rewriteTemplate(test, documentRoot);
  if (test === "%{HTTPS}") {
    const secure = /on/i.test(bare) !== not;
    return { value: "{scheme}", equals: "https", ...(secure ? {} : { not: true }) };
  }
  if (value === null) return null;
  const file = { "-f": "file", "-s": "file", "-d": "directory", "-e": "exists", "-x": "executable" }[bare];
  if (file !== undefined) return { [file]: value, ...negated };
  if (/^[-<>]/.test(bare)) return null;
  const ignoreCase = /\bNC\b|nocase/i.test(flags) ? { ignore_case: true } : {};
  if (bare.startsWith("=")) return { value, equals: bare.slice(1).replace(/^"(.*)"$/, "$1"), ...negated };
  return isRegex(bare) ? { value, matches: bare, ...ignoreCase, ...negated } : null;
}
