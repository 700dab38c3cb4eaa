import assert from "node:assert/strict";
import { test } from "node:test";
import { parseExpiry } from "./expiry-time.ts";

for (const [text, expected] of [
  ["30d", { kind: "after", seconds: 2_592_000, modified: false }],
  ["1h30m", { kind: "after", seconds: 5400, modified: false }],
  ["2048", { kind: "after", seconds: 2048, modified: false }],
  ["-1", { kind: "after", seconds: -1, modified: false }],
  ["1y 1M", { kind: "after", seconds: 34_128_000, modified: false }],
  ["modified +24h", { kind: "after", seconds: 86_400, modified: true }],
  ["@15h30m", { kind: "daily", seconds: 55_800 }],
  ["max", { kind: "max" }],
  [" epoch ", { kind: "epoch" }],
  ["off", null],
  ["", null],
  ["@25h", null],
  ["modified @1h", null],
  ["1x", null],
  ["1 h", null],
] as const)
  test(`"${text}" ${expected === null ? "is no time of expiry" : "is read as a time of expiry"}`, () => {
    assert.deepEqual(parseExpiry(text), expected);
  });
