import type { WrittenOption } from "./written-option.ts";

/**
 * Reads the section `uwsgi:` of a YAML file line by line, as the parser that uWSGI is built with does: `key: value` up to the first
 * colon, items of a list for the key before them, quotes taken off. null: there is no such section.
 */
export function parseYaml(text: string, file: string, section: string): readonly WrittenOption[] | null {
  const options: WrittenOption[] = [];
  let inside = false;
  let found = false;
  let key = "";
  for (const [index, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#") || /^(?:---|\.\.\.|%)/.test(line)) continue;
    const place = { file, line: index + 1, column: line.indexOf(trimmed) + 1 };
    if (place.column === 1 && !trimmed.startsWith("- ")) {
      inside = new RegExp(`^["']?${escaped(section)}["']?\\s*:\\s*$`).test(withoutComment(trimmed));
      found ||= inside;
      continue;
    }
    if (!inside) continue;
    const item = /^-\s+(.*)$/.exec(trimmed);
    if (item !== null) {
      const last = options.at(-1);
      // `key:` in front of a list is not an option of its own.
      if (last !== undefined && last.name === key && last.value === null) options.pop();
      options.push({ name: key, value: plain(item[1]!), place });
      continue;
    }
    const colon = trimmed.indexOf(":");
    key = unquoted((colon < 0 ? trimmed : trimmed.slice(0, colon)).trim());
    const value = colon < 0 ? "" : plain(trimmed.slice(colon + 1));
    options.push({ name: key, value: value === "" ? null : value, place });
  }
  return found ? options : null;
}

// --- internal ---

function plain(text: string): string {
  const trimmed = text.trim();
  return /^["']/.test(trimmed) ? unquoted(trimmed) : withoutComment(trimmed);
}

function withoutComment(text: string): string {
  return text.replace(/\s+#.*$/, "").trimEnd();
}

function unquoted(text: string): string {
  const match = /^(["'])([\s\S]*)\1\s*(?:#.*)?$/.exec(text);
  return match === null ? text : match[2]!;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
