/** One variable of a `.env` file and its line, or what is wrong with a line. */
export type EnvLine =
  | { readonly kind: "variable"; readonly name: string; readonly value: string; readonly line: number }
  | { readonly kind: "bad"; readonly message: string; readonly line: number };

/**
 * Reads `NAME=value` lines as Docker Compose and python-dotenv do: `export ` before a name, `#` comments, single quotes
 * (as it is) and double quotes (with `\n`, `\"` and `\\`), values over several lines within quotes.
 */
export function parseEnvFile(text: string): readonly EnvLine[] {
  const found: EnvLine[] = [];
  const source = text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  // One alternative each: blank or comment, quoted, plain, anything else.
  const pattern =
    /[ \t]*(?:#[^\n]*)?(?:\n|$)|[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*(?:'([^']*)'|"((?:[^"\\]|\\[\s\S])*)")[ \t]*(?:#[^\n]*)?(?:\n|$)|[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=([^\n]*)(?:\n|$)|([^\n]*)(?:\n|$)/y;
  let line = 1;
  while (pattern.lastIndex < source.length) {
    const match = pattern.exec(source);
    if (match === null) break;
    const [all, quotedName, single, double, plainName, plain, bad] = match;
    if (quotedName !== undefined)
      found.push({ kind: "variable", name: quotedName, value: single ?? withoutEscapes(double!), line });
    else if (plainName !== undefined) found.push(plainLine(plainName, plain!, line));
    else if (bad !== undefined) found.push({ kind: "bad", message: `"${bad.trim()}" is not NAME=value`, line });
    line += all.split("\n").length - 1;
  }
  return found;
}

function plainLine(name: string, written: string, line: number): EnvLine {
  const value = written.trim();
  if (/^["']/.test(value))
    return { kind: "bad", message: `the value of ${name} has no closing quote, or text after it`, line };
  return { kind: "variable", name, value: value.startsWith("#") ? "" : value.replace(/[ \t]+#.*$/, ""), line };
}

function withoutEscapes(text: string): string {
  return text.replace(
    /\\([\s\S])/g,
    (all, character: string) => ({ n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\", $: "$" })[character] ?? all,
  );
}
