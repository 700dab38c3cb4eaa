import type { Plain } from "../tree.ts";

/** A section without what is undefined in it; undefined when nothing is left. */
export function sectionOf(entries: Readonly<Record<string, unknown>>): Plain | undefined {
  const given = Object.entries(entries).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

export function compact(entries: Readonly<Record<string, unknown>>): Plain {
  return sectionOf(entries) ?? {};
}

export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
