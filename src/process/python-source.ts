/** A name bound at the top level of a Python module, as far as reading tells. */
export interface Binding {
  readonly name: string;
  /** 1-based. */
  readonly line: number;
  readonly kind: "assigned" | "function" | "class" | "imported";
  /** Right of the `=`, its first line: `Flask(__name__)`. Of an import: the module. Else empty. */
  readonly value: string;
  /** Parameters of a function that a call without arguments leaves open. */
  readonly required: readonly string[];
}

/**
 * The names that a Python module binds when it is imported, in their order: assigned, defined or imported at the top level,
 * also below `if`, `try` and `with` there; not below `if __name__ == ...`. Reads the text and runs nothing, so a module that
 * does not compile at present is read as well.
 */
export function topLevelBindings(source: string): readonly Binding[] {
  const bindings: Binding[] = [];
  // Statements indented further than this are not of the module, or do not run when it is imported.
  let hidden = Number.POSITIVE_INFINITY;
  for (const { indentation, words, line } of statements(maskText(source))) {
    if (indentation > hidden) continue;
    hidden = /^(?:(?:async\s+)?def|class|if\s+__name__)\b/.test(words) ? indentation : Number.POSITIVE_INFINITY;
    bindings.push(...bindingsOf(words, line));
  }
  return bindings;
}

// --- internal ---

/** Comments, and what stands inside of strings, become blanks; lines stay where they are. */
function maskText(source: string): string {
  const tokens = /#[^\n]*|("""|''')(?:\\[\s\S]|(?!\1)[\s\S])*(?:\1|$)|(["'])(?:\\.|(?!\2)[^\\\n])*\2?/g;
  return source.replace(/\r\n?/g, "\n").replace(tokens, (token) => {
    const blank = token.replace(/[^\n]/g, " ");
    return token.startsWith("#") ? blank : `"${blank.slice(1)}`;
  });
}

interface Statement {
  /** Columns. */
  readonly indentation: number;
  /** Its text on one line. */
  readonly words: string;
  readonly line: number;
}

/** Logical lines: brackets and backslashes carry a statement over the end of its line. */
function* statements(text: string): Generator<Statement> {
  const lines = text.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const first = lines[index]!;
    const line = index + 1;
    const pieces = [first];
    let depth = depthOf(first);
    while ((depth > 0 || pieces.at(-1)!.endsWith("\\")) && index + 1 < lines.length) {
      const next = lines[index + 1]!;
      // A statement at the margin can't stand inside of brackets: those were never closed.
      if (/^(?:def|class|import|from)\b/.test(next)) break;
      pieces.push(next);
      depth += depthOf(next);
      index++;
    }
    const words = pieces
      .map((piece) => piece.replace(/\\$/, "").trim())
      .join(" ")
      .trim();
    if (words !== "") yield { indentation: first.length - first.trimStart().length, words, line };
  }
}

/** How many brackets it leaves open; negative: closes. */
function depthOf(text: string): number {
  let depth = 0;
  for (const character of text) {
    if ("([{".includes(character)) depth++;
    else if (")]}".includes(character)) depth--;
  }
  return depth;
}

function bindingsOf(words: string, line: number): readonly Binding[] {
  const binding = (name: string, kind: Binding["kind"], value = "", required: readonly string[] = []): Binding => ({
    name,
    line,
    kind,
    value,
    required,
  });
  const defined = /^(?:async\s+)?def\s+(\w+)\s*\((.*)$/.exec(words);
  if (defined !== null) return [binding(defined[1]!, "function", "", requiredOf(defined[2]!))];
  const classed = /^class\s+(\w+)/.exec(words);
  if (classed !== null) return [binding(classed[1]!, "class")];
  const imported = /^from\s+([\w.]+)\s+import\s+(.+)$/.exec(words);
  if (imported !== null) {
    const names = imported[2]!.replace(/[()]/g, "").split(",");
    return names.flatMap((one) => {
      const name = /^\s*(\w+)(?:\s+as\s+(\w+))?/.exec(one);
      return name === null ? [] : [binding(name[2] ?? name[1]!, "imported", `${imported[1]}:${name[1]}`)];
    });
  }
  return assigned(words).map(({ name, value }) => binding(name, "assigned", value));
}

/** `app = application = Flask(...)` binds both; `app: Flask = ...` binds one; `app == x` and `app.x = y` bind none. */
function assigned(words: string): readonly { readonly name: string; readonly value: string }[] {
  const names: string[] = [];
  for (let rest = words; ; ) {
    const target = /^(\w+)\s*(?::[^=]+)?=(?!=)\s*/.exec(rest);
    if (target === null) return names.map((name) => ({ name, value: rest.trim() }));
    names.push(target[1]!);
    rest = rest.slice(target[0].length);
  }
}

/** `text`: behind the opening bracket of the parameters. */
function requiredOf(text: string): readonly string[] {
  const parameters: string[] = [""];
  let depth = 0;
  for (const character of text) {
    if ("([{".includes(character)) depth++;
    else if (")]}".includes(character) && depth-- === 0) break;
    if (character === "," && depth === 0) parameters.push("");
    else parameters[parameters.length - 1] += character;
  }
  // `*`, `*args`, `**options` and `/` begin with no name.
  return parameters.flatMap((parameter) =>
    parameter.includes("=") ? [] : (/^\s*(\w+)/.exec(parameter)?.slice(1) ?? []),
  );
}
