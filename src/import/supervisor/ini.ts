import type { Place } from "../../base/errors.ts";

/** `key = value` of a section, the value still unexpanded, its lines joined by newlines. */
export interface IniOption {
  /** As written; supervisor compares it in lower case. */
  readonly name: string;
  readonly key: string;
  readonly value: string;
  readonly place: Place;
  /** What is odd about how it is written, or null. */
  readonly slip: string | null;
}

/** Sections of the same name are separate here: their options add up, the last of each key wins. */
export interface IniSection {
  readonly name: string;
  readonly place: Place;
  readonly options: readonly IniOption[];
}

/** A line that is neither a section nor an option nor the continuation of one. */
export interface StrayLine {
  readonly text: string;
  readonly place: Place;
  readonly reason: string;
}

export interface IniFile {
  readonly sections: readonly IniSection[];
  readonly stray: readonly StrayLine[];
}

interface OpenOption {
  readonly name: string;
  readonly indent: number;
  readonly place: Place;
  readonly lines: string[];
  slip: string | null;
}

interface OpenSection {
  readonly name: string;
  readonly place: Place;
  readonly options: OpenOption[];
}

/**
 * Reads what supervisor's parser reads (Python's configparser with `;` and `#` for comments, in a line behind a blank): an
 * indented line goes on with the value before it. One that is a setting of its own by its looks (`isKey`) is taken for one.
 */
export function parseIni(text: string, file: string, isKey: (section: string, key: string) => boolean): IniFile {
  const sections: OpenSection[] = [];
  const stray: StrayLine[] = [];
  let option: OpenOption | null = null;
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
  for (const [index, raw] of lines.entries()) {
    const line = withoutComment(raw);
    const value = line.trim();
    const section = sections.at(-1);
    if (value === "") {
      if (line.length === raw.length) option?.lines.push("");
      continue;
    }
    const indent = line.search(/\S/);
    const place: Place = { file, line: index + 1, column: indent + 1 };
    const header = /^\[([^\]]+)\]/.exec(value);
    const setting = /^([^=:\s][^=:]*?)\s*[=:]\s*([\s\S]*)$/.exec(value);
    const deeper: boolean = option !== null && indent > option.indent;
    if (deeper && !(setting !== null && isOwnSetting(option!, section!, setting[1]!, isKey))) {
      option!.lines.push(value);
      continue;
    }
    if (header !== null && !deeper) {
      sections.push({ name: header[1]!.trim(), place, options: [] });
      option = null;
    } else if (section === undefined) {
      stray.push({
        text: value,
        place,
        reason: "it stands before the first [section], and supervisord takes no such file",
      });
    } else if (setting === null) {
      stray.push({
        text: value,
        place,
        reason: "it is neither a [section] nor key=value, and supervisord takes no such file",
      });
    } else {
      const slip: string | null = deeper
        ? `it is indented more than ${option!.name} above, of whose value supervisord takes it for a part; read as a setting`
        : null;
      option = { name: setting[1]!, indent: deeper ? option!.indent : indent, place, lines: [setting[2]!], slip };
      section.options.push(option);
    }
  }
  return { sections: sections.map(closed), stray };
}

// --- internal ---

/** Up to a `;` or `#` that begins the line or stands behind a blank. */
function withoutComment(line: string): string {
  const start = /^\s*[;#]|\s[;#]/.exec(line);
  return start === null ? line : line.slice(0, start.index);
}

/** Whether an indented line is a setting, not more of the value above: by its key, and never in a list of variables. */
function isOwnSetting(
  above: OpenOption,
  section: OpenSection,
  name: string,
  isKey: (section: string, key: string) => boolean,
): boolean {
  return above.name.toLowerCase() !== "environment" && isKey(section.name, name.toLowerCase());
}

function closed({ name, place, options }: OpenSection): IniSection {
  return {
    name,
    place,
    options: options.map((option) => ({
      name: option.name,
      key: option.name.toLowerCase(),
      value: option.lines.join("\n").trim(),
      place: option.place,
      slip: option.slip,
    })),
  };
}
