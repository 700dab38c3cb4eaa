import type { z } from "zod";
import { kindNotes } from "./kinds.ts";
import { type Path, type Sourced, valueAt } from "./sourced.ts";

type Schema = z.core.$ZodType;
type Definition = z.core.$ZodTypes["_zod"]["def"];

/** A part of the schema as the documentation, `explain` and error messages see it: without wrappers. */
export type Shape =
  | { readonly kind: "section"; readonly keys: ReadonlyMap<string, Schema> }
  | { readonly kind: "named"; readonly value: Schema }
  | { readonly kind: "list"; readonly item: Schema }
  | { readonly kind: "value"; readonly type: string; readonly json: Readonly<Record<string, unknown>> }
  | { readonly kind: "choice"; readonly options: readonly Schema[] }
  | { readonly kind: "anything" };

/** What a schema is, once optional, default and transformation are taken off. */
export function shapeOf(schema: Schema): Shape {
  const note = kindNotes.get(schema);
  if (note !== undefined) return { kind: "value", ...note };
  const definition = schema._zod.def as Definition;
  switch (definition.type) {
    case "optional":
    case "prefault":
      return shapeOf(definition.innerType);
    case "pipe":
      return shapeOf(definition.in);
    case "lazy":
      return shapeOf(definition.getter());
    case "object":
      return { kind: "section", keys: new Map(Object.entries(definition.shape)) };
    case "record":
      return { kind: "named", value: definition.valueType };
    case "array":
      return { kind: "list", item: definition.element };
    case "union":
      return { kind: "choice", options: definition.options };
    default:
      return { kind: "anything" };
  }
}

/** A schema without wrappers: the same object wherever it is used, so that recursion can be seen. */
export function wholeOf(schema: Schema): Schema {
  const definition = schema._zod.def as Definition;
  if (kindNotes.has(schema)) return schema;
  switch (definition.type) {
    case "optional":
    case "prefault":
      return wholeOf(definition.innerType);
    case "pipe":
      return wholeOf(definition.in);
    case "lazy":
      return wholeOf(definition.getter());
    default:
      return schema;
  }
}

/** How the documentation calls the values that a setting takes. */
export function typeOf(schema: Schema): string {
  const shape = shapeOf(schema);
  switch (shape.kind) {
    case "value":
      return shape.type;
    case "section":
      return "section";
    case "named":
      return "section of names";
    case "list":
      return `list of ${plural(typeOf(shape.item))}`;
    case "choice":
      return [...new Set(shape.options.map(typeOf))].join(", or ");
    case "anything":
      return "anything";
  }
}

/** The default of a setting as people would write it, or undefined. */
export function defaultOf(schema: Schema): unknown {
  const definition = schema._zod.def as Definition;
  return definition.type === "prefault" ? definition.defaultValue : undefined;
}

/** The part of a choice that fits a value's form: the section for a map, the list for a list. */
export function shapeFor(schema: Schema, node: Sourced | undefined): Shape {
  const shape = shapeOf(schema);
  if (shape.kind !== "choice") return shape;
  const shapes = shape.options.map((option) => shapeFor(option, node));
  const wanted = node?.kind === "map" ? ["section", "named"] : node?.kind === "list" ? ["list"] : ["value"];
  return shapes.find((candidate) => wanted.includes(candidate.kind)) ?? shapes[0] ?? { kind: "anything" };
}

/** The schema of what stands at a path of a document, or undefined where the schema has nothing there. */
export function schemaAt(schema: Schema, root: Sourced | undefined, path: Path): Schema | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return schema;
  const shape = shapeFor(
    schema,
    root ?? { kind: "map", entries: new Map(), origin: { layer: "default", place: { file: "" } } },
  );
  const below =
    root?.kind === "map"
      ? root.entries.get(String(step))?.node
      : root?.kind === "list"
        ? root.items[Number(step)]
        : undefined;
  if (shape.kind === "section") {
    const inner = shape.keys.get(String(step));
    return inner === undefined ? undefined : schemaAt(inner, below, rest);
  }
  if (shape.kind === "named") return schemaAt(shape.value, below, rest);
  return shape.kind === "list" ? schemaAt(shape.item, below, rest) : undefined;
}

/** The keys that a section may have at a path; empty where it is not a section. */
export function keysAt(schema: Schema, root: Sourced, path: Path): readonly string[] {
  const found = schemaAt(schema, root, path);
  if (found === undefined) return [];
  const shape = shapeFor(found, valueAt(root, path));
  return shape.kind === "section" ? [...shape.keys.keys()] : [];
}

function plural(type: string): string {
  return type
    .split(", or ")
    .map((one) =>
      /^(address)$/.test(one)
        ? `${one}es`
        : one.replace(
            /^(path|section|number|size|duration|host name|file name|address range|method|header value|template|condition)\b/,
            "$1s",
          ),
    )
    .join(" or ");
}
