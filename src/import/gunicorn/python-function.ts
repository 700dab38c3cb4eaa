import type { Arguments, PythonWorld } from "./python-calls.ts";
import { ExpressionReader, type Names } from "./python-expression.ts";
import { PythonSyntaxProblem, type Token } from "./python-tokens.ts";
import { CannotTell, isTrue, type PythonValue, Raised } from "./python-value.ts";

/** Calls within calls, which a file that is only settings never has so many of. */
const DEEPEST = 20;
/** Statements that do nothing to a value. */
const QUIET = new Set(["pass", "import", "from", "global"]);
const TELLING = new Set(["print", "logger", "logging", "log"]);

let depth = 0;

/**
 * A function of a configuration, such as one that looks a variable up and has a default: assignments, `if`, `try` and `return` of what
 * ExpressionReader reads. Calling it throws CannotTell where it does anything else.
 */
export class PythonFunction {
  readonly #name: string;
  readonly #tokens: readonly Token[];
  /** Where its parameters begin, behind the bracket. */
  readonly #begin: number;
  readonly #globals: Names;
  readonly #world: PythonWorld;

  constructor(name: string, tokens: readonly Token[], begin: number, globals: Names, world: PythonWorld) {
    this.#name = name;
    this.#tokens = tokens;
    this.#begin = begin;
    this.#globals = globals;
    this.#world = world;
  }

  call(given: Arguments): PythonValue {
    if (depth >= DEEPEST) throw new CannotTell(`what ${this.#name}() returns`);
    depth++;
    try {
      const run = new Run(this.#name, this.#tokens, this.#begin, new Map(this.#globals), this.#world);
      run.takeParameters(given);
      return run.body();
    } catch (error) {
      if (!(error instanceof PythonSyntaxProblem)) throw error;
      throw new CannotTell(`what ${this.#name}() returns`); // Python, and more than is read here
    } finally {
      depth--;
    }
  }
}

// --- internal ---

class Run {
  readonly #name: string;
  readonly #tokens: readonly Token[];
  readonly #names: Names;
  readonly #world: PythonWorld;
  #at: number;
  #result: { readonly value: PythonValue } | null = null;

  constructor(name: string, tokens: readonly Token[], at: number, names: Names, world: PythonWorld) {
    this.#name = name;
    this.#tokens = tokens;
    this.#at = at;
    this.#names = names;
    this.#world = world;
  }

  /** `name`, `name: type`, `name=default`, each given by its place or its name. */
  takeParameters({ list, named }: Arguments): void {
    for (let place = 0; this.#text !== ")"; place++) {
      const name = this.#text;
      if (!this.#is("name")) throw this.#unknown();
      this.#at++;
      while (![",", "=", ")"].includes(this.#text)) this.#at++;
      let value = named.get(name) ?? list[place];
      if (this.#text === "=") {
        this.#at++;
        const usual = this.#expression();
        if (value === undefined) value = usual();
      }
      if (value === undefined) throw this.#unknown();
      this.#names.set(name, value);
      if (this.#text === ",") this.#at++;
    }
    this.#at++;
  }

  body(): PythonValue {
    this.#block(true);
    return this.#result?.value ?? null;
  }

  #statement(wanted: boolean): void {
    const runs = wanted && this.#result === null;
    const { kind, text } = this.#token;
    const next = this.#tokens[this.#at + 1];
    if (text === "if" && kind === "name") return this.#if(runs);
    if (text === "try" && kind === "name") return this.#try(runs);
    if (text === "return" && kind === "name") {
      this.#at++;
      if (runs) this.#result = { value: this.#is("newline") ? null : this.#expression()() };
    } else if (runs && kind === "name" && next?.text === "=" && next.kind === "operator") {
      this.#at += 2;
      this.#names.set(text, this.#expression()());
    } else if (runs && kind !== "text" && !QUIET.has(text) && !TELLING.has(text)) throw this.#unknown();
    this.#skipLine();
  }

  #if(runs: boolean): void {
    let decided = !runs;
    for (;;) {
      const isElse = this.#text === "else";
      this.#at++;
      const taken = !decided && (isElse || isTrue(this.#expression()()));
      this.#block(taken);
      if (taken) decided = true;
      if (isElse || !["elif", "else"].includes(this.#text)) return;
    }
  }

  #try(runs: boolean): void {
    this.#at++;
    const began = this.#at;
    let raised: Raised | null = null;
    try {
      this.#block(runs);
    } catch (error) {
      if (!(error instanceof Raised)) throw error;
      raised = error;
      this.#at = began;
      this.#block(false);
    }
    while (["except", "else", "finally"].includes(this.#text)) {
      const clause = this.#text;
      const from = this.#at;
      this.#skipToColon();
      const types = this.#tokens.slice(from + 1, this.#at).map(({ text }) => text);
      const caught = clause === "except" && raised !== null && (types.length === 0 || types.some(raised.isA));
      if (caught) raised = null;
      this.#block(runs && (caught || clause === "finally" || (clause === "else" && raised === null)));
    }
    if (raised !== null) throw raised;
  }

  /** `: statements` on the line, or an indented block. The tokens before the colon are passed over. */
  #block(wanted: boolean): void {
    this.#skipToColon();
    this.#at++;
    if (!this.#is("newline")) return this.#statement(wanted);
    this.#at += 2; // the indent too
    while (!this.#is("dedent") && !this.#is("end")) this.#statement(wanted);
    if (this.#is("dedent")) this.#at++;
  }

  #expression(): () => PythonValue {
    const reader = new ExpressionReader(this.#tokens, this.#at, this.#names, this.#world);
    const value = reader.readAll();
    this.#at = reader.at;
    return value;
  }

  get #token(): Token {
    return this.#tokens[this.#at]!;
  }

  /** A call, since the compiler takes a getter for something that stays the same. */
  #is(kind: Token["kind"]): boolean {
    return this.#token.kind === kind;
  }

  get #text(): string {
    return this.#token.text;
  }

  /** To the next statement, past the block of one that was not read. */
  #skipLine(): void {
    while (!this.#is("newline") && !this.#is("end")) this.#at++;
    if (this.#is("newline")) this.#at++;
    for (let depth = 0; this.#is("indent") || depth > 0; this.#at++) {
      if (this.#is("indent")) depth++;
      else if (this.#is("dedent")) depth--;
      else if (this.#is("end")) return;
    }
  }

  #skipToColon(): void {
    let open = 0;
    for (; !this.#is("newline") && !this.#is("end"); this.#at++) {
      if (!this.#is("operator")) continue;
      if ("([{".includes(this.#text)) open++;
      else if (")]}".includes(this.#text)) open--;
      else if (this.#text === ":" && open === 0) return;
    }
    throw this.#unknown();
  }

  #unknown(): CannotTell {
    return new CannotTell(`what ${this.#name}() returns`);
  }
}
