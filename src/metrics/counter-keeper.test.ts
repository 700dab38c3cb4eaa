import assert from "node:assert/strict";
import { test } from "node:test";
import { CounterKeeper } from "./counter-keeper.ts";
import type { MetricFamily } from "./family.ts";

const family = (type: MetricFamily["type"], values: Readonly<Record<string, number>>): MetricFamily => {
  const name = type === "gauge" ? "g" : "c_total";
  const samples = Object.entries(values).map(([app, value]) => ({ name, labels: { app }, value }));
  return { name, help: "H.", type, samples };
};
const values = ([one]: readonly MetricFamily[]): Record<string, number> =>
  Object.fromEntries(one!.samples.map(({ labels, value }) => [labels["app"]!, value]));

test("a counter that begins anew goes on from what it had reached, again and again", () => {
  const keeper = new CounterKeeper();
  const seen = [5, 7, 2, 3, 0, 4].map((value) => values(keeper.keep([family("counter", { a: value })], false))["a"]);
  assert.deepEqual(seen, [5, 7, 9, 10, 10, 14]);
});

test("one that is missing is left out, or told as it was last, and goes on when it is back", () => {
  const some = new CounterKeeper();
  const all = new CounterKeeper();
  for (const keeper of [some, all]) keeper.keep([family("counter", { a: 5, b: 1 })], keeper === all);
  assert.deepEqual(values(some.keep([family("counter", { b: 2 })], false)), { b: 2 });
  assert.deepEqual(values(all.keep([family("counter", { b: 2 })], true)), { a: 5, b: 2 });
  assert.deepEqual(values(some.keep([family("counter", { a: 1, b: 2 })], false)), { a: 6, b: 2 });
});

test("gauges go up and down", () => {
  const keeper = new CounterKeeper();
  assert.deepEqual(
    [5, 2].map((value) => values(keeper.keep([family("gauge", { a: value })], true))),
    [{ a: 5 }, { a: 2 }],
  );
});
