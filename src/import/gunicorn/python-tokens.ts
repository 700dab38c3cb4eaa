/** A token of Python source. `line` is 1-based. */
export interface Token {
  readonly kind: "name" | "number" | "text" | "operator" | "newline" | "indent" | "dedent" | "end";
  /** As written; of a string its value, with `{` of an f-string left in. */
  readonly text: string;
  readonly line: number;
  /** Of a string: it is an f-string. */
  readonly formatted?: boolean;
}

/** Source that is not Python, at its line. */
export class PythonSyntaxProblem extends Error {
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

const NAME = /[\p{L}_][\p{L}\p{N}_]*/uy;
const NUMBER = /0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*)?\.?\d[\d_]*(?:[eE][+-]?\d+)?\.?/y;
const OPERATOR = /\*\*=|\/\/=|>>=|<<=|\.\.\.|->|:=|[-+*/%&|^@]=|[=!<>]=|\*\*|\/\/|<<|>>|[-+*/%@&|^~<>()[\]{},:.;=!]/y;
const STRING = /([rRbBuUfF]{0,2})("""|'''|"|')/y;

/** Python's lexical analysis (Language Reference §2): logical lines, indentation, strings, comments. */
export function tokenize(source: string): readonly Token[] {
  const text = source.replaceAll("\r\n", "\n").replace(/^\ufeff/, "");
  const tokens: Token[] = [];
  const indents = [0];
  let at = 0;
  let line = 1;
  let depth = 0;
  let fresh = true;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  while (at < text.length) {
    if (fresh && depth === 0) {
      const blank = take(/[ \t\f]*(?:#[^\n]*)?(?:\n|$)/y);
      if (blank !== null) {
        at += blank[0].length;
        line++;
        if (blank[0] === "") break;
        continue;
      }
      const spaces = take(/[ \t\f]*/y)![0];
      at += spaces.length;
      indent(spaces.replaceAll("\t", "        ").length);
      fresh = false;
    }
    const character = text[at]!;
    if (character === "\n") {
      if (depth === 0) {
        tokens.push({ kind: "newline", text: "\n", line });
        fresh = true;
      }
      at++;
      line++;
    } else if (/[ \t\f]/.test(character)) at++;
    else if (character === "#") at += take(/[^\n]*/y)![0].length;
    else if (character === "\\" && text[at + 1] === "\n") {
      at += 2;
      line++;
    } else if (take(STRING) !== null) string();
    else operand(character);
  }
  if (!fresh) tokens.push({ kind: "newline", text: "\n", line });
  while (indents.pop()! > 0) tokens.push({ kind: "dedent", text: "", line });
  tokens.push({ kind: "end", text: "", line });
  return tokens;

  function indent(width: number): void {
    if (width > indents.at(-1)!) {
      indents.push(width);
      tokens.push({ kind: "indent", text: "", line });
    }
    while (width < indents.at(-1)!) {
      indents.pop();
      tokens.push({ kind: "dedent", text: "", line });
    }
  }

  function operand(character: string): void {
    const name = take(NAME);
    const number = name === null && /[\d.]/.test(character) ? take(NUMBER) : null;
    const operator = name === null && (number === null || number[0] === "") ? take(OPERATOR) : null;
    const match = name ?? (number !== null && number[0] !== "" ? number : operator);
    if (match === null) throw new PythonSyntaxProblem(`${JSON.stringify(character)} is not Python`, line);
    const kind = match === name ? "name" : match === operator ? "operator" : "number";
    if (kind === "operator" && "([{".includes(match[0])) depth++;
    if (kind === "operator" && ")]}".includes(match[0])) depth = Math.max(0, depth - 1);
    tokens.push({ kind, text: match[0], line });
    at += match[0].length;
  }

  function string(): void {
    const [whole, prefix, quote] = take(STRING)!;
    const began = line;
    at += whole!.length;
    const raw = /r/i.test(prefix!);
    let value = "";
    while (!text.startsWith(quote!, at)) {
      const character = text[at];
      if (character === undefined || (character === "\n" && quote!.length === 1))
        throw new PythonSyntaxProblem("a string is not closed", began);
      if (character === "\n") line++;
      if (character === "\\") {
        const [piece, length] = raw ? [text.slice(at, at + 2), 2] : escapeSequence(text, at);
        if (text[at + 1] === "\n") line++;
        value += piece;
        at += length;
      } else {
        value += character;
        at++;
      }
    }
    at += quote!.length;
    tokens.push({ kind: "text", text: value, line: began, formatted: /f/i.test(prefix!) });
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  "\\": "\\",
  "'": "'",
  '"': '"',
  "0": "\0",
  "\n": "",
};

/** What an escape sequence stands for, and its length. Unknown ones stay as they are, as Python has it. */
function escapeSequence(text: string, at: number): readonly [string, number] {
  const next = text[at + 1] ?? "";
  const code = /^(?:x([\da-fA-F]{2})|u([\da-fA-F]{4}))/.exec(text.slice(at + 1, at + 7));
  if (code !== null) return [String.fromCharCode(Number.parseInt(code[1] ?? code[2]!, 16)), code[0].length + 1];
  return [ESCAPES[next] ?? `\\${next}`, 2];
}
