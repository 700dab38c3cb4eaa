/**
 * Splits a command line into words as a POSIX shell does (XCU 2.2: quotes and backslashes), without expanding anything. null
 * when a quote is not closed.
 */
export function splitShellWords(text: string): readonly string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let i = 0;
  while (i < text.length) {
    const character = text[i]!;
    if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
      i++;
    } else if (character === "'") {
      const end = text.indexOf("'", i + 1);
      if (end < 0) return null;
      word = (word ?? "") + text.slice(i + 1, end);
      i = end + 1;
    } else if (character === '"') {
      const quoted = doubleQuoted(text, i + 1);
      if (quoted === null) return null;
      word = (word ?? "") + quoted.text;
      i = quoted.end;
    } else if (character === "\\") {
      // A backslash before the end of a line joins the lines.
      if (text[i + 1] !== "\n") word = (word ?? "") + (text[i + 1] ?? "\\");
      i += 2;
    } else {
      word = (word ?? "") + character;
      i++;
    }
  }
  if (word !== null) words.push(word);
  return words;
}

/** Writes words so that a POSIX shell reads the same ones. */
export function joinShellWords(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}

function doubleQuoted(text: string, from: number): { readonly text: string; readonly end: number } | null {
  let result = "";
  for (let i = from; i < text.length; i++) {
    const character = text[i]!;
    if (character === '"') return { text: result, end: i + 1 };
    if (character === "\\" && /[$`"\\\n]/.test(text[i + 1] ?? "")) {
      if (text[i + 1] !== "\n") result += text[i + 1]!;
      i++;
    } else result += character;
  }
  return null;
}
