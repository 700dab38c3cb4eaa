import type { Plain } from "../tree.ts";
import { accessAtoms } from "./access.ts";
import { type Atom, matchesOf } from "./atoms.ts";
import type { OptionsDraft } from "./options.ts";
import type { Section } from "./sections.ts";

/** Up to so many atoms all of their combinations are told apart; of more no three at once. */
const MOST = 4;

/**
 * A route and those before it that answer where more sections hold: for each combination of what they depend on one, the more
 * special ones first. Those that would do the same as the next that fits are left out.
 */
export function variantsOf(
  sections: readonly Section[],
  make: (drafts: readonly OptionsDraft[], truths: ReadonlySet<string>) => Plain,
): readonly Plain[] {
  const atoms = new Map<string, Atom>();
  for (const { atom } of sections) if (atom !== null) atoms.set(atom.key, atom);
  for (const atom of accessAtoms(sections.map(({ options }) => options.access))) atoms.set(atom.key, atom);
  const all = [...atoms.values()];
  const variants = combinations(all).map((chosen) => {
    const truths = new Set(chosen.map(({ key }) => key));
    const drafts = sections.filter(({ atom }) => atom === null || truths.has(atom.key)).map(({ options }) => options);
    return { chosen, truths, route: make(drafts, truths) };
  });
  const kept: typeof variants = [];
  for (const variant of variants.toReversed()) {
    const next = kept.find(({ truths }) => [...truths].every((key) => variant.truths.has(key)));
    if (next === undefined || JSON.stringify(next.route) !== JSON.stringify(variant.route)) kept.unshift(variant);
  }
  return kept.flatMap(({ chosen, route }) =>
    matchesOf(chosen).map((match) => {
      const when = [route["when"] ?? [], match["when"] ?? []].flat();
      return { ...route, ...match, ...(when.length === 0 ? {} : { when }) };
    }),
  );
}

// --- internal ---

/** From all at once to none; among as many the later ones first. */
function combinations(atoms: readonly Atom[]): readonly (readonly Atom[])[] {
  let found: (readonly Atom[])[] = [[]];
  const most = atoms.length > MOST ? 2 : MOST;
  for (const atom of atoms.toReversed())
    found = [...found, ...found.filter((before) => before.length < most).map((before) => [atom, ...before])];
  return found.toSorted((a, b) => b.length - a.length);
}
