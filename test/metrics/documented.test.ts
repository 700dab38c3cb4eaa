import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { HttpMetrics } from "../../src/metrics/http-metrics.ts";

const PAGE = fs.readFileSync(path.join(import.meta.dirname, "../../docs/metrics.md"), "utf8");

test("docs/metrics.md has every metric of the front, with its type", () => {
  for (const { name, type } of new HttpMetrics().families()) {
    const row = PAGE.split("\n").find((line) => line.startsWith(`| \`${name}`));
    assert.ok(row, `${name} is documented`);
    assert.equal(row.split("|")[2]!.trim(), type, name);
  }
});
