// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${...} in plain text is what is tested here
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "../..");

test("the generated pages are current", () => {
  execFileSync(process.execPath, [join(root, "tools/generate.ts"), "--check"], {
    stdio: ["ignore", "inherit", "inherit"],
  });
});

test("the JSON Schema knows every section, and takes variables for numbers", () => {
  const schema = JSON.parse(readFileSync(join(root, "docs/propylon.schema.json"), "utf8"));
  assert.equal(schema.additionalProperties, false);
  assert.deepEqual(schema.properties.profiles.additionalProperties, { $ref: "#" });
  const { threads } = schema.properties.apps.additionalProperties.properties;
  assert.equal(threads.default, 4);
  assert.ok(
    threads.anyOf.some(
      ({ pattern }: { pattern?: string }) => pattern !== undefined && new RegExp(pattern).test("${N:4}"),
    ),
  );
});
