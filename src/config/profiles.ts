import { didYouMean } from "../base/did-you-mean.ts";
import { ProblemList, PropylonError } from "../base/errors.ts";
import { merge } from "./merge.ts";
import { type Origin, originAt, type Sourced, type SourcedMap, valueAt } from "./sourced.ts";

/** Which profile is asked for: `--profile`, else `PROPYLON_PROFILE`; empty for none. */
export interface ProfileChoice {
  readonly name: string;
  /** Where the choice was made; null when it is a verb's own default, which the file need not define. */
  readonly origin: Origin | null;
}

/** The names that a document defines. */
export function profileNames(document: Sourced): readonly string[] {
  const profiles = valueAt(document, ["profiles"]);
  return profiles?.kind === "map" ? [...profiles.entries.keys()] : [];
}

/** The document with one profile merged over it, and without the section `profiles`. Throws for a profile that isn't there. */
export function applyProfile(document: Sourced, choice: ProfileChoice): Sourced {
  if (document.kind !== "map") return document;
  const profiles = valueAt(document, ["profiles"]);
  const base = withoutProfiles(document);
  if (choice.name === "") return base;
  const profile = profiles?.kind === "map" ? profiles.entries.get(choice.name)?.node : undefined;
  // `development:` with nothing below it changes nothing.
  if (profile?.kind === "scalar" && profile.value === null) return base;
  if (profile !== undefined) return merge(base, mark(profile, choice.name));
  if (choice.origin === null) return base;
  const names = profileNames(document);
  const known = names.length === 0 ? "this configuration has no profiles" : `its profiles are ${names.join(", ")}`;
  const remedy = didYouMean(choice.name, names);
  throw new ProblemList([
    new PropylonError("user", `The profile "${choice.name}" is not in ${originAt(document, []).place.file}; ${known}`, {
      place: choice.origin.place,
      ...(remedy === undefined ? {} : { remedy }),
    }),
  ]);
}

/** A section must stay in the document if it is malformed, so that the schema can refuse it. */
function withoutProfiles(document: SourcedMap): Sourced {
  const isMap = valueAt(document, ["profiles"])?.kind === "map";
  return isMap
    ? { ...document, entries: new Map([...document.entries].filter(([key]) => key !== "profiles")) }
    : document;
}

function mark(node: Sourced, profile: string): Sourced {
  const change = (origin: Origin): Origin => ({ ...origin, layer: "profile", profile });
  const origin = change(node.origin);
  if (node.kind === "scalar") return { ...node, origin };
  if (node.kind === "list") return { kind: "list", items: node.items.map((item) => mark(item, profile)), origin };
  const entries = [...node.entries].map(
    ([key, entry]) => [key, { key: change(entry.key), node: mark(entry.node, profile) }] as const,
  );
  return { kind: "map", entries: new Map(entries), origin };
}
