import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { kindNotes } from "../src/config/kinds.ts";
import { settingsSchema } from "../src/config/schema.ts";
import { spokenDefaults } from "../src/config/sections.ts";
import { defaultOf, type Shape, shapeOf, typeOf, wholeOf } from "../src/config/walk.ts";

/**
 * Writes what is generated from the schema of the configuration: `docs/settings.md` and `docs/propylon.schema.json`.
 * With `--check` it writes nothing, and fails when a file is not current.
 */

type Schema = z.core.$ZodType;

const INTRODUCTION = `# Settings

Every setting of \`propylon.yaml\`, generated from the schema that checks it. [configuration.md](configuration.md) is the guide:
layers, profiles, variables and examples. Editors complete and check the file with

    # yaml-language-server: $schema=./docs/propylon.schema.json

**Units.** A *duration* is written \`500ms\`, \`30s\`, \`1m\`, \`1m30s\`, \`2h\`, \`1d\`, \`1w\`; a plain number counts seconds. A *size* is
\`512\`, \`64KB\`, \`10MB\` or \`1GB\`, in powers of 1024; a plain number counts bytes. A *path* is relative to the folder of the file. An
*address* is \`127.0.0.1:8000\`, \`*:80\` for every network, \`[::1]:80\` or \`unix:./app.sock\`. An *octal mode* is best written in
quotes: \`"0660"\`.

A *template* is text in which \`{name}\` stands for a variable of the request ([which ones](configuration.md#templates)); \`{{name}}\` writes
the braces, and all other braces are text.

A name in angle brackets is yours to choose; \`[]\` marks each item of a list.
`;

/** What stands for the names that the writer chooses. */
const NAMES: Readonly<Record<string, string>> = {
  apps: "app",
  programs: "program",
  upstreams: "upstream",
  variables: "variable",
};

const FILES: Readonly<Record<string, () => string>> = {
  "docs/settings.md": settingsPage,
  "docs/propylon.schema.json": jsonSchema,
};

const root = join(import.meta.dirname, "..");
const stale = Object.entries(FILES).filter(([file, generate]) => !isCurrent(file, generate()));
if (process.argv.includes("--check")) {
  for (const [file] of stale) console.error(`${file} is not current; run npm run generate`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [file, generate] of stale) writeFileSync(join(root, file), generate());
}

function isCurrent(file: string, content: string): boolean {
  try {
    return readFileSync(join(root, file), "utf8") === content;
  } catch {
    return false;
  }
}

/** One table for each section, in the order of the schema; one that stands in several places is shown at the first of the highest. */
function settingsPage(): string {
  const top: Placed = { path: "", whole: wholeOf(settingsSchema), meaning: undefined };
  return `${INTRODUCTION}\n${sections(top, homes(top)).join("\n")}`;
}

/** A section as it is found: without wrappers, so that the same one is the same object, and where. */
interface Placed {
  readonly path: string;
  readonly whole: Schema;
  readonly meaning: string | undefined;
}

/** Where each section is shown. */
function homes(top: Placed): ReadonlyMap<Schema, string> {
  const found = new Map<Schema, string>();
  let level: readonly Placed[] = [top];
  while (level.length > 0) {
    const fresh = level.filter(
      ({ whole }, index) => !found.has(whole) && level.findIndex((one) => one.whole === whole) === index,
    );
    for (const { path, whole } of fresh) found.set(whole, path);
    level = fresh.flatMap(({ path, whole }) =>
      [...(sectionOf(whole)?.keys ?? [])].flatMap(([key, inner]) => below(settingPath(path, key), inner)),
    );
  }
  return found;
}

function sections({ path, whole, meaning }: Placed, shownAt: ReadonlyMap<Schema, string>): string[] {
  const shape = sectionOf(whole);
  if (shape === null || shownAt.get(whole) !== path) return [];
  const rows = [...shape.keys].map(([key, inner]) => {
    const elsewhere = below(settingPath(path, key), inner).filter(
      (placed) => shownAt.get(placed.whole) !== placed.path,
    );
    const also = elsewhere.map(({ whole }) => ` As \`${shownAt.get(whole)!}\`.`).join("");
    const text = cell(z.globalRegistry.get(inner)?.description ?? "") + also;
    return `| \`${key}\` | ${typeOf(inner)} | ${defaultText(inner)} | ${text} |`;
  });
  const table = ["| setting | type | default | meaning |", "|---|---|---|---|", ...rows].join("\n");
  const title = path === "" ? "## Top level" : `## \`${path}\``;
  const own = `${title}\n\n${meaning === undefined ? "" : `${meaning}\n\n`}${table}\n`;
  const inside = [...shape.keys].flatMap(([key, inner]) => below(settingPath(path, key), inner));
  return [own, ...inside.flatMap((placed) => sections(placed, shownAt))];
}

/** The sections under a setting: its own, that of each item, or that of each name. */
function below(path: string, schema: Schema): readonly Placed[] {
  const shape = shapeOf(schema);
  if (shape.kind === "section")
    return [{ path, whole: wholeOf(schema), meaning: z.globalRegistry.get(schema)?.description }];
  if (shape.kind === "list") return below(`${path}[]`, shape.item);
  if (shape.kind === "named") return below(`${path}.<${NAMES[path] ?? "name"}>`, shape.value);
  if (shape.kind !== "choice") return [];
  // Of one section and of a list of them, the section.
  const options = shape.options.flatMap((option) => below(path, option));
  return options.filter(({ whole }, index) => options.findIndex((one) => one.whole === whole) === index);
}

function settingPath(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function sectionOf(schema: Schema): Extract<Shape, { kind: "section" }> | null {
  const shape = shapeOf(schema);
  return shape.kind === "section" ? shape : null;
}

function defaultText(schema: Schema): string {
  const spoken = spokenDefaults.get(schema)?.text;
  if (spoken !== undefined) return cell(spoken);
  const fallback = defaultOf(schema);
  if (fallback === undefined) return schema._zod.def.type === "optional" ? "none" : "required";
  if (typeof fallback === "object") return "see below";
  return fallback === "" ? "empty" : `\`${String(fallback)}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

/** JSON Schema of what may be written, so that editors complete and check it. */
function jsonSchema(): string {
  const schema = z.toJSONSchema(settingsSchema, {
    io: "input",
    override: ({ zodSchema, jsonSchema: json }) => {
      const note = kindNotes.get(zodSchema);
      if (note === undefined) return;
      const { description, default: fallback } = json;
      for (const key of Object.keys(json)) delete (json as Record<string, unknown>)[key];
      Object.assign(
        json,
        note.json,
        description === undefined ? {} : { description },
        fallback === undefined ? {} : { default: fallback },
      );
    },
  });
  const profiles = (schema.properties as Record<string, Record<string, unknown>>)["profiles"]!;
  profiles["additionalProperties"] = { $ref: "#" };
  return `${JSON.stringify({ title: "propylon.yaml", ...schema }, null, 2)}\n`;
}
