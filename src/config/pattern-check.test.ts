import assert from "node:assert/strict";
import { test } from "node:test";
import { capturesOf } from "./pattern-check.ts";

test("groups are counted and named, escaped ones and those that capture nothing are not", () => {
  assert.deepEqual(capturesOf("^/a/(.*)$"), { count: 1, names: [] });
  assert.deepEqual(capturesOf("(?<user>\\w+)-(?:x|(y))"), { count: 2, names: ["user"] });
  assert.deepEqual(capturesOf("\\(x\\)[(]"), { count: 0, names: [] });
  assert.deepEqual(capturesOf("(a"), { count: 0, names: [] });
});
