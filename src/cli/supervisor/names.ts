import type { ProcessInfo } from "./process-info.ts";

/** A name as supervisorctl takes it: `x`, `group:x`, or `group:*` (process null). */
export interface NameSpec {
  readonly group: string;
  readonly process: string | null;
}

export function parseName(text: string): NameSpec {
  const colon = text.indexOf(":");
  if (colon < 0) return { group: text, process: text };
  const group = text.slice(0, colon);
  const process = text.slice(colon + 1);
  return { group, process: process === "" || process === "*" ? null : process };
}

export function matching(infos: readonly ProcessInfo[], spec: NameSpec): readonly ProcessInfo[] {
  return infos.filter(({ group, name }) => group === spec.group && (spec.process === null || name === spec.process));
}
