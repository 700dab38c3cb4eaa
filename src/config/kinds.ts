import { z } from "zod";
import { parseDuration, parseSize } from "../base/units.ts";
import { parseAddress } from "./address.ts";

/** What the documentation and editors are told about a kind of value. */
export interface KindNote {
  /** As `docs/settings.md` and error messages call it. */
  readonly type: string;
  /** JSON Schema of what may be written. */
  readonly json: Readonly<Record<string, unknown>>;
}

export const kindNotes = z.registry<KindNote>();

type Written = string | number | boolean;

/** A parser's answer to a value that it can't take; a reason replaces "expected TYPE, got VALUE". */
class Refused {
  readonly reason: string | undefined;
  constructor(reason?: string) {
    this.reason = reason;
  }
}

// What comes from `${VAR}` or the environment is text, so every kind takes the text of its values as well.
const INTERPOLATED = { type: "string", pattern: "\\$\\{" };

export const text = kind("text", { type: ["string", "number", "boolean"] }, String);

/** Text with variables of the request in braces; the names are checked where it is resolved. */
export const template = kind("template", { type: ["string", "number", "boolean"] }, String);

export const path = kind("path", { type: "string" }, (value) =>
  typeof value !== "string" || value === "" || value.includes("\0") ? new Refused() : value,
);

export const duration = kind(
  "duration",
  {
    anyOf: [
      { type: "number", minimum: 0 },
      { type: "string", pattern: "^\\d+(\\.\\d+)?$|^(\\d+(\\.\\d+)?(ms|s|m|h|d|w))+$" },
      INTERPOLATED,
    ],
  },
  (value) =>
    (typeof value === "boolean" ? null : parseDuration(value)) ??
    new Refused(`expected a duration such as 30s, 1m or 500ms, got ${quote(value)}`),
);

export const size = kind(
  "size",
  {
    anyOf: [
      { type: "number", minimum: 0 },
      { type: "string", pattern: "^\\d+(\\.\\d+)? ?([kKmMgGtT]?[iI]?[bB]?)$" },
      INTERPOLATED,
    ],
  },
  (value) =>
    (typeof value === "boolean" ? null : parseSize(value)) ??
    new Refused(`expected a size such as 64KB, 10MB or a number of bytes, got ${quote(value)}`),
);

/** Bytes a second: a size, or a template that makes one of the request. */
export const bandwidth = kind(
  "size, or template of one",
  { anyOf: [{ type: "number", minimum: 0 }, { type: "string" }] },
  (value) => {
    if (typeof value === "string" && value.includes("{")) return value;
    return (
      (typeof value === "boolean" ? null : parseSize(value)) ??
      new Refused(`expected bytes a second such as 500KB, or a template such as {rate}, got ${quote(value)}`)
    );
  },
);

export const flag = kind("true or false", { anyOf: [{ type: "boolean" }, INTERPOLATED] }, (value) => {
  if (/^true$/i.test(String(value))) return true;
  return /^false$/i.test(String(value)) ? false : new Refused();
});

/** How long browsers may keep a file: seconds, negative for not at all, or a word of NGINX's `expires`. */
export const expiry = kind(
  "duration, `max` or `epoch`",
  {
    anyOf: [
      { type: "number" },
      { enum: ["max", "epoch"] },
      { type: "string", pattern: "^-?\\d+(\\.\\d+)?$|^-?(\\d+(\\.\\d+)?(ms|s|m|h|d|w))+$" },
      INTERPOLATED,
    ],
  },
  (value) => {
    if (value === "max" || value === "epoch") return value;
    const written = String(value);
    const length = typeof value === "boolean" ? null : parseDuration(written.replace(/^-/, ""));
    if (length === null) return new Refused(`expected a duration such as 1d, -1, max or epoch, got ${quote(value)}`);
    return written.startsWith("-") ? -1 : Math.round(length / 1000);
  },
);

/** `false`, to turn something off. */
export const off = kind("`false`", { const: false }, (value) =>
  /^(false|off)$/i.test(String(value)) ? (false as const) : new Refused(),
);

/** Checked here, taken apart by `parseAddress` where it is used. */
export const address = kind("address", { type: "string" }, (value) => {
  const written = String(value);
  const parsed = parseAddress(written);
  return parsed.kind === "bad"
    ? new Refused(`${parsed.reason}; expected host:port such as 127.0.0.1:8000 or *:80, or unix:/path`)
    : written;
});

/** Permission bits, written in octal: `0660` in quotes or not. */
export const permissions = kind(
  "octal mode",
  { anyOf: [{ type: "string", pattern: "^(0o?)?[0-7]{1,4}$" }, { type: "integer" }, INTERPOLATED] },
  (value) => {
    const match = /^(?:0o)?([0-7]{1,4})$/.exec(String(value));
    return match === null
      ? new Refused(`expected permission bits in octal such as "0660", got ${quote(value)}`)
      : Number.parseInt(match[1]!, 8);
  },
);

/** `module:attribute`, with dots on both sides; `()` after it calls the attribute to get the app. */
export const target = kind("module:attribute", { type: "string" }, (value) =>
  /^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*(:[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*(\(\))?)?$/u.test(
    String(value),
  )
    ? String(value)
    : new Refused(`expected module:attribute such as app:app or mysite.wsgi:application, got ${quote(value)}`),
);

/** A whole number between two bounds, both included. */
export function count(minimum: number, maximum = Number.MAX_SAFE_INTEGER): z.ZodType<number, Written> {
  const range = maximum === Number.MAX_SAFE_INTEGER ? `of ${minimum} or more` : `from ${minimum} to ${maximum}`;
  const json = { anyOf: [{ type: "integer", minimum, maximum }, { type: "string", pattern: "^\\d+$" }, INTERPOLATED] };
  return kind("number", json, (value) => {
    const number = /^\d+$/.test(String(value)) ? Number(value) : Number.NaN;
    return number >= minimum && number <= maximum
      ? number
      : new Refused(`expected a whole number ${range}, got ${quote(value)}`);
  });
}

/** A whole number from 1, or `auto`. */
export const countOrAuto = kind(
  "number or `auto`",
  {
    anyOf: [
      { type: "integer", minimum: 1, maximum: 1024 },
      { const: "auto" },
      { type: "string", pattern: "^\\d+$" },
      INTERPOLATED,
    ],
  },
  (value) => {
    if (value === "auto") return "auto" as const;
    const number = /^\d+$/.test(String(value)) ? Number(value) : Number.NaN;
    return number >= 1 && number <= 1024
      ? number
      : new Refused(`expected a whole number from 1 to 1024 or auto, got ${quote(value)}`);
  },
);

/** A share of a hundred: `10%`. */
export const percentage = kind(
  "percentage",
  {
    anyOf: [
      { type: "number", minimum: 0, maximum: 100 },
      { type: "string", pattern: "^\\d+(\\.\\d+)? ?%?$" },
      INTERPOLATED,
    ],
  },
  (value) => {
    const match = /^(\d+(?:\.\d+)?) ?%?$/.exec(String(value));
    return match !== null && Number(match[1]) <= 100
      ? Number(match[1])
      : new Refused(`expected a percentage such as 10%, got ${quote(value)}`);
  },
);

/** One word of a fixed list. */
export function choice<const T extends string | number>(...options: readonly T[]): z.ZodType<T, Written> {
  const list = options.map((option) => `\`${option}\``).join(", ");
  const found = (value: Written): T | Refused =>
    options.find((option) => String(option) === String(value)) ?? refusal(value);
  const refusal = (value: Written): Refused =>
    new Refused(`expected one of ${options.join(", ")}, got ${quote(value)}`);
  return kind(list, { anyOf: [{ enum: options }, INTERPOLATED] }, found);
}

/** Something that only needs to match a pattern. */
export function pattern(type: string, example: string, expression: RegExp): z.ZodType<string, Written> {
  return kind(type, { type: ["string", "number"] }, (value) =>
    expression.test(String(value))
      ? String(value)
      : new Refused(`expected ${withArticle(type)} such as ${example}, got ${quote(value)}`),
  );
}

/** A value as an error message shows it: short, on one line. */
export function quote(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a section";
  const shown = JSON.stringify(value) ?? String(value);
  return shown.length > 80 ? `${shown.slice(0, 77)}..."` : shown;
}

function kind<T>(type: string, json: KindNote["json"], parse: (value: Written) => T | Refused): z.ZodType<T, Written> {
  const expected = (value: unknown): string => `expected ${withArticle(type)}, got ${quote(value)}`;
  const schema = z
    .union([z.string(), z.number(), z.boolean()], { error: (issue) => expected(issue.input) })
    .transform((value, context) => {
      const parsed = parse(value);
      if (!(parsed instanceof Refused)) return parsed;
      context.issues.push({ code: "custom", input: value, message: parsed.reason ?? expected(value) });
      return z.NEVER;
    });
  kindNotes.add(schema, { type, json });
  return schema;
}

function withArticle(type: string): string {
  const plain = type.replaceAll("`", "");
  if (plain === "text" || plain.startsWith("true") || plain === "false") return plain;
  return `${/^[aeio]/i.test(plain) ? "an" : "a"} ${plain}`;
}
