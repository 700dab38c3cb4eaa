/**
 * Words of a command as Python's `shlex.split` makes them, which is how supervisor does it: quotes, and a backslash before any
 * character; between double quotes only before `"` and `\`. null: a quote is not closed.
 */
export function splitCommand(text: string): readonly string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (char === "\\") {
      if (++i >= text.length) return null;
      word = (word ?? "") + text[i]!;
    } else if (char === "'" || char === '"') {
      const quoted = readQuoted(text, i);
      if (quoted === null) return null;
      word = (word ?? "") + quoted.content;
      i = quoted.end;
    } else word = (word ?? "") + char;
  }
  return word === null ? words : [...words, word];
}

/** `KEY="value",OTHER='value'` of an `environment` setting, or null where it can't be read. */
export function splitEnvironment(text: string): Readonly<Record<string, string>> | null {
  const result: Record<string, string> = {};
  const pair = /\s*([^\s=,"']+)\s*=\s*("[^"]*"|'[^']*'|[^,\n"']*)\s*(?:,|\n|$)/y;
  let end = 0;
  while (text.slice(end).trim() !== "") {
    pair.lastIndex = end;
    const match = pair.exec(text);
    if (match === null) return null;
    result[match[1]!] = match[2]!.trim().replace(/^(["'])([\s\S]*)\1$/, "$2");
    end = pair.lastIndex;
  }
  return result;
}

// --- internal ---

function readQuoted(text: string, start: number): { readonly content: string; readonly end: number } | null {
  const quote = text[start]!;
  let content = "";
  for (let i = start + 1; i < text.length; i++) {
    const char = text[i]!;
    if (char === quote) return { content, end: i };
    if (char === "\\" && quote === '"' && (text[i + 1] === '"' || text[i + 1] === "\\")) content += text[++i]!;
    else content += char;
  }
  return null;
}
