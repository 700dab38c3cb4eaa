/** A value with its `%(name)s` replaced, and what was amiss with them. */
export interface Expanded {
  readonly text: string;
  /** Names that are not known: supervisord would not start. */
  readonly unknown: readonly string[];
  /** What is odd, to be said in the report; null when all is well. */
  readonly slip: string | null;
}

const FORMAT = /%(?:\(([^)]*)\)([#0 +-]*)(\d*)(?:\.(\d+))?([a-zA-Z%])?|(%)|(.?))/gs;
const INTEGER = /[di]/;

/**
 * Python's `text % names`, as supervisor expands its values: `%(x)s`, `%(x)d`, `%(x)02d`, `%%`. Names that are not known, and
 * what is no format, stay as they are written.
 */
export function expandValue(text: string, names: Readonly<Record<string, string>>): Expanded {
  const unknown: string[] = [];
  let slip: string | null = null;
  const expanded = text.replace(
    FORMAT,
    (
      written: string,
      name: string | undefined,
      flags: string,
      width: string,
      precision: string | undefined,
      conversion: string | undefined,
      percent,
    ) => {
      if (percent !== undefined) return "%";
      if (name === undefined || conversion === undefined || !/[sdi]/.test(conversion)) {
        slip ??= `"${written}" is no format that Python knows, and supervisord would refuse it; kept as it is written`;
        return written;
      }
      if (!Object.hasOwn(names, name)) {
        unknown.push(name);
        return written;
      }
      if (flags.includes("-") && width === "")
        slip ??= `"${written}" has a minus sign where s was meant: Python takes "-${conversion}" for the format, so it becomes "${names[name]}"`;
      return pad(names[name]!, flags, Number(width || "0"), precision, conversion);
    },
  );
  return { text: expanded, unknown, slip };
}

// --- internal ---

function pad(value: string, flags: string, width: number, precision: string | undefined, conversion: string): string {
  const plain = precision !== undefined && conversion === "s" ? value.slice(0, Number(precision)) : value;
  if (flags.includes("-")) return plain.padEnd(width);
  return plain.padStart(width, flags.includes("0") && INTEGER.test(conversion) ? "0" : " ");
}
