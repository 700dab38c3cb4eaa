import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { describe } from "../../src/base/errors.ts";
import type { Disk } from "../../src/config/disk.ts";
import { effectiveSettings, formatYaml } from "../../src/config/explain.ts";
import { inspectConfig, loadConfig } from "../../src/config/load.ts";
import { folderWith } from "./files.ts";

const docs = join(import.meta.dirname, "../../docs");
const DISK: Disk = { isFile: () => true, isDirectory: () => true, read: () => "A=1\n" };

/** The examples of a page: where each begins, and its text. */
function examplesOf(page: string): readonly { readonly line: number; readonly text: string }[] {
  const source = readFileSync(join(docs, page), "utf8");
  return [...source.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((match) => ({
    line: source.slice(0, match.index).split("\n").length + 1,
    text: match[1]!,
  }));
}

const pages = readdirSync(docs).filter((page) => page.endsWith(".md"));

test("the guide has examples for what it explains", () => {
  assert.ok(examplesOf("configuration.md").length >= 10);
});

for (const page of pages) {
  for (const { line, text } of examplesOf(page)) {
    test(`the example at docs/${page}:${line} is a right configuration`, (t) => {
      const directory = folderWith(t, { "propylon.yaml": text });
      const inspect = (profile: string | null) =>
        inspectConfig({ file: ".", profile, environment: {}, flags: {}, directory, disk: DISK });
      const plain = inspect(null);
      for (const { errors, warnings } of [plain, ...plain.profiles.map(inspect)])
        assert.deepEqual([...errors, ...warnings].map(describe), []);
    });

    test(`explain writes the example at docs/${page}:${line} with all its defaults, and it means the same`, (t) => {
      const directory = folderWith(t, { "propylon.yaml": text });
      const options = { profile: null, environment: {}, flags: {}, directory, disk: DISK };
      const { config, origins } = loadConfig({ file: ".", ...options });
      const written = formatYaml(effectiveSettings(origins));
      const again = loadConfig({
        file: null,
        document: withoutProfiles(parse(written) as Record<string, unknown>),
        ...options,
      }).config;
      assert.deepEqual(again, hiddenAs(again, config));
    });
  }
}

/** A profile is laid over a file; a document in code has none. */
function withoutProfiles(document: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(document).filter(([key]) => key !== "profiles"));
}

/** A configuration with `(hidden)` wherever another has it: of a secret, only that it is there can be compared. */
function hiddenAs(shown: unknown, real: unknown): unknown {
  if (shown === "(hidden)" && typeof real === "string") return shown;
  if (Array.isArray(real)) return real.map((item, index) => hiddenAs((shown as unknown[])[index], item));
  if (typeof real !== "object" || real === null) return real;
  const other = (shown ?? {}) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(real).map(([key, value]) => [key, hiddenAs(other[key], value)]));
}
