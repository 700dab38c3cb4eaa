import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { MemoryRateStore, type RateDemand } from "./rate-store.ts";

const demand = (more: Partial<RateDemand> = {}): RateDemand => ({
  limit: "one",
  key: "a",
  perSecond: 1,
  burst: 2,
  delay: null,
  keys: 10,
  ...more,
});
/** What became of requests at these times, ms: `x` for refused, else the wait. */
const outcomes = (times: readonly number[], more: Partial<RateDemand> = {}): readonly (number | "x")[] => {
  const store = new MemoryRateStore();
  return times.map((now) => {
    const { exceeded, wait } = store.take([demand(more)], now);
    return exceeded < 0 ? wait : "x";
  });
};

test("a burst is taken at once, what exceeds it is refused, and the rate lets others in later", () => {
  assert.deepEqual(outcomes([0, 0, 0, 0, 0]), [0, 0, 0, "x", "x"]);
  assert.deepEqual(outcomes([0, 0, 0, 0, 1000, 1000]), [0, 0, 0, "x", 0, "x"]);
  assert.deepEqual(outcomes([0, 999, 1000, 1999, 2000], { burst: 0 }), [0, "x", 0, "x", 0]);
});

test("with delay, requests wait for their turn, but for as many as are let through at once", () => {
  assert.deepEqual(outcomes([0, 0, 0, 0], { delay: 0 }), [0, 1000, 2000, "x"]);
  assert.deepEqual(outcomes([0, 0, 0, 0, 0], { burst: 3, delay: 1 }), [0, 0, 1000, 2000, "x"]);
  assert.deepEqual(outcomes([0, 500], { delay: 0 }), [0, 500]);
});

test("who is refused is told when to come again, and is not counted", () => {
  const store = new MemoryRateStore();
  store.take([demand({ burst: 0 })], 0);
  assert.deepEqual(store.take([demand({ burst: 0 })], 250), { exceeded: 0, wait: 750 });
  assert.deepEqual(store.take([demand({ burst: 0 })], 1000), { exceeded: -1, wait: 0 });
});

test("of several limits the first that is exceeded decides, and then none has counted", () => {
  const store = new MemoryRateStore();
  const [wide, narrow] = [demand({ limit: "wide", burst: 5 }), demand({ limit: "narrow", burst: 0 })];
  assert.equal(store.take([wide, narrow], 0).exceeded, -1);
  for (let i = 0; i < 20; i++) assert.equal(store.take([wide, narrow], 1).exceeded, 1);
  assert.equal(store.take([wide], 1).exceeded, -1);
});

test("keys are counted apart, long ones too, and no more are remembered than may be", () => {
  const store = new MemoryRateStore();
  const long = "k".repeat(1000);
  const keys = ["a", "b", `${long}1`, `${long}2`];
  for (const key of keys) assert.equal(store.take([demand({ key, burst: 0 })], 0).exceeded, -1);
  for (const key of keys) assert.equal(store.take([demand({ key, burst: 0 })], 1).exceeded, 0);
  for (let i = 0; i < 100; i++) store.take([demand({ key: String(i) })], 2);
  assert.equal(store.size("one"), 10);
  // The one not seen for longest was forgotten.
  assert.equal(store.take([demand({ key: "a", burst: 0 })], 3).exceeded, -1);
  assert.equal(store.take([demand({ key: "99", burst: 0 })], 3).exceeded, 0);
});

test("over any length of time, no more is let through than rate and burst allow", () => {
  const steps = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 20 }), (gaps, burst, perSecond) => {
      const store = new MemoryRateStore();
      let now = 0;
      let passed = 0;
      for (const gap of gaps) {
        now += gap;
        if (store.take([demand({ burst, perSecond })], now).exceeded < 0) passed++;
        assert.ok(passed <= (now / 1000) * perSecond + burst + 1 + 1e-6);
      }
    }),
  );
});
