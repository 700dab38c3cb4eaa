import type { WrittenOption } from "./written-option.ts";

/** What a section of an ini file holds, and the lines outside of every section. */
export interface IniFile {
  readonly options: readonly WrittenOption[];
  /** Options before the first `[section]`; uWSGI reads none of them. */
  readonly outside: readonly WrittenOption[];
  /** Options of sections that were not asked for. */
  readonly others: readonly (WrittenOption & { readonly section: string })[];
  readonly found: boolean;
}

/**
 * Reads an ini file as uWSGI does: a line is `key = value` up to the first `=`, or a key alone; `;` and `#` comment at the front of
 * a line only, and nothing continues on the next.
 */
export function parseIni(text: string, file: string, section: string): IniFile {
  const options: WrittenOption[] = [];
  const outside: WrittenOption[] = [];
  const others: (WrittenOption & { section: string })[] = [];
  let current: string | null = null;
  let found = false;
  for (const [index, line] of text.split("\n").entries()) {
    const trimmed = line.replace(/^[ \t\ufeff]+|[ \t\r]+$/g, "");
    if (trimmed === "" || trimmed.startsWith(";") || trimmed.startsWith("#")) continue;
    if (trimmed.startsWith("[")) {
      current = trimmed.slice(1).replace(/\].*$/, "");
      found ||= current === section;
      continue;
    }
    const option = readLine(trimmed, { file, line: index + 1, column: line.indexOf(trimmed) + 1 });
    if (current === null) outside.push(option);
    else if (current === section) options.push(option);
    else others.push({ ...option, section: current });
  }
  return { options, outside, others, found };
}

// --- internal ---

function readLine(text: string, place: WrittenOption["place"]): WrittenOption {
  const equals = text.indexOf("=");
  if (equals < 0) return { name: text, value: null, place };
  return { name: text.slice(0, equals).trimEnd(), value: text.slice(equals + 1).trim(), place };
}
