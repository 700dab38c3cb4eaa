import assert from "node:assert/strict";
import { test } from "node:test";
import { dateLine } from "./date.ts";

test("the date line is an IMF-fixdate of now, and the same string within a second", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: Date.UTC(1994, 10, 6, 8, 49, 37) });
  const line = dateLine();
  assert.equal(line, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  t.mock.timers.tick(999);
  assert.equal(dateLine(), line);
  t.mock.timers.tick(1);
  assert.equal(dateLine(), "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
});
