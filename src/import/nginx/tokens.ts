import { type Place, PropylonError } from "../../base/errors.ts";

/** One word of a configuration, without its quotes and escapes. */
export interface Word {
  readonly text: string;
  readonly quoted: boolean;
  readonly place: Place;
}

/** What ends a run of words. `placeholder`: a line that a template fills in as a whole. */
export type Ending = "semicolon" | "open" | "close" | "end" | "placeholder";

export interface Statement {
  readonly words: readonly Word[];
  readonly ending: Ending;
  /** Of what ended it. */
  readonly place: Place;
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', "'": "'", "\\": "\\", t: "\t", r: "\r", n: "\n" };

/** `{{ expression }}`, `<%= expression %>`, `${name}`, `__NAME__`, `%(name)s`, `%{name}`. */
const PLACEHOLDER =
  /^(?:\{\{-?\s*((?:[^{}]|\{[^{}]*\})*?)\s*-?\}\}|<%=\s*(.*?)\s*-?%>|\$\{(\w+)\}|(__[A-Z][A-Z\d_]*?__)|%\((\w+)\)s|%\{(\w+)\})/;

/**
 * Reads statements one by one, with NGINX's rules for words, quotes, escapes and comments. Throws a PropylonError with NGINX's
 * words at the place of what NGINX would refuse. `{{ name }}`, `__NAME__` and `${DOLLAR}`, which templates are written with, are
 * read as `${name}`, `${__NAME__}` and `$`; an expression (`{{ name|lower }}`) as a name made of it (`${name_lower}`).
 */
export class Tokens {
  readonly #file: string;
  readonly #text: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text.startsWith("\ufeff") ? text.slice(1) : text;
  }

  next(): Statement {
    const words: Word[] = [];
    for (;;) {
      this.#skipSpace();
      const place = this.#place();
      const character = this.#text[this.#at];
      if (character === undefined) {
        if (words.length > 0) this.#refuse(`unexpected end of file, expecting ";" or "}"`, place);
        return { words, ending: "end", place };
      }
      if (character === ";" || (character === "{" && this.#text[this.#at + 1] !== "{")) {
        this.#at++;
        if (words.length === 0) this.#refuse(`unexpected "${character}"`, place);
        return { words, ending: character === ";" ? "semicolon" : "open", place };
      }
      if (character === "}") {
        this.#at++;
        if (words.length > 0) this.#refuse(`unexpected "}"`, place);
        return { words, ending: "close", place };
      }
      words.push(character === '"' || character === "'" ? this.#quoted(character) : this.#word());
      if (
        words.length === 1 &&
        /^\$(?:\{\w+\}|[A-Z][A-Z\d_]*)$/.test(words[0]!.text) &&
        /^[ \t]*\r?\n/.test(this.#text.slice(this.#at))
      )
        return { words, ending: "placeholder", place };
    }
  }

  /** The text up to the brace that closes the block which was just opened, for blocks in another language. */
  rawBlock(): string {
    const start = this.#at;
    for (let depth = 1; this.#at < this.#text.length; this.#step()) {
      const character = this.#text[this.#at];
      if (character === "{") depth++;
      else if (character === "}" && --depth === 0) {
        this.#at++;
        return this.#text.slice(start, this.#at - 1);
      }
    }
    return this.#refuse(`unexpected end of file, expecting "}"`, this.#place());
  }

  #skipSpace(): void {
    for (;;) {
      const character = this.#text[this.#at];
      if (character === "#") while (this.#at < this.#text.length && this.#text[this.#at] !== "\n") this.#at++;
      else if (character !== undefined && /\s/.test(character)) this.#step();
      else return;
    }
  }

  #quoted(quote: string): Word {
    const place = this.#place();
    this.#step();
    let text = "";
    while (this.#at < this.#text.length && this.#text[this.#at] !== quote) text += this.#character();
    if (this.#at >= this.#text.length) this.#refuse(`unexpected end of file, expecting ";" or "}"`, this.#place());
    this.#step();
    const after = this.#text[this.#at];
    if (after !== undefined && !/[\s;{)]/.test(after)) this.#refuse(`unexpected "${after}"`, this.#place());
    return { text, quoted: true, place };
  }

  #word(): Word {
    const place = this.#place();
    let text = "";
    for (let first = true; this.#at < this.#text.length; first = false) {
      const character = this.#text[this.#at]!;
      if (/\s/.test(character) || character === ";") break;
      if (character === "{" && this.#text[this.#at + 1] !== "{") break;
      // A closing parenthesis right after a quoted word is a word of its own: `if ($x = "y")`.
      if (first && character === ")" && this.#text[this.#at - 1]?.match(/["']/)) {
        this.#step();
        return { text: ")", quoted: false, place };
      }
      text += this.#character();
    }
    return { text, quoted: false, place };
  }

  /** One character of a word, unescaped, or a whole `${name}`. */
  #character(): string {
    const first = this.#text[this.#at]!;
    if (first !== "$" && first !== "\\" && first !== "{" && first !== "<" && first !== "_" && first !== "%")
      return this.#step();
    const rest = this.#text.slice(this.#at, this.#at + 400);
    const placeholder = PLACEHOLDER.exec(rest);
    if (placeholder !== null) {
      for (let i = 0; i < placeholder[0].length; i++) this.#step();
      if (placeholder[3] === "DOLLAR") return "$";
      return `\${${nameOf(placeholder.slice(1).find((group) => group !== undefined)!)}}`;
    }
    if (rest.startsWith("${")) {
      this.#step();
      this.#step();
      return "${";
    }
    if (rest[0] === "\\" && rest.length > 1) {
      this.#step();
      const escaped = this.#step();
      return ESCAPES[escaped] ?? `\\${escaped}`;
    }
    return this.#step();
  }

  #step(): string {
    const character = this.#text[this.#at++]!;
    if (character === "\n") {
      this.#line++;
      this.#lineStart = this.#at;
    }
    return character;
  }

  #place(): Place {
    return { file: this.#file, line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  #refuse(message: string, place: Place): never {
    throw new PropylonError("user", message, { place });
  }
}

/** An expression as the name of a variable of the environment. */
function nameOf(expression: string): string {
  const simple = /^(?:ENV\[["'])?([A-Za-z_]\w*)(?:["']\])?$/.exec(expression)?.[1];
  if (simple !== undefined) return simple;
  const name = expression
    .replace(/\W+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 60);
  return /^[A-Za-z_]/.test(name) ? name : `_${name}`;
}
