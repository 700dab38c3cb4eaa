import { describePlace, type Place } from "../base/errors.ts";

/** Which layer a value came from, and where it stands there. */
export interface Origin {
  readonly layer: "default" | "config" | "profile" | "environment" | "flag";
  /** A place in a file, or the name of what was given instead: `--workers`, `environment PROPYLON_ADMIN`. */
  readonly place: Place;
  /** The profile's name. */
  readonly profile?: string;
}

export type Path = readonly (string | number)[];
export type Scalar = string | number | boolean | null;

/**
 * A document whose every value remembers its origin. All layers become this before they are merged, so that an error or
 * `propylon explain` can say where any value was written.
 */
export type Sourced = SourcedScalar | SourcedList | SourcedMap;

export interface SourcedScalar {
  readonly kind: "scalar";
  readonly value: Scalar;
  /** As written: an environment value `1.10` must not become `1.1`. */
  readonly text: string;
  readonly origin: Origin;
}

export interface SourcedList {
  readonly kind: "list";
  readonly items: readonly Sourced[];
  readonly origin: Origin;
}

export interface SourcedMap {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, Entry>;
  readonly origin: Origin;
}

export interface Entry {
  /** Where the key stands. */
  readonly key: Origin;
  readonly node: Sourced;
}

export const DEFAULT: Origin = { layer: "default", place: { file: "default" } };

/** `propylon.yaml:12:9`, `propylon.yaml:30:5 (profile development)`, `environment PROPYLON_LISTEN`, `--workers`, `default`. */
export function describeOrigin(origin: Origin): string {
  const place = describePlace(origin.place);
  return origin.profile === undefined ? place : `${place} (profile ${origin.profile})`;
}

/** Plain data given in code becomes a document with one origin. What JSON can't say is written as text. */
export function fromValue(value: unknown, origin: Origin): Sourced {
  if (Array.isArray(value)) return { kind: "list", items: value.map((item) => fromValue(item, origin)), origin };
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return {
      kind: "map",
      entries: new Map(entries.map(([key, item]) => [key, { key: origin, node: fromValue(item, origin) }])),
      origin,
    };
  }
  return scalar(
    typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null,
    origin,
  );
}

export function scalar(value: Scalar, origin: Origin, text = value === null ? "" : String(value)): SourcedScalar {
  return { kind: "scalar", value, text, origin };
}

/** A map that holds nothing yet. */
export function emptyMap(origin: Origin): SourcedMap {
  return { kind: "map", entries: new Map(), origin };
}

/** The value at a path, or undefined. */
export function valueAt(root: Sourced, path: Path): Sourced | undefined {
  let node: Sourced | undefined = root;
  for (const step of path) {
    if (node?.kind === "map") node = node.entries.get(String(step))?.node;
    else if (node?.kind === "list") node = node.items[Number(step)];
    else return undefined;
  }
  return node;
}

/** Where to point for a path: the value, or the key when `at` says so, else the nearest thing around it that was written. */
export function originAt(root: Sourced, path: Path, at: "key" | "value" = "value"): Origin {
  for (let length = path.length; length >= 0; length--) {
    const parent = length === 0 ? undefined : valueAt(root, path.slice(0, length - 1));
    const entry = parent?.kind === "map" ? parent.entries.get(String(path[length - 1])) : undefined;
    // Something missing from a section is missing at its name; below a short form, the short form itself is meant.
    if (entry !== undefined && (at === "key" || (length < path.length && entry.node.kind !== "scalar")))
      return entry.key;
    const node = valueAt(root, path.slice(0, length));
    if (node !== undefined) return node.origin;
  }
  return root.origin;
}

/** The document with `node` at `path`; maps on the way are made where they are missing, lists are changed item by item. */
export function withValue(root: Sourced, path: Path, node: Sourced): Sourced {
  const [step, ...rest] = path;
  if (step === undefined) return node;
  if (root.kind === "list" && /^\d+$/.test(String(step)) && Number(step) < root.items.length) {
    return {
      ...root,
      items: root.items.map((item, index) => (index === Number(step) ? withValue(item, rest, node) : item)),
    };
  }
  const map = root.kind === "map" ? root : emptyMap(node.origin);
  const entry = map.entries.get(String(step)) ?? { key: node.origin, node: emptyMap(node.origin) };
  return {
    ...map,
    entries: new Map([...map.entries, [String(step), { key: entry.key, node: withValue(entry.node, rest, node) }]]),
  };
}

/** Every scalar of the document replaced. */
export function mapScalars(
  node: Sourced,
  change: (scalar: SourcedScalar, path: Path) => SourcedScalar,
  path: Path = [],
): Sourced {
  if (node.kind === "scalar") return change(node, path);
  if (node.kind === "list")
    return { ...node, items: node.items.map((item, index) => mapScalars(item, change, [...path, index])) };
  const entries = [...node.entries].map(
    ([key, entry]) => [key, { key: entry.key, node: mapScalars(entry.node, change, [...path, key]) }] as const,
  );
  return { ...node, entries: new Map(entries) };
}

/**
 * Plain data again, for the schema; in a map, null is the same as absent. A number or a truth value that is not written the
 * usual way stays text: `VERSION: 1.10` must not lose its zero, nor `mode: 0o660` its meaning.
 */
export function toPlain(node: Sourced): unknown {
  if (node.kind === "scalar") return node.value === null || String(node.value) === node.text ? node.value : node.text;
  if (node.kind === "list") return node.items.map(toPlain);
  const plain: Record<string, unknown> = {};
  for (const [key, entry] of node.entries) {
    const value = toPlain(entry.node);
    // defineProperty, since an assignment to `__proto__` would not make a key.
    if (value !== null)
      Object.defineProperty(plain, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return plain;
}
