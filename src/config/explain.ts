import { stringify } from "yaml";
import { z } from "zod";
import { describePath } from "./problems.ts";
import { DEFAULT_ADDRESS } from "./resolve.ts";
import { settingsSchema } from "./schema.ts";
import { spokenDefaults } from "./sections.ts";
import {
  DEFAULT,
  describeOrigin,
  type Entry,
  fromValue,
  type Path,
  type Sourced,
  type SourcedScalar,
  valueAt,
} from "./sourced.ts";
import { defaultOf, keysAt, schemaAt, shapeFor, typeOf } from "./walk.ts";

/** One value in effect, as `explain --json` gives it. */
export interface ExplainedValue {
  readonly key: string;
  readonly value: unknown;
  readonly origin: string;
  readonly layer: string;
}

/** What is known of one setting, whether it is written or not. */
export interface ExplainedSetting {
  readonly key: string;
  readonly meaning: string;
  readonly type: string;
  readonly default: string;
  /** null for a setting that neither is written nor has a plain default. */
  readonly node: Sourced | null;
}

const HIDDEN = "(hidden)";
const SECRET =
  /(?<!by)pass(word|wd|phrase)?$|secret|token|credential|^authorization$|^cookie$|(^|[_-])(key|dsn)$|database_url/i;

/** Every setting in effect: what is written, and the defaults of what is not; secrets hidden. */
export function effectiveSettings(origins: Sourced): Sourced {
  const complete = withDefaults(settingsSchema, origins);
  if (complete.kind !== "map" || complete.entries.has("listeners")) return hideSecrets(complete, []);
  const listeners: Entry = { key: DEFAULT, node: fromValue([DEFAULT_ADDRESS], DEFAULT) };
  return hideSecrets({ ...complete, entries: new Map([["listeners", listeners], ...complete.entries]) }, []);
}

/** One setting by its path, or null when there is none of that name. */
export function explainSetting(settings: Sourced, path: Path): ExplainedSetting | null {
  const schema = schemaAt(settingsSchema, settings, path);
  const node = valueAt(settings, path) ?? null;
  // Under `apps` and the like any name fits the schema; it must also be one that is written.
  if (schema === undefined || (node === null && !isSettingOfSection(settings, path))) return null;
  const fallback = defaultOf(schema);
  return {
    key: describePath(path),
    meaning: descriptionOf(schema),
    type: typeOf(schema),
    default:
      spokenDefaults.get(schema)?.text ??
      (fallback === undefined || typeof fallback === "object" ? "" : `\`${String(fallback)}\``),
    node,
  };
}

/** The scalars below a node, each with its key and origin. */
export function listValues(node: Sourced, path: Path = []): readonly ExplainedValue[] {
  if (node.kind === "list" && node.items.length > 0)
    return node.items.flatMap((item, index) => listValues(item, [...path, index]));
  if (node.kind === "map" && node.entries.size > 0)
    return [...node.entries].flatMap(([key, entry]) => listValues(entry.node, [...path, key]));
  const value = node.kind === "scalar" ? node.value : node.kind === "list" ? [] : {};
  return [{ key: describePath(path), value, origin: describeOrigin(node.origin), layer: node.origin.layer }];
}

/** YAML that can be read back, with the origin of each value as a comment behind it. */
export function formatYaml(node: Sourced): string {
  const lines = yamlLines(node, "");
  const width = Math.min(48, Math.max(0, ...lines.map(({ text, origin }) => (origin === "" ? 0 : text.length))));
  return lines.map(({ text, origin }) => (origin === "" ? text : `${text.padEnd(width)}  # ${origin}`)).join("\n");
}

/** A value's text in YAML, on one line. */
export function formatScalar(node: SourcedScalar): string {
  if (typeof node.value !== "string") return node.text === "" ? "null" : node.text;
  const text = stringify(node.value, { lineWidth: 0, version: "1.2" }).trimEnd();
  return text.includes("\n") ? JSON.stringify(node.value) : text;
}

interface Line {
  readonly text: string;
  readonly origin: string;
}

function yamlLines(node: Sourced, indent: string): Line[] {
  if (node.kind === "scalar") return [{ text: indent + formatScalar(node), origin: describeOrigin(node.origin) }];
  if (node.kind === "list")
    return node.items.length === 0
      ? [empty(indent, "[]", node)]
      : node.items.flatMap((item) => itemLines(item, indent));
  return node.entries.size === 0
    ? [empty(indent, "{}", node)]
    : [...node.entries].flatMap(([key, entry]) => entryLines(key, entry.node, indent));
}

function entryLines(key: string, node: Sourced, indent: string): Line[] {
  const name = `${indent}${formatScalar({ kind: "scalar", value: key, text: key, origin: node.origin })}:`;
  const [first, ...rest] = yamlLines(node, `${indent}  `);
  if (first === undefined) return [];
  return isInline(node)
    ? [{ text: `${name} ${first.text.trimStart()}`, origin: first.origin }]
    : [{ text: name, origin: "" }, first, ...rest];
}

function itemLines(node: Sourced, indent: string): Line[] {
  const [first, ...rest] = yamlLines(node, `${indent}  `);
  return first === undefined ? [] : [{ ...first, text: `${indent}- ${first.text.slice(indent.length + 2)}` }, ...rest];
}

function empty(indent: string, text: string, node: Sourced): Line {
  return { text: indent + text, origin: describeOrigin(node.origin) };
}

function isInline(node: Sourced): boolean {
  return node.kind === "scalar" || (node.kind === "list" ? node.items.length === 0 : node.entries.size === 0);
}

/** The same document, with each default that the schema gives in words of its own. */
function withDefaults(schema: z.core.$ZodType, node: Sourced): Sourced {
  const shape = shapeFor(schema, node);
  if (node.kind === "list")
    return shape.kind === "list" ? { ...node, items: node.items.map((item) => withDefaults(shape.item, item)) } : node;
  if (node.kind !== "map") return node;
  const entries = new Map<string, Entry>();
  if (shape.kind === "named") {
    for (const [key, entry] of node.entries)
      entries.set(key, { key: entry.key, node: withDefaults(shape.value, entry.node) });
  } else if (shape.kind === "section") {
    for (const [key, inner] of shape.keys) {
      const entry = node.entries.get(key);
      const fallback = defaultOf(inner);
      if (entry !== undefined) entries.set(key, { key: entry.key, node: withDefaults(inner, entry.node) });
      else if (fallback !== undefined)
        entries.set(key, { key: DEFAULT, node: withDefaults(inner, fromValue(fallback, DEFAULT)) });
    }
  } else return node;
  return { ...node, entries };
}

/** Values of an app's environment are hidden whatever their name, and those with a telling name wherever they are. */
function hideSecrets(node: Sourced, path: Path): Sourced {
  if (node.kind === "map") {
    const entries = [...node.entries].map(
      ([key, entry]) => [key, { key: entry.key, node: hideSecrets(entry.node, [...path, key]) }] as const,
    );
    return { ...node, entries: new Map(entries) };
  }
  if (node.kind === "list")
    return { ...node, items: node.items.map((item, index) => hideSecrets(item, [...path, index])) };
  const isVariable = (path[0] === "apps" || path[0] === "programs") && path[2] === "environment" && path.length === 4;
  if (
    isVariable ||
    (!isPlainKey(path) && path.some((step) => typeof step === "string" && SECRET.test(step) && step !== path[1]))
  ) {
    return path.at(-1) === "file" && path.length === 5 ? node : { ...node, value: HIDDEN, text: HIDDEN };
  }
  if (typeof node.value !== "string") return node;
  const text = node.value.replace(/(\w+:\/\/[^\s:/@]*):[^\s/@]+@/g, `$1:${HIDDEN}@`);
  return text === node.value ? node : { ...node, value: text, text };
}

/** What an upstream's hash goes by, and the path of a private key, which says nothing of what is in it. */
function isPlainKey(path: Path): boolean {
  return path.at(-1) === "key" && ((path[0] === "upstreams" && path.length === 3) || path.includes("tls"));
}

function isSettingOfSection(settings: Sourced, path: Path): boolean {
  return (
    path.length > 0 &&
    valueAt(settings, path.slice(0, -1)) !== undefined &&
    keysAt(settingsSchema, settings, path.slice(0, -1)).includes(String(path.at(-1)))
  );
}

function descriptionOf(schema: z.core.$ZodType): string {
  return z.globalRegistry.get(schema)?.description ?? "";
}
