import type { Plain } from "../tree.ts";
import { readPattern, withoutGroups } from "./pattern.ts";
import { environmentVariable, type RewriteNames, rewriteText } from "./rewrite-text.ts";

/** A condition of an expression: alternatives, each a list of conditions that all have to hold. */
export type Alternatives = readonly (readonly Plain[])[];

/**
 * An expression of `<If>`, `Require expr`, `RewriteCond expr` and the like (ap_expr) as conditions. null: it asks for what
 * conditions can't say.
 */
export function expressionConditions(text: string, names: RewriteNames): Alternatives | null {
  const words = split(text);
  if (words === null) return null;
  const parser = new Parser(words, names);
  const found = parser.alternatives();
  return parser.isAtEnd ? found : null;
}

/** Those of which none holds; null: there are too many ways to fail. */
export function negated(alternatives: Alternatives): Alternatives | null {
  let result: Alternatives = [[]];
  for (const all of alternatives) {
    const ways = all.map(opposite);
    result = result.flatMap((before) => ways.map((way) => [...before, way]));
    if (result.length > MOST) return null;
  }
  return result;
}

/** Both hold. */
export function both(one: Alternatives, other: Alternatives): Alternatives | null {
  const result = one.flatMap((first) => other.map((second) => [...first, ...second]));
  return result.length > MOST ? null : result;
}

// --- internal ---

const MOST = 16;

interface Word {
  readonly kind: "text" | "pattern" | "sign";
  readonly text: string;
  /** Of a pattern: `i` and others; of a text: `bare` when no quotes stood around it. */
  readonly flags: string;
}

const WORD =
  /\s*(?:(&&|\|\||==|!=|=~|!~|<=|>=|[<>!(){},])|m?([/#|])((?:\\[\s\S]|(?!\2)[^\\])*)\2([a-z]*)|"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S])*)'|(%\{[^}]*\}|-?[\w.:*/-]+))/y;

function split(text: string): readonly Word[] | null {
  const words: Word[] = [];
  WORD.lastIndex = 0;
  const trimmed = text.trim();
  while (WORD.lastIndex < trimmed.length) {
    const at = WORD.lastIndex;
    const match = WORD.exec(trimmed);
    if (match === null || WORD.lastIndex === at) return null;
    const [, sign, , pattern, flags, double, single, bare] = match;
    if (sign !== undefined) words.push({ kind: "sign", text: sign, flags: "" });
    else if (pattern !== undefined) words.push({ kind: "pattern", text: pattern, flags: flags ?? "" });
    else if (bare !== undefined) words.push({ kind: "text", text: bare, flags: "bare" });
    else words.push({ kind: "text", text: (double ?? single ?? "").replace(/\\(["'\\])/g, "$1"), flags: "" });
  }
  return words;
}

class Parser {
  readonly #words: readonly Word[];
  readonly #names: RewriteNames;
  #at = 0;

  constructor(words: readonly Word[], names: RewriteNames) {
    this.#words = words;
    this.#names = names;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#words.length;
  }

  alternatives(): Alternatives | null {
    let found = this.#all();
    while (this.#take("||")) {
      const next = this.#all();
      found = found === null || next === null || found.length + next.length > MOST ? null : [...found, ...next];
    }
    return found;
  }

  #all(): Alternatives | null {
    let found = this.#one();
    while (this.#take("&&")) {
      const next = this.#one();
      found = found === null || next === null ? null : both(found, next);
    }
    return found;
  }

  #one(): Alternatives | null {
    if (this.#take("!")) {
      const found = this.#one();
      return found === null ? null : negated(found);
    }
    if (this.#take("(")) {
      const found = this.alternatives();
      return this.#take(")") ? found : null;
    }
    const first = this.#next();
    if (first === null || first.kind !== "text") return null;
    if (first.flags === "bare" && /^-[A-Za-z]+$/.test(first.text)) return this.#unary(first.text);
    if (first.flags === "bare" && /^(?:true|false)$/i.test(first.text))
      return /^true$/i.test(first.text) ? [[]] : [[{ value: "{scheme}", matches: "^$" }]];
    return this.#comparison(first);
  }

  #unary(operator: string): Alternatives | null {
    const subject = this.#value(this.#next());
    if (subject === null) return null;
    const file = { "-f": "file", "-d": "directory", "-e": "exists", "-x": "executable", "-s": "file" }[operator];
    if (file !== undefined) return [[{ [file]: subject }]];
    switch (operator) {
      case "-n":
        return [[{ value: subject, matches: "[^]" }]];
      case "-z":
        return [[{ value: subject, equals: "" }]];
      case "-T":
        return [[{ value: subject, matches: "^(?:0|off|false|no|)$", ignore_case: true, not: true }]];
      case "-R":
        return /\{\w+\}/.test(subject) ? null : [[{ client: [subject] }]];
      default:
        return null;
    }
  }

  #comparison(first: Word): Alternatives | null {
    const left = this.#value(first);
    const operator = this.#next();
    if (left === null || operator === null) return null;
    const not = operator.text.startsWith("!") ? { not: true } : {};
    switch (operator.text) {
      case "==":
      case "=":
      case "!=":
      case "-eq":
      case "-ne":
      case "-strmatch":
      case "-ipmatch": {
        const right = this.#value(this.#next());
        if (right === null) return null;
        if (operator.text === "-ipmatch") return left === "{remote_addr}" ? [[{ client: [right] }]] : null;
        if (operator.text === "-strmatch") return [[{ value: left, matches: glob(right) }]];
        // Our {https} is empty where Apache's says off.
        if (left === "{https}" && right === "off") return [[{ value: left, equals: "", ...not }]];
        return [[{ value: left, equals: right, ...(operator.text === "-ne" ? { not: true } : not) }]];
      }
      case "=~":
      case "!~": {
        const right = this.#next();
        const read = right === null || right.kind === "sign" ? null : readPattern(right.text);
        if (read === null) return null;
        const insensitive = read.ignore_case === true || right!.flags.includes("i") ? { ignore_case: true } : {};
        return [[{ value: left, matches: withoutGroups(read.regex), ...insensitive, ...not }]];
      }
      case "-in":
      case "in": {
        if (!this.#take("{")) return null;
        const ways: Plain[][] = [];
        do {
          const value = this.#value(this.#next());
          if (value === null) return null;
          ways.push([{ value: left, equals: value }]);
        } while (this.#take(","));
        return this.#take("}") ? ways : null;
      }
      default:
        return null;
    }
  }

  /** A word as a template, with functions such as `req('Host')`. */
  #value(word: Word | null): string | null {
    if (word === null || word.kind !== "text") return null;
    if (word.flags !== "bare" || !this.#take("(")) return rewriteText(word.text.replaceAll("$", "\\$"), this.#names);
    const argument = this.#next();
    if (argument === null || argument.kind !== "text" || !this.#take(")")) return null;
    switch (word.text) {
      case "req":
      case "http":
      case "req_novary":
        return `{http_${argument.text.toLowerCase().replaceAll("-", "_")}}`;
      case "env":
      case "reqenv":
        return `{${environmentVariable(argument.text)}}`;
      default:
        return null;
    }
  }

  #next(): Word | null {
    return this.#words[this.#at++] ?? null;
  }

  #take(sign: string): boolean {
    const word = this.#words[this.#at];
    if (word?.kind !== "sign" || word.text !== sign) return false;
    this.#at++;
    return true;
  }
}

function opposite({ not, ...condition }: Plain): Plain {
  return not === true ? condition : { ...condition, not: true };
}

function glob(text: string): string {
  const pattern = text
    .replace(/[.+^${}()|\\[\]]/g, "\\$&")
    .replaceAll("*", "[^]*")
    .replaceAll("?", "[^]");
  return `^${pattern}$`;
}
