import type { Entry, Sourced } from "./sourced.ts";

/** One layer over another: maps merge deeply, lists and scalars replace, null removes. */
export function merge(lower: Sourced, upper: Sourced): Sourced {
  if (lower.kind !== "map" || upper.kind !== "map") return withoutNulls(upper);
  const entries = new Map<string, Entry>(lower.entries);
  for (const [key, entry] of upper.entries) {
    const below = entries.get(key);
    if (isNull(entry.node)) entries.delete(key);
    else
      entries.set(key, {
        key: entry.key,
        node: below === undefined ? withoutNulls(entry.node) : merge(below.node, entry.node),
      });
  }
  return { kind: "map", entries, origin: lower.origin };
}

function withoutNulls(node: Sourced): Sourced {
  if (node.kind !== "map") return node;
  const kept = [...node.entries].filter(([, entry]) => !isNull(entry.node));
  return {
    ...node,
    entries: new Map(kept.map(([key, entry]) => [key, { key: entry.key, node: withoutNulls(entry.node) }])),
  };
}

function isNull(node: Sourced): boolean {
  return node.kind === "scalar" && node.value === null;
}
