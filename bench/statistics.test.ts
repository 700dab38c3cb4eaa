import assert from "node:assert/strict";
import { test } from "node:test";
import { median, spread } from "./statistics.ts";

test("the median is the middle value, or the mean of the middle two, whatever the order", () => {
  assert.equal(median([30, 1, 2]), 2);
  assert.equal(median([10, 9, 1, 100]), 9.5);
  assert.equal(median([7]), 7);
});

test("the spread is the whole range as a share of the median", () => {
  assert.equal(spread([90, 100, 120]), 0.3);
  assert.equal(spread([5]), 0);
});
