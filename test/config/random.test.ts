// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${...} in plain text is what is tested here
import assert from "node:assert/strict";
import { test } from "node:test";
import { stringify } from "yaml";
import { ProblemList } from "../../src/base/errors.ts";
import type { Disk } from "../../src/config/disk.ts";
import { effectiveSettings, formatYaml, listValues } from "../../src/config/explain.ts";
import { inspectConfig, loadConfig } from "../../src/config/load.ts";
import { readYaml } from "../../src/config/read.ts";
import { settingsSchema } from "../../src/config/schema.ts";
import { toPlain } from "../../src/config/sourced.ts";
import { shapeOf, wholeOf } from "../../src/config/walk.ts";
import { fc } from "../support/property.ts";

type Schema = Parameters<typeof shapeOf>[0];

const DISK: Disk = { isFile: () => true, isDirectory: () => true, read: () => "A=1\n" };

/** Every key of the schema, so that random documents get past its first door. */
const KEYS = [...new Set([...keysOf(settingsSchema), "__proto__", "constructor", "a", "A b", ""])];

const value = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    4,
    -1,
    1.5,
    "auto",
    "a:a",
    "/x",
    "/x/",
    "x",
    "*:80",
    "unix:./s",
    "30s",
    "1MB",
    "GET",
    "example.org",
    "(a+)+",
    "{host}",
    "{1}",
    "{nope}",
    "@a",
    "http://a:1/x",
    "uwsgi://a:1",
    "10.0.0.0/8",
    "404",
    "(",
    "\u0000",
    "${X}",
    "${X:1}",
    "-",
  ),
  fc.string({ maxLength: 12 }),
);

const { anything } = fc.letrec((tie) => ({
  anything: fc.oneof(
    { maxDepth: 4 },
    value,
    fc.array(tie("anything"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie("anything"), { maxKeys: 4 }),
  ),
}));

/** What has the schema's form for the most part, and anything now and then; routes in routes down to the third. */
function shaped(schema: Schema, around: readonly Schema[] = []): fc.Arbitrary<unknown> {
  const whole = wholeOf(schema);
  if (around.filter((one) => one === whole).length > 1) return fc.constant([]);
  const shape = shapeOf(whole);
  const below = (inner: Schema): fc.Arbitrary<unknown> => shaped(inner, [...around, whole]);
  const usual = (): fc.Arbitrary<unknown> => {
    if (shape.kind === "value") return value;
    if (shape.kind === "list") return fc.array(below(shape.item), { maxLength: 3 });
    if (shape.kind === "choice") return fc.oneof(...shape.options.map(below));
    if (shape.kind === "named")
      return fc.dictionary(fc.constantFrom("a", "b", "A b", "constructor"), below(shape.value), { maxKeys: 3 });
    if (shape.kind === "anything") return anything;
    const keys = [...shape.keys].map(([key, inner]) => [key, below(inner)] as const);
    const some = fc
      .subarray(keys, { maxLength: Math.min(5, keys.length) })
      .chain((picked) => fc.record(Object.fromEntries(picked)));
    return fc
      .tuple(some, fc.option(fc.constantFrom(...KEYS), { freq: 9 }))
      .map(([known, extra]) => (extra === null ? known : { ...known, [extra]: 1 }));
  };
  return fc.oneof({ arbitrary: usual(), weight: 15 }, { arbitrary: anything, weight: 1 });
}

const document = shaped(settingsSchema);

test("any document is either taken or refused with a ProblemList", () => {
  fc.assert(
    fc.property(
      document,
      fc.dictionary(
        fc.constantFrom(
          "PROPYLON_APPS__A__WORKERS",
          "PROPYLON_LISTEN",
          "PROPYLON_SITES__0__HOSTS",
          "PROPYLON_ADMIN",
          "PROPYLON___",
        ),
        fc.string(),
      ),
      (given, environment) => {
        try {
          loadConfig({
            file: null,
            document: given,
            profile: null,
            environment,
            flags: { workers: 2 },
            directory: "/",
            disk: DISK,
          });
        } catch (error) {
          assert.ok(error instanceof ProblemList, String(error instanceof Error ? error.stack : error));
          assert.ok(error.problems.length > 0);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

/** Documents that are right, so that explain and the layers see whole configurations. */
const app = fc
  .record(
    {
      workers: fc.oneof(fc.constant("auto"), fc.integer({ min: 1, max: 9 })),
      threads: fc.integer({ min: 1, max: 9 }),
      reload: fc.boolean(),
      start_timeout: fc.constantFrom("1s", 5, "1m30s"),
      umask: fc.constantFrom("022", "0o77"),
    },
    { requiredKeys: [] },
  )
  .map((settings) => ({ wsgi: "a:a", ...settings }));
/** A text that is no template: `{ ` begins none. */
const literal = fc.string().map((text) => text.replaceAll("{", "{ "));
const route = fc.record(
  {
    path: fc.constantFrom("/x", "/y/"),
    methods: fc.constantFrom("get", ["GET", "PUT"]),
    respond: fc.oneof(literal, fc.record({ body: literal, status: fc.integer({ min: 200, max: 203 }) })),
  },
  { requiredKeys: ["respond"] },
);
const right = fc.record({
  apps: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), app, { minKeys: 1, maxKeys: 3 }),
  sites: fc.array(fc.record({ routes: fc.array(route) }), { minLength: 1, maxLength: 1 }),
  log: fc.record({ level: fc.constantFrom("info", "warn") }),
});

test("a right document means the same in code, as YAML, and as explain writes it", () => {
  fc.assert(
    fc.property(
      right.filter((given) => !JSON.stringify(given).includes("${")),
      (given) => {
        const load = (from: unknown) =>
          loadConfig({
            file: null,
            document: from,
            profile: null,
            environment: {},
            flags: {},
            directory: "/",
            disk: DISK,
          });
        const { config, origins } = load(given);
        const settings = effectiveSettings(origins);
        const origin = { layer: "config", place: { file: "x" } } as const;
        assert.deepEqual(load(toPlain(readYaml(stringify(given), origin))).config, config);
        assert.deepEqual(load(toPlain(readYaml(formatYaml(settings), origin))).config, config);
        assert.ok(listValues(settings).every(({ origin: from }) => from === "default" || from === "command line"));
      },
    ),
  );
});

test("any text as a file is read or refused with places", () => {
  const disk: Disk = { ...DISK };
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ maxLength: 60 }),
        fc
          .array(
            fc.constantFrom(
              "apps",
              ":",
              " ",
              "\n",
              "- ",
              "{",
              "}",
              "[",
              "]",
              "*a",
              "&a ",
              "'",
              '"',
              "|",
              ">",
              "#",
              "<<",
              "!!set",
              "? ",
              "\t",
              "---",
              "a",
            ),
          )
          .map((parts) => parts.join("")),
      ),
      (text) => {
        try {
          const given = toPlain(readYaml(text, { layer: "config", place: { file: "x" } }));
          inspectConfig({
            file: null,
            document: given,
            profile: null,
            environment: {},
            flags: {},
            directory: "/",
            disk,
          });
        } catch (error) {
          assert.ok(error instanceof ProblemList, String(error instanceof Error ? error.stack : error));
          for (const { place } of error.problems) assert.ok(place?.file === "x");
        }
      },
    ),
    { numRuns: 2000 },
  );
});

/** Routes hold routes: what has been seen on the way is not gone into again. */
function keysOf(schema: Schema, seen: ReadonlySet<Schema> = new Set()): string[] {
  const whole = wholeOf(schema);
  if (seen.has(whole)) return [];
  const below = new Set([...seen, whole]);
  const shape = shapeOf(whole);
  if (shape.kind === "section") return [...shape.keys].flatMap(([key, inner]) => [key, ...keysOf(inner, below)]);
  if (shape.kind === "list") return keysOf(shape.item, below);
  if (shape.kind === "named") return keysOf(shape.value, below);
  return shape.kind === "choice" ? shape.options.flatMap((option) => keysOf(option, below)) : [];
}
