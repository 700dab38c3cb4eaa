import { z } from "zod";
import { quote } from "./kinds.ts";

/** What stands in the documentation for a default that depends on something: `the folder of the file`. */
export const spokenDefaults = z.registry<{ readonly text: string }>();

/** A map with these keys and no others. */
export function section<const Shape extends z.core.$ZodLooseShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "invalid_type" ? `expected a section with keys, got ${quote(issue.input)}` : undefined,
  });
}

/** A map from names that the writer chooses. */
export function named<T extends z.ZodType>(names: RegExp, what: string, value: T): z.ZodRecord<z.ZodString, T> {
  const name = z.string().regex(names, { error: (issue) => `${quote(issue.input)} is not ${what}` });
  return z.record(name, value, {
    error: (issue) =>
      issue.code === "invalid_type" ? `expected a section of names, got ${quote(issue.input)}` : undefined,
  });
}

export function list<T extends z.ZodType>(item: T): z.ZodArray<T> {
  return z.array(item, {
    error: (issue) => (issue.code === "invalid_type" ? `expected a list, got ${quote(issue.input)}` : undefined),
  });
}

/** One value, or a list of such values; always read as a list. */
export function oneOrMore<T extends z.ZodType>(item: T) {
  return z.union([item.transform((value) => [value]), list(item)]);
}

/** A section, or a short form that stands for one. */
export function shorthand<Short extends z.ZodType, Long extends z.ZodType>(
  short: Short,
  expand: (value: z.output<Short>) => z.input<Long>,
  long: Long,
) {
  return z.union([short.transform(expand).pipe(long as z.core.$ZodType<z.output<Long>, Awaited<z.input<Long>>>), long]);
}

/** A setting that may be left out, and what it means; `without` says in words what happens then. */
export function optional<T extends z.ZodType>(schema: T, meaning: string, without?: string): z.ZodOptional<T> {
  const setting = schema.optional().describe(meaning);
  if (without !== undefined) spokenDefaults.add(setting, { text: without });
  return setting;
}

/** A setting with a default, given as people would write it. */
export function withDefault<T extends z.ZodType>(schema: T, value: z.input<T>, meaning: string): z.ZodPrefault<T> {
  return z.prefault(schema, value as z.core.input<T>).describe(meaning);
}
