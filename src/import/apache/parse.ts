import type { Place } from "../../base/errors.ts";

/** A directive, or a section with what stands in it. */
export interface ApacheNode {
  /** As written; `<VirtualHost>` for a section. */
  readonly name: string;
  /** In lower case, without the angle brackets. */
  readonly key: string;
  readonly args: readonly string[];
  readonly place: Place;
  /** null: a directive. */
  readonly children: readonly ApacheNode[] | null;
}

interface OpenSection {
  readonly node: { name: string; key: string; args: readonly string[]; place: Place; children: ApacheNode[] };
}

/** Reads the syntax: a directive a line, a backslash joins lines, `#` begins a comment line, sections nest. */
export function parseApache(
  text: string,
  file: string,
): {
  readonly nodes: readonly ApacheNode[];
  readonly stray: readonly { readonly text: string; readonly place: Place }[];
} {
  const nodes: ApacheNode[] = [];
  const stray: { text: string; place: Place }[] = [];
  const open: OpenSection[] = [];
  let joined: { readonly text: string; readonly line: number } | null = null;
  for (const [index, raw] of text.replaceAll("\0", "").split(/\r?\n/).entries()) {
    const line: string = (joined?.text ?? "") + (joined === null ? raw : raw.trimStart());
    const number: number = joined?.line ?? index + 1;
    joined = null;
    if (/\\$/.test(line) && !/^\s*#/.test(line)) {
      joined = { text: `${line.slice(0, -1).trimEnd()} `, line: number };
      continue;
    }
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const place = { file, line: number, column: line.search(/\S/) + 1 };
    const into = open.at(-1)?.node.children ?? nodes;
    const closing = /^<\/(\w+)\s*>?/.exec(trimmed);
    const section = /^<(\w+)\s*([\s\S]*?)>\s*$/.exec(trimmed);
    if (closing !== null) {
      const at = open.findLastIndex(({ node }) => node.key === closing[1]!.toLowerCase());
      if (at < 0) stray.push({ text: trimmed, place });
      else open.length = at;
    } else if (section !== null) {
      const key = section[1]!.toLowerCase();
      const node = { name: `<${section[1]!}>`, key, args: splitArguments(section[2]!), place, children: [] };
      into.push(node);
      open.push({ node });
    } else {
      const [name = "", ...args] = splitArguments(trimmed);
      if (/^[A-Za-z]\w*$/.test(name)) into.push({ name, key: name.toLowerCase(), args, place, children: null });
      else stray.push({ text: trimmed, place });
    }
  }
  return { nodes, stray };
}

/** Words with quotes taken off; a backslash in quotes keeps a quote or a backslash. */
export function splitArguments(text: string): readonly string[] {
  const words: string[] = [];
  const word = /\s*(?:"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S])*)'|((?:\{\{.*?\}\}|\{%.*?%\}|<%.*?%>|\S)+))/y;
  for (;;) {
    const match = word.exec(text);
    if (match === null) return words;
    const [, double, single, bare] = match;
    const quoted = double ?? single;
    words.push(quoted === undefined ? bare! : quoted.replace(/\\(["'\\])/g, "$1"));
  }
}
