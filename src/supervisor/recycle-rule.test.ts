import assert from "node:assert/strict";
import { test } from "node:test";
import { drawLimits, nextLook, recycleReason } from "./recycle-rule.ts";

const NONE = { requests: null, age: null, memory: null, jitter: 0.1 };
const FRESH = { requests: 0, age: 0, memory: 0 };

test("jitter takes up to its share off each limit, and none is ever above what was set", () => {
  const limits = drawLimits({ ...NONE, requests: 1000, memory: 300 }, () => 1);
  assert.deepEqual(limits, { requests: 900, age: Infinity, memory: 270 });
  assert.equal(drawLimits({ ...NONE, requests: 1000 }, () => 0).requests, 1000);
});

test("a limit that is reached is named, memory first; without limits nothing is", () => {
  const limits = { requests: 10, age: 1000, memory: 500 };
  assert.equal(recycleReason(limits, FRESH), null);
  assert.equal(recycleReason(limits, { requests: 10, age: 2000, memory: 501 }), "memory");
  assert.equal(recycleReason(limits, { requests: 10, age: 2000, memory: 500 }), "requests");
  assert.equal(recycleReason(limits, { requests: 9, age: 1000, memory: null }), "age");
  const never = drawLimits(NONE, Math.random);
  assert.equal(recycleReason(never, { requests: 1e9, age: 1e9, memory: 1e12 }), null);
});

test("the next look comes sooner the faster a worker grows, within bounds", () => {
  const limits = { requests: Infinity, age: Infinity, memory: 1000 };
  const at = (memory: number) => ({ ...FRESH, memory });
  assert.equal(nextLook(limits, at(100), at(100), 1000), 1000);
  assert.equal(nextLook(limits, at(100), at(600), 1000), 200);
  assert.equal(nextLook(limits, at(100), at(990), 1000), 100);
  assert.equal(nextLook({ ...limits, age: 500 }, at(0), { ...at(0), age: 100 }, 1000), 100);
});
