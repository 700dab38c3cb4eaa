import assert from "node:assert/strict";
import { test } from "node:test";
import { hasNoContent, reasonPhrase } from "./status.ts";

test("statuses have their phrases and know what has no content", () => {
  assert.deepEqual(
    [reasonPhrase(404), reasonPhrase(431), reasonPhrase(599)],
    ["Not Found", "Request Header Fields Too Large", "Unknown"],
  );
  assert.deepEqual([100, 200, 204, 205, 304, 404].map(hasNoContent), [true, false, true, false, true, false]);
});
