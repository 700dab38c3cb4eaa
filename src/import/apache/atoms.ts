import type { Plain } from "../tree.ts";
import type { Alternatives } from "./expression.ts";

/** Something that holds for some requests and not for others, on which it depends what a section says. */
export interface Atom {
  readonly key: string;
  /** Upper-case methods, or null: `ways` say when it holds. */
  readonly methods: readonly string[] | null;
  readonly ways: Alternatives;
}

/** It is asked for by one of these methods; who takes GET takes HEAD. */
export function methodAtom(written: readonly string[]): Atom {
  const methods = [
    ...new Set(written.map((method) => method.toUpperCase()).filter((method) => /^[A-Z-]+$/.test(method))),
  ].sort();
  return { key: `method ${methods.join(" ")}`, methods, ways: [] };
}

/** One of these ways of conditions holds. */
export function conditionAtom(ways: Alternatives): Atom {
  return { key: JSON.stringify(ways), methods: null, ways };
}

/** What a route asks for so that all of these hold: one entry for each way. */
export function matchesOf(atoms: readonly Atom[]): readonly Plain[] {
  let found: readonly Match[] = [{ methods: null, when: [] }];
  for (const { methods, ways } of atoms)
    found = found.flatMap((before): Match[] =>
      methods === null
        ? ways.map((way) => ({ ...before, when: [...before.when, ...way] }))
        : [
            {
              ...before,
              methods: before.methods === null ? methods : before.methods.filter((one) => methods.includes(one)),
            },
          ],
    );
  return found
    .filter(({ methods }) => methods === null || methods.length > 0)
    .map(({ methods, when }) => ({
      ...(methods === null ? {} : { methods: [...methods] }),
      ...(when.length === 0 ? {} : { when: [...when] }),
    }));
}

// --- internal ---

interface Match {
  readonly methods: readonly string[] | null;
  readonly when: readonly Plain[];
}
