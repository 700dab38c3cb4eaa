import type { Imported } from "./import.ts";

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
 */
export function stillOpen(
  read: Import,
  environment: Environment,
  names: readonly string[],
  plain: Attempt,
): Readonly<Record<string, string>> {
  const unset = names.filter((name) => environment[name] === undefined);
  const open = (values: Environment): number => openIn(attempt(read, { ...environment, ...values }));
  let assumed: Record<string, string> = Object.fromEntries(unset.map((name) => [name, probes(name).word]));
  for (const name of unset) {
    const { [name]: _, ...without } = assumed;
    const kinds = Object.values(probes(name)).map((probe) => ({ probe, left: open({ ...without, [name]: probe }) }));
    const best = kinds.reduce((one, other) => (other.left < one.left ? other : one));
    assumed = open(without) <= best.left ? without : { ...without, [name]: best.probe };
  }
  return openIn(plain) > open(assumed) ? assumed : {};
}

// --- internal ---

function openIn({ imported }: Attempt): number {
  if (imported === null) return Number.MAX_SAFE_INTEGER;
  return imported.directives.filter(({ verdict }) => verdict === "needs-a-decision").length;
}
