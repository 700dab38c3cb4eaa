import { VARIABLES } from "./template.ts";

/** What stands for what in texts of mod_rewrite at one place. */
export interface RewriteNames {
  readonly documentRoot: string;
  /** The template for the file that a request is for: in a server the path of the URL, as Apache has it there. */
  readonly file: string;
  /** The template for the value of `${map:key|default}`, or null. */
  lookUp(map: string, key: string, otherwise: string | null): string | null;
}

/** The variable that holds `%{ENV:name}`. */
export function environmentVariable(name: string): string {
  return `env_${name.replace(/\W/g, "_")}`;
}

/** The variable that holds the group `%N` of the condition that matched last. */
export function conditionGroup(number: string): string {
  return number === "0" ? "cond" : `cond${number}`;
}

/**
 * A substitution or test string of mod_rewrite as a template. `literal` changes the text between variables. null: it names
 * something that a template can't.
 */
export function rewriteText(
  text: string,
  names: RewriteNames,
  literal: (text: string) => string = (same) => same,
): string | null {
  let result = "";
  for (let at = 0; at < text.length; ) {
    const piece = TOKEN.exec(text.slice(at))!;
    const [whole, escaped, group, condition] = piece;
    at += whole.length;
    if (whole.startsWith("${")) {
      const end = closing(text, at);
      const found = /^([\w.-]+):([\s\S]*?)(?:\|([\s\S]*))?$/.exec(text.slice(at, end));
      if (end < 0 || found === null) return null;
      const [, map, key, otherwise] = found;
      const by = rewriteText(key!, names);
      const other = otherwise === undefined ? null : rewriteText(otherwise, names, literal);
      const value = by === null ? null : names.lookUp(map!, by, other);
      if (value === null) return null;
      result += value;
      at = end + 1;
    } else if (whole.startsWith("%{")) {
      const end = closing(text, at);
      const value = end < 0 ? null : variable(text.slice(at, end), names);
      if (value === null) return null;
      result += value;
      at = end + 1;
    } else if (group !== undefined) result += group === "0" ? "{uri}" : `{${group}}`;
    else if (condition !== undefined) result += `{${conditionGroup(condition)}}`;
    else result += literal(escaped ?? whole).replace(/\{(\w+)\}/g, "{{$1}}");
  }
  return result;
}

// --- internal ---

const TOKEN = /^(?:\\([\s\S])|\$(\d)|%(\d)|\$\{|%\{|(?:[^\\$%]+|[\s\S]))/;

/** Where the brace that was opened before `from` closes; -1: nowhere. */
function closing(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "{") depth++;
    if (text[at] === "}" && --depth === 0) return at;
  }
  return -1;
}

function variable(name: string, names: RewriteNames): string | null {
  const ahead = /^LA-[UF]:(.*)$/.exec(name);
  if (ahead !== null && /^(?:REQUEST|SCRIPT)_FILENAME$/.test(ahead[1]!)) return `${names.documentRoot}{uri}`;
  if (name === "DOCUMENT_ROOT" || name === "CONTEXT_DOCUMENT_ROOT") return names.documentRoot;
  if (name === "REQUEST_FILENAME" || name === "SCRIPT_FILENAME") return names.file;
  const header = /^HTTP:([\w-]+)$/.exec(name);
  if (header !== null) return `{http_${header[1]!.toLowerCase().replaceAll("-", "_")}}`;
  const environment = /^(?:ENV|E|env):(\w+)$/.exec(name);
  if (environment !== null) return `{${environmentVariable(environment[1]!)}}`;
  return VARIABLES[name] ?? null;
}
