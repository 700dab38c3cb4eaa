import type { Place } from "../../base/errors.ts";

/** `Name=value` of a unit file; an empty value takes back what was said before it. */
export interface UnitOption {
  readonly section: string;
  readonly name: string;
  readonly value: string;
  readonly place: Place;
}

export interface UnitFile {
  readonly options: readonly UnitOption[];
  /** Lines that are neither a section nor an option. */
  readonly stray: readonly { readonly text: string; readonly place: Place }[];
}

/** Reads a unit file (systemd.syntax(7)): a backslash at the end joins lines, `#` and `;` begin a comment line. */
export function parseUnitFile(text: string, file: string): UnitFile {
  const options: UnitOption[] = [];
  const stray: { text: string; place: Place }[] = [];
  let section = "";
  let open: { readonly text: string; readonly line: number } | null = null;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    if (/^\s*[#;]/.test(raw)) continue; // also between joined lines
    const line: string = (open?.text ?? "") + (open === null ? raw : raw.trimStart());
    const number: number = open?.line ?? index + 1;
    open = null;
    if (line.endsWith("\\")) {
      open = { text: `${line.slice(0, -1)} `, line: number };
      continue;
    }
    const trimmed = line.trim();
    if (trimmed === "") continue;
    const place = { file, line: number, column: 1 };
    const header = /^\[([^\]]+)\]$/.exec(trimmed);
    const option = /^([A-Za-z][\w-]*)\s*=\s*([\s\S]*)$/.exec(trimmed);
    if (header !== null) section = header[1]!;
    else if (option !== null) options.push({ section, name: option[1]!, value: option[2]!.trim(), place });
    else stray.push({ text: trimmed, place });
  }
  return { options, stray };
}
