import type { Imported } from "./import.ts";
import { changeMaps, changeTexts, type Plain } from "./tree.ts";

/** Names and values of environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Imports with an environment; may throw. */
export type Import = (environment: Environment) => Imported;

/** What an import came to. */
export type Attempt =
  | { readonly imported: Imported; readonly error: null }
  | { readonly imported: null; readonly error: unknown };

export function attempt(read: Import, environment: Environment): Attempt {
  try {
    return { imported: read(environment), error: null };
  } catch (error) {
    return { imported: null, error };
  }
}

/** What stands for a variable while it is tried, by the kinds of values that there are; found nowhere else. */
export function probes(name: string): Readonly<Record<"word" | "number" | "path" | "yes", string>> {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + letter.charCodeAt(0)) % 9973;
  const word = `propylonreads${hash}x`;
  return { word, number: String(41_000 + hash), path: `/${word}`, yes: "true" };
}

/**
 * Variables of these that are not set and that something can't do without, each with a stand-in of the kind that is wanted: with
 * them fewer directives need a decision, or an import that fails does not.
 *
 * @param isNeeded whether there is nothing without it at all: a placeholder of a template
 */
export function stillOpen(
  read: Import,
  environment: Environment,
  names: readonly string[],
  plain: Attempt,
  isNeeded: (name: string) => boolean,
): Readonly<Record<string, string>> {
  const unset = names.filter((name) => environment[name] === undefined);
  const open = (values: Environment): number => openIn(attempt(read, { ...environment, ...values }));
  let assumed: Record<string, string> = Object.fromEntries(unset.map((name) => [name, probes(name).word]));
  for (const name of unset) {
    const { [name]: _, ...without } = assumed;
    const kinds = Object.values(probes(name)).map((probe) => ({ probe, left: open({ ...without, [name]: probe }) }));
    const best = kinds.reduce((one, other) => (other.left < one.left ? other : one));
    assumed = !isNeeded(name) && open(without) <= best.left ? without : { ...without, [name]: best.probe };
  }
  if (openIn(plain) > open(assumed)) return assumed;
  return Object.fromEntries(Object.entries(assumed).filter(([name]) => isNeeded(name)));
}

/** The import in which what a variable gave its name to is called after the variable, not after its stand-in. */
export function callAfter(imported: Imported, assumed: Readonly<Record<string, string>>): Imported {
  const words = Object.entries(assumed).map(([name, probe]) => [probe.replace(/^\//, ""), name.toLowerCase()] as const);
  const rename = (text: string): string => words.reduce((result, [word, name]) => result.replaceAll(word, name), text);
  const keys = new Set<string>();
  changeMaps(imported.settings, (map) => {
    for (const key of Object.keys(map)) if (rename(key) !== key) keys.add(key);
    return map;
  });
  if (keys.size === 0) return imported;
  const called = changeMaps(imported.settings, (map) =>
    Object.fromEntries(Object.entries(map).map(([key, value]) => [rename(key), value])),
  );
  return { ...imported, settings: changeTexts(called, (text) => (keys.has(text) ? rename(text) : text)) as Plain };
}

// --- internal ---

function openIn({ imported }: Attempt): number {
  if (imported === null) return Number.MAX_SAFE_INTEGER;
  return imported.directives.filter(({ verdict }) => verdict === "needs-a-decision").length;
}
