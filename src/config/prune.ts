import type { z } from "zod";
import type { Settings } from "./schema.ts";
import type { Path } from "./sourced.ts";

const ROUNDS = 20;

/**
 * Cuts what the schema refuses out of a document until it takes the rest, so that the rules beyond the schema can be
 * checked in the same run. null when nothing sensible is left.
 */
export function prune(
  plain: unknown,
  parse: (candidate: unknown) => z.ZodSafeParseResult<Settings>,
  issues: readonly z.core.$ZodIssue[],
): { readonly settings: Settings; readonly removed: readonly Path[] } | null {
  const rest = structuredClone(plain);
  const removed: Path[] = [];
  let pending = issues;
  for (let round = 0; round < ROUNDS; round++) {
    // From the end, so that items of a list keep their place until it is their turn.
    const cuts = pending.flatMap(cutsOf).sort(comparePaths).reverse();
    for (const path of cuts) {
      const cut = remove(rest, path);
      if (cut === null) return null;
      removed.push(cut);
    }
    const result = parse(rest);
    if (result.success) return { settings: result.data, removed };
    pending = result.error.issues;
  }
  return null;
}

function cutsOf(issue: z.core.$ZodIssue): Path[] {
  const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
  return issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...path, key]) : [path];
}

/** Removes the value, or what it is missing from. A list with a bad item goes as a whole, for the others would change their index. */
function remove(root: unknown, path: Path): Path | null {
  for (let length = path.length; length > 0; length--) {
    const parent = path.slice(0, length - 1).reduce<unknown>((value, step) => child(value, step), root);
    const step = path[length - 1]!;
    if (typeof parent !== "object" || parent === null || !Object.hasOwn(parent, step)) continue;
    if (!Array.isArray(parent)) {
      delete (parent as Record<string, unknown>)[step];
      return path.slice(0, length);
    }
  }
  return null;
}

function child(value: unknown, step: string | number): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, step)
    ? (value as Record<string | number, unknown>)[step]
    : undefined;
}

function comparePaths(a: Path, b: Path): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (x !== y) return typeof x === "number" && typeof y === "number" ? x - y : String(x) < String(y) ? -1 : 1;
  }
  return a.length - b.length;
}
