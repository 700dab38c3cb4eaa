import type { PythonWorld } from "./python-calls.ts";
import { ExpressionReader, type Names } from "./python-expression.ts";
import { PythonFunction } from "./python-function.ts";
import { PythonSyntaxProblem, type Token, tokenize } from "./python-tokens.ts";
import { CannotTell, isTrue, type PythonValue } from "./python-value.ts";

/** What the file gives a name, in the order of the text: the last one counts. */
export interface Assignment {
  readonly name: string;
  readonly line: number;
  /** What can't be known without running the file has a reason in place of a value. */
  readonly value:
    | { readonly known: true; readonly value: PythonValue }
    | { readonly known: false; readonly reason: string };
  /** It is a function or a class. */
  readonly defined: boolean;
  /** It is a function that calls nothing but loggers, and what shows stacks and formats text for them. */
  readonly logsOnly: boolean;
  /** It stands in a branch that is not taken. */
  readonly skipped: boolean;
}

/**
 * Reads a configuration written in Python without running it: assignments of expressions that need nothing but literals, the
 * environment, the number of CPUs and names assigned before; `if` whose condition is such an expression; the body of `try`. Throws a
 * PythonSyntaxProblem for what is not Python.
 */
export function readPython(source: string, world: PythonWorld): readonly Assignment[] {
  return new FileReader(tokenize(source), world).read();
}

// --- internal ---

const AUGMENTED = new Set(["+=", "-=", "*=", "/=", "//="]);
const BLOCKS = new Set(["for", "while", "with", "async", "match"]);

/** Methods and functions of Gunicorn's sample hooks, all of which only look and tell. */
const LOGGING = new Set([
  ...[
    "debug",
    "info",
    "warning",
    "warn",
    "error",
    "critical",
    "exception",
    "print",
    "format",
    "join",
    "str",
    "getLogger",
  ],
  ...["enumerate", "items", "_current_frames", "extract_stack", "get", "append", "dict", "strip"],
]);

/** The last names of what is called: `info` of `server.log.info(...)`. */
function calls(tokens: readonly Token[]): readonly string[] {
  return tokens.filter(({ kind }, index) => kind === "name" && tokens[index + 1]?.text === "(").map(({ text }) => text);
}

class FileReader {
  readonly #tokens: readonly Token[];
  readonly #world: PythonWorld;
  readonly #names: Names = new Map();
  readonly #found: Assignment[] = [];
  #at = 0;
  /** null: what is read counts; else the reason why it can't be known whether it does. */
  #doubt: string | null = null;
  /** In a branch that is not taken. */
  #skipping = false;
  /** What is defined next is not what its name will be. */
  #decorated = false;

  constructor(tokens: readonly Token[], world: PythonWorld) {
    this.#tokens = tokens;
    this.#world = world;
  }

  read(): readonly Assignment[] {
    while (!this.#is("end")) this.#statement();
    return this.#found;
  }

  #statement(): void {
    const { kind, text } = this.#token;
    const isDecorator = kind === "operator" && text === "@";
    this.#decorated = isDecorator || (this.#decorated && (text === "def" || text === "async"));
    if (kind === "name" && text === "import") this.#import();
    else if (kind === "name" && text === "from") this.#importFrom();
    else if (kind === "name" && text === "if") this.#if();
    else if (kind === "name" && text === "try") this.#try();
    else if (kind === "name" && (text === "def" || text === "class")) this.#definition();
    else if (text === "async" && this.#tokens[this.#at + 1]?.text === "def") {
      this.#at++;
      this.#definition();
    } else if (kind === "name" && BLOCKS.has(text))
      this.#inDoubt(`it is set in a "${text}" block`, () => this.#block());
    else if (kind === "name" && this.#isAssignment()) this.#assignment();
    else this.#skipLine();
  }

  /** `name = ...`, `name: type = ...`, `name += ...` */
  #isAssignment(): boolean {
    const next = this.#tokens[this.#at + 1]!;
    return next.kind === "operator" && (next.text === "=" || next.text === ":" || AUGMENTED.has(next.text));
  }

  #assignment(): void {
    const names: Token[] = [];
    for (;;) {
      const [name, operator] = [this.#token, this.#tokens[this.#at + 1]];
      if (name.kind !== "name" || operator?.kind !== "operator" || !this.#isAssignment()) break;
      names.push(name);
      this.#at += 2;
      if (operator.text === ":") {
        while (!this.#is("newline") && this.#token.text !== "=") this.#at++;
        if (this.#token.text !== "=") return this.#skipLine(); // an annotation alone
        this.#at++;
      }
      if (AUGMENTED.has(operator.text)) return this.#augmented(name, operator.text.slice(0, -1));
    }
    const value = this.#value(() => this.#expression());
    for (const name of names) this.#assign(name, value);
  }

  #augmented(name: Token, operator: string): void {
    const began = this.#at;
    const value = this.#value(() => {
      const line = name.line;
      const rest: Token[] = [];
      for (let at = began; this.#tokens[at]!.kind !== "newline"; at++) rest.push(this.#tokens[at]!);
      const end = { kind: "newline", text: "\n", line } as const;
      const tokens: Token[] = [
        name,
        { kind: "operator", text: operator, line },
        { kind: "operator", text: "(", line },
        ...rest,
      ];
      const closed: Token[] = [...tokens, { kind: "operator", text: ")", line }, end, { kind: "end", text: "", line }];
      return new ExpressionReader(closed, 0, this.#names, this.#world).readAll()();
    });
    this.#assign(name, value);
    this.#skipLine();
  }

  #expression(): PythonValue {
    const reader = new ExpressionReader(this.#tokens, this.#at, this.#names, this.#world);
    const value = reader.readAll();
    this.#at = reader.at;
    return value();
  }

  /** Reads an expression; in doubt, and where only running would tell, without a value. */
  #value(read: () => PythonValue): Assignment["value"] {
    const began = this.#at;
    try {
      const value = read();
      return this.#doubt === null ? { known: true, value } : { known: false, reason: this.#doubt };
    } catch (error) {
      if (!(error instanceof CannotTell)) throw error;
      this.#at = began;
      this.#skipToEnd();
      return { known: false, reason: `${error.message} is not known before it runs` };
    }
  }

  #assign(name: Token, value: Assignment["value"]): void {
    if (this.#token.text === ";") this.#at++;
    else if (this.#is("newline")) this.#at++;
    if (this.#skipping) {
      this.#found.push({ name: name.text, line: name.line, value, defined: false, logsOnly: false, skipped: true });
      return;
    }
    if (value.known) this.#names.set(name.text, value.value);
    else this.#names.delete(name.text);
    this.#found.push({ name: name.text, line: name.line, value, defined: false, logsOnly: false, skipped: false });
  }

  #import(): void {
    this.#at++;
    while (!this.#is("newline")) {
      const dotted = this.#dotted();
      const alias = this.#token.text === "as" ? this.#tokens[this.#at + 1]!.text : null;
      this.#names.set(alias ?? dotted.split(".")[0]!, { named: alias === null ? dotted.split(".")[0]! : dotted });
      while (!this.#is("newline") && this.#token.text !== ",") this.#at++;
      if (this.#token.text === ",") this.#at++;
    }
    this.#at++;
  }

  #importFrom(): void {
    this.#at++;
    const module = this.#dotted();
    this.#at++; // import
    while (!this.#is("newline")) {
      const { kind, text } = this.#token;
      if (kind === "name" && text !== "as") {
        const aliased = this.#tokens[this.#at + 1]?.text === "as";
        this.#names.set(aliased ? this.#tokens[this.#at + 2]!.text : text, { named: `${module}.${text}` });
        if (aliased) this.#at += 2;
      }
      this.#at++;
    }
    this.#at++;
  }

  #dotted(): string {
    let name = "";
    while (
      this.#token.kind === "name"
        ? this.#token.text !== "import" && this.#token.text !== "as"
        : this.#token.text === "."
    ) {
      name += this.#token.text;
      this.#at++;
    }
    return name;
  }

  /** The branch whose condition holds is read; where a condition can't be told, all further ones in doubt. */
  #if(): void {
    let decided = false;
    let doubtful: string | null = null;
    for (;;) {
      const isElse = this.#token.text === "else";
      this.#at++;
      const condition = isElse ? ({ known: true, value: true } as const) : this.#condition();
      if (!condition.known) doubtful ??= "it depends on a condition that is not known before it runs";
      const taken = condition.known && isTrue(condition.value);
      if (decided || (condition.known && !taken)) this.#unread(() => this.#block());
      else if (doubtful !== null) this.#inDoubt(doubtful, () => this.#block());
      else this.#block();
      if (taken && doubtful === null) decided = true;
      if (isElse || this.#token.kind !== "name" || (this.#token.text !== "elif" && this.#token.text !== "else")) return;
    }
  }

  #condition(): Assignment["value"] {
    const began = this.#at;
    try {
      return { known: true, value: this.#expression() };
    } catch (error) {
      if (!(error instanceof CannotTell)) throw error;
      this.#at = began;
      this.#skipToColon();
      return { known: false, reason: error.message };
    }
  }

  #try(): void {
    this.#at++;
    this.#block();
    while (this.#token.kind === "name" && ["except", "else", "finally"].includes(this.#token.text)) {
      const counts = this.#token.text !== "except";
      this.#skipToColon();
      if (counts) this.#block();
      else this.#unread(() => this.#block());
    }
  }

  #definition(): void {
    const isFunction = this.#token.text === "def" && this.#tokens[this.#at - 1]?.text !== "async";
    this.#at++;
    const name = this.#token;
    const value = { known: false, reason: "it is a function" } as const;
    if (!this.#skipping) this.#define(name.text, isFunction && this.#doubt === null && !this.#decorated);
    this.#skipToColon();
    const began = this.#at;
    this.#unread(() => this.#block());
    const logsOnly = calls(this.#tokens.slice(began, this.#at)).every((call) => LOGGING.has(call));
    this.#found.push({ name: name.text, line: name.line, value, defined: true, logsOnly, skipped: this.#skipping });
  }

  #define(name: string, isFunction: boolean): void {
    if (!isFunction) this.#names.delete(name);
    else {
      const made = new PythonFunction(name, this.#tokens, this.#at + 2, this.#names, this.#world);
      this.#names.set(name, { named: name, call: (given) => made.call(given) });
    }
  }

  /** `: statements` on the line, or an indented block. The tokens before the colon are passed over. */
  #block(): void {
    this.#skipToColon();
    this.#at++;
    if (!this.#is("newline")) {
      // On the same line.
      this.#statement();
      return;
    }
    this.#at++;
    if (!this.#is("indent")) throw new PythonSyntaxProblem("an indented block is expected", this.#token.line);
    this.#at++;
    while (!this.#is("dedent") && !this.#is("end")) this.#statement();
    if (this.#is("dedent")) this.#at++;
  }

  #inDoubt(reason: string, read: () => void): void {
    const before = this.#doubt;
    this.#doubt ??= reason;
    read();
    this.#doubt = before;
  }

  #unread(read: () => void): void {
    const before = this.#skipping;
    this.#skipping = true;
    read();
    this.#skipping = before;
  }

  get #token(): Token {
    return this.#tokens[this.#at]!;
  }

  /** A call, since the compiler takes a getter for something that stays the same. */
  #is(kind: Token["kind"]): boolean {
    return this.#token.kind === kind;
  }

  #skipToEnd(): void {
    while (!this.#is("newline") && !this.#is("end")) this.#at++;
  }

  #skipLine(): void {
    this.#skipToEnd();
    if (this.#is("newline")) this.#at++;
    // A block below a line that was not understood belongs to it.
    if (this.#is("indent")) {
      let depth = 0;
      do {
        if (this.#is("indent")) depth++;
        if (this.#is("dedent")) depth--;
        this.#at++;
      } while (depth > 0 && !this.#is("end"));
    }
  }

  /** To the colon that opens a block, past those in brackets and of lambdas. */
  #skipToColon(): void {
    let depth = 0;
    for (; !this.#is("newline") && !this.#is("end"); this.#at++) {
      const { kind, text } = this.#token;
      if (kind !== "operator") continue;
      if ("([{".includes(text)) depth++;
      else if (")]}".includes(text)) depth--;
      else if (text === ":" && depth === 0) return;
    }
    throw new PythonSyntaxProblem("a colon is expected", this.#token.line);
  }
}
