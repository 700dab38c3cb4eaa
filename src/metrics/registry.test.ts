import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram, Registry } from "./registry.ts";

test("the same label values give the same child, others another", () => {
  const requests = new Registry().counter("requests_total", "Requests.", ["app", "status"]);
  requests.with("a", "200").value += 2;
  requests.with("a", "200").value++;
  assert.equal(requests.with("a", "200").value, 3);
  assert.equal(requests.with("a", "404").value, 0);
  assert.notEqual(requests.with('a","200', "x"), requests.with("a", '200","x'));
});

test("an observation falls into the first bucket whose bound it does not exceed", () => {
  const histogram = new Histogram([1, 5, 10]);
  for (const value of [0, 1, 1.001, 5, 10, 10.5, 1e9]) histogram.observe(value);
  assert.deepEqual(histogram.counts, [2, 2, 1, 2]);
  assert.equal(histogram.sum, 0 + 1 + 1.001 + 5 + 10 + 10.5 + 1e9);
});

test("a histogram's buckets are cumulative, end with +Inf, and are exposed in the wanted unit", () => {
  const registry = new Registry();
  const shape = { bounds: [100, 2500], divisor: 1000 };
  const histogram = registry.histogram("wait_seconds", "Waits.", shape, ["app"]).with("a");
  histogram.observe(50);
  histogram.observe(100);
  histogram.observe(3000);
  const samples = registry.families()[0]!.samples;
  assert.deepEqual(
    samples.map(({ name, labels, value }) => [name, labels["le"], value]),
    [
      ["wait_seconds_bucket", "0.1", 2],
      ["wait_seconds_bucket", "2.5", 2],
      ["wait_seconds_bucket", "+Inf", 3],
      ["wait_seconds_sum", undefined, 3.15],
      ["wait_seconds_count", undefined, 3],
    ],
  );
  assert.ok(samples.every((sample) => sample.labels["app"] === "a"));
});

test("families are copies: later increments do not change them", () => {
  const registry = new Registry();
  const counter = registry.counter("c_total", "C.").with();
  const before = registry.families();
  counter.value = 7;
  assert.equal(before[0]!.samples[0]!.value, 0);
  assert.equal(registry.families()[0]!.samples[0]!.value, 7);
});

test("a name is registered once, and label values are as many as label names", () => {
  const registry = new Registry();
  const gauge = registry.gauge("open", "Open.", ["app"]);
  assert.throws(() => registry.counter("open", "Again."), /register metric "open": the name is taken/);
  assert.throws(() => gauge.with(), /metric "open": 0 label values given, 1 wanted/);
});
