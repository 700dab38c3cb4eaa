/** A regular expression of NGINX (PCRE) as JavaScript writes it. */
export interface Pattern {
  readonly source: string;
  /** `(?i)` stood at its front. */
  readonly ignoreCase: boolean;
  readonly names: readonly string[];
  /** Where matching may differ. */
  readonly differences: readonly string[];
}

const POSIX: Readonly<Record<string, string>> = {
  alnum: "A-Za-z0-9",
  alpha: "A-Za-z",
  blank: " \\t",
  cntrl: "\\x00-\\x1f\\x7f",
  digit: "0-9",
  graph: "\\x21-\\x7e",
  lower: "a-z",
  print: "\\x20-\\x7e",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\s",
  upper: "A-Z",
  word: "\\w",
  xdigit: "A-Fa-f0-9",
};
const LETTERS: Readonly<Record<string, string>> = {
  A: "^",
  z: "$",
  Z: "$",
  a: "\\x07",
  e: "\\x1b",
  h: "[ \\t]",
  H: "[^ \\t]",
  N: "[^\\n]",
  R: "(?:\\r\\n|[\\n\\v\\f\\r])",
};

/** Why a pattern can't be had: PCRE would not take it either, or JavaScript has nothing for a part of it. */
export interface PatternFailure {
  readonly kind: "broken" | "untranslatable";
  readonly what: string;
}

export function toJavaScript(pcre: string): Pattern | PatternFailure {
  const state: State = { names: [], differences: new Set(), ignoreCase: false };
  let text = pcre;
  for (let flags = /^\(\?([imsxUJ]+)\)/.exec(text); flags !== null; flags = /^\(\?([imsxUJ]+)\)/.exec(text)) {
    if (/[^i]/.test(flags[1]!)) return without(`the flags ${flags[0]}`);
    state.ignoreCase = true;
    text = text.slice(flags[0].length);
  }
  const parts: string[] = [];
  let rest = text;
  while (rest !== "") {
    const step = nextPart(rest, state);
    if (typeof step === "string") return without(step);
    parts.push(step.text);
    rest = rest.slice(step.length);
  }
  const source = parts.join("");
  try {
    new RegExp(source.replace(/\$\{\w+\}/g, "x"));
  } catch (error) {
    return { kind: "broken", what: error instanceof Error ? error.message.replace(/^.*\/: /, "") : String(error) };
  }
  return { source, ignoreCase: state.ignoreCase, names: state.names, differences: [...state.differences] };
}

// --- internal ---

function without(what: string): PatternFailure {
  return { kind: "untranslatable", what };
}

interface State {
  readonly names: string[];
  readonly differences: Set<string>;
  ignoreCase: boolean;
}

interface Part {
  readonly text: string;
  /** Characters of the original. */
  readonly length: number;
}

function nextPart(rest: string, state: State): Part | string {
  const placeholder = /^\$\{[A-Za-z_]\w*\}/.exec(rest);
  if (placeholder !== null) return { text: placeholder[0], length: placeholder[0].length };
  if (rest[0] === "\\") return escaped(rest, false);
  if (rest[0] === "[") return characterClass(rest);
  if (rest.startsWith("(?") || rest.startsWith("(*")) return group(rest, state);
  const quantifier = /^(?:[*+?]|\{\d+(?:,\d*)?\})\+/.exec(rest);
  if (quantifier !== null) {
    state.differences.add("its possessive quantifiers may give back here what they matched");
    return { text: quantifier[0].slice(0, -1), length: quantifier[0].length };
  }
  const count = /^\{(?:\d+(?:,\d*)?)\}/.exec(rest);
  if (count !== null) return { text: count[0], length: count[0].length };
  // A brace that counts nothing stands for itself in PCRE.
  if (rest[0] === "{" || rest[0] === "}" || rest[0] === "]") return { text: `\\${rest[0]}`, length: 1 };
  return { text: rest[0]!, length: 1 };
}

function escaped(rest: string, inClass: boolean): Part | string {
  const character = rest[1];
  if (character === undefined) return "a backslash at its end";
  const quoted = /^\\Q([\s\S]*?)(?:\\E|$)/.exec(rest);
  if (quoted !== null) return { text: escapeLiteral(quoted[1]!), length: quoted[0].length };
  const hex = /^\\x\{([\da-fA-F]+)\}/.exec(rest);
  if (hex !== null) return { text: `\\u${hex[1]!.padStart(4, "0")}`, length: hex[0].length };
  const back = /^\\(?:g\{?(\d+)\}?|k\{(\w+)\}|k'(\w+)')/.exec(rest);
  if (back !== null)
    return { text: back[1] === undefined ? `\\k<${back[2] ?? back[3]}>` : `\\${back[1]}`, length: back[0].length };
  if ("KGXC".includes(character)) return `\\${character}`;
  if (character === "k" || /[bBdDsSwWnrtvf0-9xupPc]/.test(character)) return { text: `\\${character}`, length: 2 };
  const letter = LETTERS[character];
  if (letter !== undefined) return { text: inClass ? letter.replace(/^\[|\]$/g, "") : letter, length: 2 };
  // Only what has a meaning needs its backslash, whatever flags the pattern is read with.
  if (/[\^$\\.*+?()[\]{}|/]/.test(character) || (inClass && character === "-"))
    return { text: `\\${character}`, length: 2 };
  return { text: character, length: 2 };
}

function characterClass(rest: string): Part | string {
  let text = rest.startsWith("[^") ? "[^" : "[";
  let at = text.length;
  // A bracket right at the front stands for itself.
  if (rest[at] === "]") {
    text += "\\]";
    at++;
  }
  while (at < rest.length && rest[at] !== "]") {
    const posix = /^\[:(\^?)(\w+):\]/.exec(rest.slice(at));
    if (posix !== null) {
      const range = POSIX[posix[2]!];
      if (range === undefined || posix[1] !== "") return posix[0];
      text += range;
      at += posix[0].length;
    } else if (rest[at] === "\\") {
      const part = escaped(rest.slice(at), true);
      if (typeof part === "string") return part;
      text += part.text;
      at += part.length;
    } else {
      text += rest[at] === "[" ? "\\[" : rest[at]!;
      at++;
    }
  }
  return at >= rest.length ? "a [ without its ]" : { text: `${text}]`, length: at + 1 };
}

function group(rest: string, state: State): Part | string {
  const comment = /^\(\?#[^)]*\)/.exec(rest);
  if (comment !== null) return { text: "", length: comment[0].length };
  const named = /^\(\?(?:P?<([A-Za-z_]\w*)>|'(\w+)')/.exec(rest);
  if (named !== null) {
    const name = (named[1] ?? named[2])!;
    state.names.push(name);
    return { text: `(?<${name}>`, length: named[0].length };
  }
  const reference = /^\(\?P=(\w+)\)/.exec(rest);
  if (reference !== null) return { text: `\\k<${reference[1]}>`, length: reference[0].length };
  if (rest.startsWith("(?>")) {
    state.differences.add("its atomic groups may give back here what they matched");
    return { text: "(?:", length: 3 };
  }
  const plain = /^\(\?(?::|=|!|<=|<!)/.exec(rest);
  if (plain !== null) return { text: plain[0], length: plain[0].length };
  const flagged = /^\(\?(?:[ims]*(?:-[ims]+)?):/.exec(rest);
  if (flagged !== null) return { text: flagged[0], length: flagged[0].length };
  return /^\([?*][^)]*\)?/.exec(rest)![0];
}

function escapeLiteral(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
