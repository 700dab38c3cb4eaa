const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
  "'": "'",
  s: " ",
};

/** Words of a value as systemd splits them (systemd.service(5), "Command lines"): quotes and C escapes. null: a quote is open. */
export function splitUnitWords(text: string): readonly string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === "\\") {
      const hex = /^x([\da-fA-F]{2})/.exec(text.slice(i + 1));
      const next = text[i + 1];
      if (hex !== null) {
        word = (word ?? "") + String.fromCharCode(Number.parseInt(hex[1]!, 16));
        i += 3;
      } else {
        // What is no escape stays as it is written, which systemd does too, with a warning.
        word = (word ?? "") + (next === undefined ? "\\" : (ESCAPES[next] ?? `\\${next}`));
        i++;
      }
    } else if (quote !== null) {
      if (char === quote) quote = null;
      else word = (word ?? "") + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + char;
  }
  if (quote !== null) return null;
  return word === null ? words : [...words, word];
}

/** `NAME=value` words of `Environment=`, or null where one is not. */
export function readAssignments(text: string): Readonly<Record<string, string>> | null {
  const words = splitUnitWords(text);
  if (words === null) return null;
  const pairs = words.map((word) => /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(word));
  if (pairs.some((pair) => pair === null)) return null;
  return Object.fromEntries(pairs.map((pair) => [pair![1]!, pair![2]!]));
}

/**
 * Puts variables into words as systemd does: `${NAME}` anywhere in a word, `$NAME` as a whole word, which is split at blanks;
 * `$$` is a dollar sign. What is not set is empty.
 */
export function expandVariables(
  words: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): { readonly words: readonly string[]; readonly missing: readonly string[] } {
  const missing = new Set<string>();
  const lookUp = (name: string): string => {
    const value = variables[name];
    if (value === undefined) missing.add(name);
    return value ?? "";
  };
  const expanded = words.flatMap((word) => {
    const whole = /^\$([A-Za-z_]\w*)$/.exec(word);
    if (whole !== null)
      return lookUp(whole[1]!)
        .split(/\s+/)
        .filter((part) => part !== "");
    return [
      word.replace(/\$\$|\$\{([A-Za-z_]\w*)\}/g, (_written, name: string | undefined) =>
        name === undefined ? "$" : lookUp(name),
      ),
    ];
  });
  return { words: expanded, missing: [...missing] };
}
