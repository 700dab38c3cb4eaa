import assert from "node:assert/strict";
import { test } from "node:test";
import type { MetricFamily } from "./family.ts";
import { CounterBase, mergeFamilies } from "./merge.ts";
import { Registry } from "./registry.ts";

function counter(value: number, labels: Record<string, string> = {}): MetricFamily {
  return { name: "c_total", help: "C.", type: "counter", samples: [{ name: "c_total", labels, value }] };
}

function gauge(value: number): MetricFamily {
  return { name: "g", help: "G.", type: "gauge", samples: [{ name: "g", labels: {}, value }] };
}

test("samples with equal labels are added whatever the labels' order, others stand side by side", () => {
  const merged = mergeFamilies([
    [counter(1, { a: "1", b: "2" })],
    [counter(2, { b: "2", a: "1" })],
    [counter(5, { a: "2", b: "1" })],
  ]);
  assert.deepEqual(merged, [
    {
      ...counter(0),
      samples: [
        { name: "c_total", labels: { a: "1", b: "2" }, value: 3 },
        { name: "c_total", labels: { a: "2", b: "1" }, value: 5 },
      ],
    },
  ]);
});

test("histograms of two processes add up bucket by bucket", () => {
  const families = [0.5, 20].map((value) => {
    const registry = new Registry();
    registry
      .histogram("h", "H.", { bounds: [1, 10], divisor: 1 })
      .with()
      .observe(value);
    return registry.families();
  });
  const values = mergeFamilies(families)[0]!.samples.map((sample) => sample.value);
  assert.deepEqual(values, [1, 1, 2, 20.5, 2]);
});

test("merging changes nothing of what was merged", () => {
  const one = counter(1);
  mergeFamilies([[one], [counter(2)]]);
  assert.equal(one.samples[0]!.value, 1);
});

test("a name with two types is refused", () => {
  assert.throws(
    () => mergeFamilies([[counter(1)], [{ ...gauge(1), name: "c_total" }]]),
    /merge metric "c_total": it is a counter here/,
  );
});

test("what dead processes counted stays in the sum, what they had open does not", () => {
  const base = new CounterBase();
  base.add([counter(10), gauge(4)]);
  base.add([counter(5)]);
  const merged = base.with([[counter(1), gauge(2)]]);
  const values = Object.fromEntries(merged.map((family) => [family.name, family.samples[0]!.value]));
  assert.deepEqual(values, { c_total: 16, g: 2 });
  assert.equal(base.with([])[0]!.samples[0]!.value, 15);
});
