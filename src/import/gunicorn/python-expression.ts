import { callMethod, callNamed, number, type PythonWorld } from "./python-calls.ts";
import { PythonSyntaxProblem, type Token, tokenize } from "./python-tokens.ts";
import { CannotTell, isList, isNamed, isTrue, type PythonValue, Raised, textOf } from "./python-value.ts";

/** Names that were assigned or imported so far. */
export type Names = Map<string, PythonValue>;

/** An expression that was read; evaluated when its value is needed. Throws CannotTell where only running would tell. */
export type Expression = () => PythonValue;

/** Reads one expression of a configuration (Language Reference §6, what such files hold of it) from tokens. */
export class ExpressionReader {
  readonly #tokens: readonly Token[];
  readonly #names: Names;
  readonly #world: PythonWorld;
  at: number;

  constructor(tokens: readonly Token[], at: number, names: Names, world: PythonWorld) {
    this.#tokens = tokens;
    this.at = at;
    this.#names = names;
    this.#world = world;
  }

  /** An expression list: `a, b` is a tuple. */
  readAll(): Expression {
    const first = this.#conditional();
    if (!this.#is(",")) return first;
    const items = [first];
    while (this.#take(",")) {
      if (this.#endsExpression()) break;
      items.push(this.#conditional());
    }
    return () => items.map((item) => item());
  }

  // --- internal ---

  #conditional(): Expression {
    const value = this.#or();
    if (!this.#take("if")) return value;
    const test = this.#or();
    this.#expect("else");
    const other = this.#conditional();
    return () => (isTrue(test()) ? value() : other());
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#take("or")) {
      const [before, right] = [left, this.#and()];
      left = () => {
        const value = before();
        return isTrue(value) ? value : right();
      };
    }
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.#take("and")) {
      const [before, right] = [left, this.#not()];
      left = () => {
        const value = before();
        return isTrue(value) ? right() : value;
      };
    }
    return left;
  }

  #not(): Expression {
    if (!this.#take("not")) return this.#comparison();
    const value = this.#not();
    return () => !isTrue(value());
  }

  #comparison(): Expression {
    const left = this.#sum();
    const { text } = this.#token;
    if (text === "in" || text === "not") {
      this.at++;
      if (text === "not") this.#expect("in");
      const right = this.#sum();
      return () => contains(right(), left(), this.#world) === (text === "in");
    }
    if (text === "is") {
      this.at++;
      const negated = this.#take("not");
      const right = this.#sum();
      return () => (left() === right()) !== negated;
    }
    if (this.#token.kind !== "operator" || !COMPARISONS.has(text)) return left;
    this.at++;
    const right = this.#sum();
    return () => compare(text, left(), right());
  }

  #sum(): Expression {
    let left = this.#product();
    for (;;) {
      const operator = this.#token.text;
      if (this.#token.kind !== "operator" || (operator !== "+" && operator !== "-")) return left;
      this.at++;
      const [before, right] = [left, this.#product()];
      left = () => (operator === "+" ? add(before(), right()) : number(before()) - number(right()));
    }
  }

  #product(): Expression {
    let left = this.#unary();
    for (;;) {
      const operator = this.#token.text;
      if (this.#token.kind !== "operator" || !["*", "/", "//", "%"].includes(operator)) return left;
      this.at++;
      const [before, right] = [left, this.#unary()];
      left = () => multiply(operator, before(), right());
    }
  }

  #unary(): Expression {
    if (this.#take("-")) {
      const value = this.#unary();
      return () => -number(value());
    }
    if (this.#take("+")) return this.#unary();
    const base = this.#trailed();
    if (!this.#take("**")) return base;
    const exponent = this.#unary();
    return () => number(base()) ** number(exponent());
  }

  /** An atom with what follows it: `.name`, `(arguments)`, `[index]`. */
  #trailed(): Expression {
    let value = this.#atom();
    for (;;) {
      if (this.#take(".")) {
        const name = this.#next().text;
        if (this.#is("(")) value = this.#call(value, name);
        else {
          const before = value;
          value = () => attribute(before(), name);
        }
      } else if (this.#is("(")) value = this.#call(value, null);
      else if (this.#take("[")) value = this.#index(value);
      else return value;
    }
  }

  #call(subject: Expression, method: string | null): Expression {
    this.#expect("(");
    const list: Expression[] = [];
    const named = new Map<string, Expression>();
    while (!this.#take(")")) {
      const [name, equals] = [this.#token, this.#tokens[this.at + 1]];
      if (this.#is("*") || this.#is("**")) throw new CannotTell("unpacked arguments");
      if (name.kind === "name" && equals?.text === "=" && equals.kind === "operator") {
        this.at += 2;
        named.set(name.text, this.#conditional());
      } else list.push(this.#conditional());
      if (this.#is("for")) throw new CannotTell("a comprehension");
      if (!this.#take(",") && !this.#is(")")) throw this.#unexpected();
    }
    return () => {
      const given = {
        list: list.map((item) => item()),
        named: new Map([...named].map(([name, item]) => [name, item()] as const)),
      };
      const value = subject();
      if (isNamed(value) && value.call !== undefined && method === null) return value.call(given);
      if (isNamed(value))
        return callNamed(method === null ? value.named : `${value.named}.${method}`, given, this.#world);
      if (method === null) throw new CannotTell("what a call returns");
      return callMethod(value, method, given);
    };
  }

  #index(subject: Expression): Expression {
    if (this.#is(":")) throw new CannotTell("a slice");
    const index = this.readAll();
    if (this.#is(":")) throw new CannotTell("a slice");
    this.#expect("]");
    return () => element(subject(), index(), this.#world);
  }

  #atom(): Expression {
    const token = this.#next();
    if (token.kind === "number") return () => Number(token.text.replaceAll("_", "").replace(/^0[oO]/, "0o"));
    if (token.kind === "text") return this.#texts(token);
    if (token.kind === "name") return this.#name(token.text);
    if (token.text === "(") return this.#parenthesis();
    if (token.text === "[") return this.#list("]");
    if (token.text === "{") return this.#braces();
    throw new PythonSyntaxProblem(`"${token.text.trim()}" is not expected here`, token.line);
  }

  #name(name: string): Expression {
    if (name === "True" || name === "False") return () => name === "True";
    if (name === "None") return () => null;
    if (name === "lambda" || name === "await" || name === "yield") throw new CannotTell(`a ${name}`);
    const isCalled = this.#is("(");
    return () => {
      if (name === "__file__") return this.#world.file;
      const value = this.#names.get(name);
      // A function of the file's own is of use to us where it is called.
      if (value !== undefined && (isCalled || !isNamed(value) || value.call === undefined)) return value;
      if (BUILT_IN.has(name)) return { named: name };
      throw new CannotTell(`the value of ${name}`);
    };
  }

  /** Strings side by side are one. */
  #texts(first: Token): Expression {
    const parts = [this.#text(first)];
    while (this.#token.kind === "text") parts.push(this.#text(this.#next()));
    return () => parts.map((part) => textOf(part())).join("");
  }

  #text({ text, formatted, line }: Token): Expression {
    if (formatted !== true) return () => text;
    const pieces = [...text.matchAll(/\{\{|\}\}|\{([^{}]*)\}|[^{}]+/g)].map(([whole, inner]): Expression => {
      if (inner === undefined) return () => (whole === "{{" || whole === "}}" ? whole[0]! : whole);
      if (/![rsa]?$|(?<!:):(?!:)/.test(inner)) throw new CannotTell("a formatted value");
      const tokens = tokenize(inner.trim()).map((token) => ({ ...token, line }));
      return new ExpressionReader(tokens, 0, this.#names, this.#world).readAll();
    });
    return () => pieces.map((piece) => textOf(piece())).join("");
  }

  #parenthesis(): Expression {
    if (this.#take(")")) return () => [];
    const value = this.readAll();
    if (this.#is("for")) throw new CannotTell("a comprehension");
    if (this.#is(":=") || this.#is(":")) throw new CannotTell("a name that is given within");
    this.#expect(")");
    return value;
  }

  #list(close: string): Expression {
    const items: Expression[] = [];
    while (!this.#take(close)) {
      items.push(this.#conditional());
      if (this.#is("for")) throw new CannotTell("a comprehension");
      if (!this.#take(",") && !this.#is(close)) throw this.#unexpected();
    }
    return () => items.map((item) => item());
  }

  #braces(): Expression {
    const entries: (readonly [Expression, Expression])[] = [];
    while (!this.#take("}")) {
      if (this.#is("**")) throw new CannotTell("an unpacked section");
      const key = this.#conditional();
      if (!this.#take(":")) throw new CannotTell("a set");
      entries.push([key, this.#conditional()]);
      if (this.#is("for")) throw new CannotTell("a comprehension");
      if (!this.#take(",") && !this.#is("}")) throw this.#unexpected();
    }
    return () => new Map(entries.map(([key, value]) => [textOf(key()), value()] as const));
  }

  get #token(): Token {
    return this.#tokens[this.at]!;
  }

  #next(): Token {
    return this.#tokens[this.at++]!;
  }

  #is(text: string): boolean {
    return this.#token.text === text && (this.#token.kind === "operator" || this.#token.kind === "name");
  }

  #take(text: string): boolean {
    if (!this.#is(text)) return false;
    this.at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw this.#unexpected();
  }

  #endsExpression(): boolean {
    return (
      this.#token.kind === "newline" ||
      this.#token.kind === "end" ||
      [")", "]", "}", "=", ":", ";"].some((text) => this.#is(text))
    );
  }

  #unexpected(): PythonSyntaxProblem {
    const { text, line } = this.#token;
    return new PythonSyntaxProblem(
      text.trim() === "" ? "the line ends too early" : `"${text}" is not expected here`,
      line,
    );
  }
}

// --- internal ---

const BUILT_IN = new Set(["int", "float", "str", "bool", "len", "abs", "round", "max", "min", "list", "tuple", "dict"]);
const COMPARISONS = new Set(["==", "!=", "<", ">", "<=", ">="]);

function attribute(value: PythonValue, name: string): PythonValue {
  if (isNamed(value)) return { named: `${value.named}.${name}` };
  throw new CannotTell(`the value of .${name}`);
}

function element(subject: PythonValue, index: PythonValue, world: PythonWorld): PythonValue {
  if (isNamed(subject) && subject.named === "os.environ") {
    const value = world.environment[textOf(index)];
    if (value === undefined)
      throw new Raised("KeyError", `the environment variable ${textOf(index)}, which is not set`);
    return value;
  }
  const found =
    subject instanceof Map ? subject.get(textOf(index)) : isList(subject) ? subject.at(number(index)) : undefined;
  if (found === undefined)
    throw new Raised(isList(subject) ? "IndexError" : "KeyError", "an element that is not there");
  return found;
}

function add(left: PythonValue, right: PythonValue): PythonValue {
  if (typeof left === "string" && typeof right === "string") return left + right;
  if (isList(left) && isList(right)) return [...left, ...right];
  return number(left) + number(right);
}

function multiply(operator: string, left: PythonValue, right: PythonValue): PythonValue {
  if (operator === "%" && typeof left === "string") return percent(left, right);
  const [a, b] = [number(left), number(right)];
  if (operator === "*") return a * b;
  if (b === 0) throw new CannotTell("a division by zero");
  return operator === "/" ? a / b : operator === "//" ? Math.floor(a / b) : a - b * Math.floor(a / b);
}

/** `"%s:%d" % (host, port)`. */
function percent(text: string, values: PythonValue): string {
  const list = isList(values) ? values : [values];
  let next = 0;
  return text.replace(/%(?:\((\w+)\))?([sdi%])/g, (_, name: string | undefined, conversion: string) => {
    if (conversion === "%") return "%";
    const value = name === undefined ? list[next++] : values instanceof Map ? values.get(name) : undefined;
    if (value === undefined) throw new CannotTell("a formatted text");
    return conversion === "s" ? textOf(value) : String(Math.trunc(number(value)));
  });
}

function contains(where: PythonValue, what: PythonValue, world: PythonWorld): boolean {
  if (isNamed(where) && where.named === "os.environ") return world.environment[textOf(what)] !== undefined;
  if (isNamed(where)) throw new CannotTell(`what ${where.named} holds`);
  if (typeof where === "string") return where.includes(textOf(what));
  if (where instanceof Map) return where.has(textOf(what));
  if (isList(where)) return where.includes(what);
  throw new CannotTell("what a value holds");
}

function compare(operator: string, left: PythonValue, right: PythonValue): boolean {
  if (isNamed(left) || isNamed(right)) throw new CannotTell("a comparison");
  if (operator === "==") return left === right;
  if (operator === "!=") return left !== right;
  const [a, b] = typeof left === "string" && typeof right === "string" ? [left, right] : [number(left), number(right)];
  return operator === "<" ? a < b : operator === ">" ? a > b : operator === "<=" ? a <= b : a >= b;
}
