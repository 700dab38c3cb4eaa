/** A pattern of Apache's as ours, `(?i)` in front as a setting beside it; null: one that JavaScript does not know. */
export function readPattern(text: string): { readonly regex: string; readonly ignore_case?: true } | null {
  const flagless = text
    .replace(/^(\^?)\(\?i\)/, "$1")
    .replace(/\[:(\w+):\]/g, (whole, name: string) => CLASSES[name] ?? whole)
    .replace(/\\h/g, "[ \\t]")
    .replace(/\\A/g, "^")
    .replace(/\\[zZ]$/g, "$");
  // Possessive quantifiers and other spellings of PCRE.
  const regex = isRegex(flagless) ? flagless : flagless.replaceAll("(?P<", "(?<").replace(/([*+?}])\+/g, "$1");
  if (!isRegex(regex)) return null;
  return /^\^?\(\?i\)/.test(text) ? { regex, ignore_case: true } : { regex };
}

/** Groups without numbers, so that those of another pattern stay. */
export function withoutGroups(regex: string): string {
  return replaceUnescaped(regex, /\((?!\?)/, "(?:");
}

/** Numbered groups as named ones: `name(1)`, `name(2)`, ... */
export function withNames(regex: string, name: (number: number) => string): string {
  let number = 0;
  return replaceUnescaped(regex, /\((?!\?)/, () => `(?<${name(++number)}>`);
}

/** How many groups a pattern has. */
export function groupsOf(regex: string): number {
  let count = 0;
  replaceUnescaped(regex, /\((?!\?(?!<[^=!]))/, (whole) => {
    count++;
    return whole;
  });
  return count;
}

/** A pattern for what stands behind `base` as one for the whole text. */
export function behind(base: string, regex: string): string {
  const front = escaped(base);
  const plain = /^\^(?!.*\^)/.test(regex) && !hasAlternatives(regex);
  if (plain) return `^${front}${regex.slice(1)}`;
  const inner = replaceUnescaped(regex, /\^/, `(?<=^${front})`);
  return `(?<=^${front}[^]*)(?:${inner})`;
}

/** Text as a pattern of just that text. */
export function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

// --- internal ---

const CLASSES: Readonly<Record<string, string>> = {
  alnum: "A-Za-z0-9",
  alpha: "A-Za-z",
  digit: "0-9",
  space: "\\s",
  upper: "A-Z",
  lower: "a-z",
  word: "\\w",
  xdigit: "0-9A-Fa-f",
  punct: "!-\\/:-@[-`{-~",
};

function isRegex(pattern: string): boolean {
  try {
    new RegExp(pattern);
    return true;
  } catch {
    return false;
  }
}

/** Replaces what a pattern finds outside of classes and escapes. */
function replaceUnescaped(regex: string, what: RegExp, by: string | ((found: string) => string)): string {
  const piece = new RegExp(`\\\\[\\s\\S]|\\[\\^?\\]?(?:\\\\[\\s\\S]|[^\\]\\\\])*\\]|${what.source}`, "g");
  const whole = new RegExp(`^(?:${what.source})`);
  return regex.replace(piece, (found, ...rest: unknown[]) => {
    const at = rest.find((each) => typeof each === "number") as number;
    if (found.startsWith("\\") || found.startsWith("[")) return found;
    return whole.test(regex.slice(at)) ? (typeof by === "string" ? by : by(found)) : found;
  });
}

function hasAlternatives(regex: string): boolean {
  let depth = 0;
  let found = false;
  replaceUnescaped(regex, /[(|)]/, (character) => {
    if (character === "(") depth++;
    else if (character === ")") depth--;
    else if (depth === 0) found = true;
    return character;
  });
  return found;
}
