import { approximated, type Ledger, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import { behind, readPattern } from "./pattern.ts";
import { FORWARDED_HEADERS, targetOf } from "./proxy.ts";
import { readCondition } from "./rewrite-condition.ts";
import type { RewriteDraft, RewriteLine } from "./rewrite-draft.ts";
import { type RewriteFlags, readFlags } from "./rewrite-flags.ts";
import { environmentVariable, type RewriteNames, rewriteText } from "./rewrite-text.ts";

/** Where rules stand. */
export interface RewritePlace {
  readonly names: RewriteNames;
  /** Rules of a folder see the path behind that of the folder; null: a server. */
  readonly folder: { readonly url: string; readonly base: string } | null;
  readonly ledger: Ledger;
  /** A name that no variable of the configuration has yet. */
  fresh(wanted: string): string;
  isDirectory(path: string): boolean;
  /** Whether something else than files answers for a path. */
  isElsewhere(path: string): boolean;
}

export interface Rewritten {
  readonly rules: readonly Plain[];
  /** What answers in place of everything else, where a rule says so. */
  readonly routes: readonly Plain[];
  /** Names of environment variables that some rule sets. */
  readonly environment: readonly string[];
  /** The variable that says that only files may answer; null: no rule says so. */
  readonly filesOnly: string | null;
}

/**
 * The rules of a server or a folder (mod_rewrite), as rules of a site or a route: a rule is a pattern within its conditions,
 * and what it answers with by a proxy or from another folder is a route that only a variable leads to.
 */
export function rewritesOf({ lines }: RewriteDraft, place: RewritePlace): Rewritten {
  const compiler = new Compiler(place);
  let conditions: RewriteLine[] = [];
  const rules: { readonly rule: RewriteLine; readonly conditions: readonly RewriteLine[] }[] = [];
  for (const line of lines) {
    if (line.kind === "condition") conditions.push(line);
    else {
      rules.push({ rule: line, conditions });
      conditions = [];
    }
  }
  return compiler.compile(rules);
}

// --- internal ---

interface Block {
  readonly rule: RewriteLine;
  readonly conditions: readonly RewriteLine[];
}

class Compiler {
  readonly #place: RewritePlace;
  readonly #routes: Plain[] = [];
  readonly #environment = new Set<string>();
  /** Says which route answers. */
  #chosen: string | null = null;
  #filesOnly = false;

  constructor(place: RewritePlace) {
    this.#place = place;
  }

  compile(blocks: readonly Block[]): Rewritten {
    const rules = this.#list(blocks);
    const reset = this.#chosen === null ? [] : [{ set: this.#chosen, to: "" }];
    return {
      rules: [...reset, ...rules],
      routes: this.#routes,
      environment: [...this.#environment],
      filesOnly: this.#filesOnly ? this.#chosen : null,
    };
  }

  #list(blocks: readonly Block[]): Plain[] {
    const [first, ...rest] = blocks;
    if (first === undefined) return [];
    const flags = readFlags(first.rule.args[2] ?? "");
    if (flags.skip > 0 || flags.chained) {
      // What follows is run, or passed over, by whether this rule was.
      const done = this.#place.fresh(flags.chained ? "chained" : "skipped");
      const count = flags.chained ? chainLength(rest) : flags.skip;
      const own = this.#one(first, flags, [{ set: done, to: "1" }]);
      const inner = this.#list(rest.slice(0, count));
      const held = { value: `{${done}}`, equals: flags.chained ? "1" : "" };
      return [
        { set: done, to: "" },
        ...own,
        ...(inner.length === 0 ? [] : [{ when: held, rules: inner }]),
        ...this.#list(rest.slice(count)),
      ];
    }
    return [...this.#one(first, flags, []), ...this.#list(rest)];
  }

  #one({ rule, conditions }: Block, flags: RewriteFlags, also: readonly Plain[]): Plain[] {
    const say = (outcome: Outcome): Plain[] => {
      this.#place.ledger.say(rule.place, rule.name, outcome);
      return [];
    };
    const [written = "", target = "-"] = rule.args;
    if (flags.unknown.length > 0)
      return say(undecided(`${flags.unknown.join(", ")} has no counterpart: write a route by hand`));
    if (rule.args.length < 2) return say(undecided("it needs a pattern and a substitution"));
    const negative = written.startsWith("!");
    const read = readPattern(negative ? written.slice(1) : written);
    if (read === null) return say(undecided(`"${written}" is no pattern that we can read`));
    const pattern = this.#place.folder === null ? read.regex : behind(this.#place.folder.url, read.regex);
    const ignoreCase = flags.ignoreCase || read.ignore_case === true ? { ignore_case: true } : {};
    const found = { value: "{uri}", matches: pattern, ...ignoreCase };
    const action = this.#action(target, flags, {
      pattern: negative ? "^" : pattern,
      ignoreCase: negative ? {} : ignoreCase,
    });
    if (action === null) return say(undecided("its target has no counterpart: write a redirect or a route by hand"));
    const usesGroups = [target, ...flags.environment, ...conditions.map(({ args }) => args[0] ?? "")].some((text) =>
      /%\d/.test(text),
    );
    const groups = this.#conditions(conditions, usesGroups);
    if (groups === null)
      return say(undecided("its conditions have no counterpart: write a route with `when`, or leave it to the app"));
    const usesPattern = conditions.some(({ args }) => /\$\d/.test(args[0] ?? ""));
    const steps = [...this.#environmentOf(flags), ...also, ...action.steps];
    say(action.note === "" ? mapped() : approximated(action.note));
    if (steps.length === 0) return [];
    const matching = { when: negative ? { ...found, not: true } : found, rules: steps };
    const everything = !negative && /^(?:\^|\.\*|\^?\(?\.\*\)?\$?)$/.test(read.regex) && this.#place.folder === null;
    const usesOwn = /\{\d\}/.test(JSON.stringify(steps));
    const [only] = steps;
    const inner =
      everything && !usesOwn
        ? steps
        : steps.length === 1 && !negative && only!["rewrite"] === pattern
          ? steps
          : [matching];
    const whole = groups.reduceRight<readonly Plain[]>((within, wrap) => wrap(within), inner);
    return usesPattern && !negative ? [{ when: found, rules: whole }] : [...whole];
  }

  /** What wraps a rule so that it runs only where its conditions hold. */
  #conditions(
    lines: readonly RewriteLine[],
    usesGroups: boolean,
  ): readonly ((rules: readonly Plain[]) => readonly Plain[])[] | null {
    const wraps: ((rules: readonly Plain[]) => readonly Plain[])[] = [];
    let ways: (readonly Plain[])[] = [];
    for (const line of lines) {
      const { args } = line;
      const read = readCondition(args, this.#place.names, usesGroups);
      if (read === null) return null;
      ways = [...ways, ...read];
      if (isOr(args[2] ?? "") && line !== lines.at(-1)) continue;
      const alternatives = ways;
      ways = [];
      wraps.push((rules) => this.#either(alternatives, rules));
    }
    return wraps;
  }

  #either(alternatives: readonly (readonly Plain[])[], rules: readonly Plain[]): readonly Plain[] {
    const all = (conditions: readonly Plain[], inner: readonly Plain[]): readonly Plain[] =>
      conditions.reduceRight<readonly Plain[]>((within, when) => [{ when, rules: within }], inner);
    const [first] = alternatives;
    if (first !== undefined && alternatives.length === 1) return all(first, rules);
    const one = joined(alternatives);
    if (one !== null) return [{ when: one, rules }];
    const holds = this.#place.fresh("either");
    return [
      { set: holds, to: "" },
      ...alternatives.flatMap((conditions) => all(conditions, [{ set: holds, to: "1" }])),
      { when: { value: `{${holds}}` }, rules },
    ];
  }

  #environmentOf(flags: RewriteFlags): Plain[] {
    return flags.environment.flatMap((written) => {
      const unset = written.startsWith("!");
      const colon = written.indexOf(":");
      const name = (colon < 0 ? written : written.slice(0, colon)).replace(/^!/, "");
      const value = unset || colon < 0 ? "" : rewriteText(written.slice(colon + 1), this.#place.names);
      if (value === null) return [];
      this.#environment.add(name);
      return [{ set: environmentVariable(name), to: value }];
    });
  }

  #action(
    target: string,
    flags: RewriteFlags,
    match: { readonly pattern: string; readonly ignoreCase: Plain },
  ): { readonly steps: readonly Plain[]; readonly note: string } | null {
    const { names, folder } = this.#place;
    const end = flags.last ? [{ break: true }] : [];
    if (flags.fail !== null) return { steps: [{ return: flags.fail }], note: "" };
    if (target === "-") return { steps: end, note: "" };
    const mark = target.search(/(?<!\\)\?/);
    const [pathText, queryText] = mark < 0 ? [target, null] : [target.slice(0, mark), target.slice(mark + 1)];
    const literal = flags.redirect !== null && !flags.noEscape ? escapedText : undefined;
    const path = rewriteText(pathText, names, literal);
    const query = queryText === null ? null : rewriteText(queryText, names);
    if (path === null || (queryText !== null && query === null)) return null;
    const absolute = /^[a-z][a-z\d+.-]*:\/\//i.test(pathText) || /^unix:/.test(pathText);
    // A substitution that is all variable may be a URL or a path.
    const open = /^\{\w+\}/.test(path) && !/^\{(?:\d|uri)\}/.test(path);
    const full = absolute || path.startsWith("/") || open || path === "{uri}" ? path : this.#relative(path);
    if (full === null) return null;
    if (flags.proxy) return this.#proxied(full, query, flags);
    if (flags.redirect !== null || (absolute && /^(?:https?|wss?|ftp|[a-z]+):/i.test(pathText))) {
      const ends = flags.discards ? "" : this.#query(query, flags);
      const status = flags.redirect ?? 302;
      return { steps: [{ return: status, to: `${full}${ends}` }], note: "" };
    }
    const root = this.#filesOf(full);
    if (root !== null) {
      const route = `${this.#routes.length + 1}`;
      this.#chosen ??= this.#place.fresh("rewritten");
      this.#routes.push({
        when: { value: `{${this.#chosen}}`, equals: route },
        static: { root, file: full, dotfiles: true, symlinks: true, precompressed: false, charset: false },
      });
      return { steps: [{ set: this.#chosen, to: route }, { break: true }], note: "" };
    }
    const drops = flags.discards || (query !== null && !flags.appends);
    const to = `${full}${query === null || query === "" ? "" : `?${query}`}${drops ? "?" : ""}`;
    const again = folder === null ? "break" : "last";
    const rule: Plain = { rewrite: match.pattern, ...match.ignoreCase, to, flag: flags.last ? again : "continue" };
    // Without PT a rewritten path is looked for among files alone.
    if (folder === null && !flags.passes && this.#place.isElsewhere(full)) {
      this.#chosen ??= this.#place.fresh("rewritten");
      this.#filesOnly = true;
      return { steps: [{ set: this.#chosen, to: "file" }, rule], note: "" };
    }
    return { steps: [rule], note: "" };
  }

  /** In a folder what begins with no slash stands behind its URL. */
  #relative(path: string): string | null {
    const { folder } = this.#place;
    return folder === null ? `/${path}` : `${folder.base.replace(/\/*$/, "/")}${path}`;
  }

  /** What follows the path of a redirect. */
  #query(query: string | null, flags: RewriteFlags): string {
    if (query === null) return "{query}";
    if (query === "") return flags.appends ? "{query}" : "";
    return flags.appends ? `?${query}{and_args}` : `?${query}`;
  }

  #proxied(full: string, query: string | null, flags: RewriteFlags): { steps: Plain[]; note: string } | null {
    // A group right behind the host can only be a path.
    const url = full.replace(/^([a-z\d+.-]+:\/\/(?:unix:)?[^/{?]+)(\{\d\})/i, "$1$2");
    const split = /^((?:unix:[^|]+\|)?[a-z\d+.-]+:\/\/[^/{]*)([\s\S]*)$/i.exec(url);
    if (split === null || /\{\w+\}/.test(split[1]!)) return null;
    const target = targetOf(split[1]!);
    if (target === null) return null;
    const own =
      query === null
        ? flags.discards
          ? "?"
          : "{query}"
        : query === ""
          ? "?"
          : flags.appends
            ? `?${query}{and_args}`
            : `?${query}`;
    const route = `${this.#routes.length + 1}`;
    this.#chosen ??= this.#place.fresh("rewritten");
    this.#routes.push({
      when: { value: `{${this.#chosen}}`, equals: route },
      proxy: {
        to: target.to,
        path: `${split[2] === "" ? "/" : split[2]!}${own}`,
        strip: "all",
        forwarded: false,
        redirects: false,
      },
      request_headers: { set: FORWARDED_HEADERS },
    });
    return { steps: [{ set: this.#chosen, to: route }, { break: true }], note: "" };
  }

  /** The folder of a substitution that names files of the system; null: it is the path of a URL. */
  #filesOf(path: string): string | null {
    if (this.#place.folder !== null) return null;
    const { documentRoot } = this.#place.names;
    const fixed = path.replace(/\{[\s\S]*$/, "");
    const [, top = ""] = fixed.split("/");
    const inRoot = documentRoot !== "" && (fixed === documentRoot || fixed.startsWith(`${documentRoot}/`));
    if (top === "" || !(inRoot || this.#place.isDirectory(`/${top}`))) return null;
    return fixed.replace(/\/[^/]*$/, "") || "/";
  }
}

function chainLength(blocks: readonly Block[]): number {
  const end = blocks.findIndex(({ rule }) => !readFlags(rule.args[2] ?? "").chained);
  return end < 0 ? blocks.length : end + 1;
}

function isOr(flags: string): boolean {
  return /(?:^|[[,\s])(?:OR|ornext)(?:[\],\s]|$)/i.test(flags);
}

/** Alternatives for the same text as one condition, where they are patterns alike; else null. */
function joined(alternatives: readonly (readonly Plain[])[]): Plain | null {
  const each = alternatives.map((conditions) => (conditions.length === 1 ? conditions[0]! : null));
  const [first] = each;
  if (first === null || first === undefined) return null;
  const alike = each.every(
    (one) =>
      one !== null &&
      typeof one["matches"] === "string" &&
      one["not"] === undefined &&
      one["value"] === first["value"] &&
      one["ignore_case"] === first["ignore_case"] &&
      !/\(\?</.test(one["matches"]) &&
      !/\\[1-9]/.test(one["matches"]),
  );
  return alike ? { ...first, matches: each.map((one) => `(?:${one!["matches"] as string})`).join("|") } : null;
}

/** Text of a redirect as Apache sends it without NE. */
function escapedText(text: string): string {
  return text.replace(/[%#;[\]]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
