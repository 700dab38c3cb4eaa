import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMetricsMessage } from "./metrics-message.ts";

const families = (...list: readonly unknown[]) => parseMetricsMessage({ metrics: 1, families: list })?.families;

test("families are as prometheus_client has them, under the names of the text format", () => {
  assert.deepEqual(families(["jobs", "counter", "all", "Jobs.", [["jobs_total", ["app"], [[["a"], 2]]]]]), [
    {
      name: "jobs_total",
      type: "counter",
      mode: "all",
      help: "Jobs.",
      samples: [{ name: "jobs_total", labels: { exported_app: "a" }, value: 2 }],
    },
  ]);
  const [info] = families(["shop", "gauge", "max", "", [["shop_info", ["kind"], [[["a"], 1]]]]])!;
  assert.equal(info!.name, "shop_info");
  const [gauge] = families([
    "x",
    "gauge",
    "livemin",
    "",
    [
      [
        "x",
        [],
        [
          [[], "NaN"],
          [[], "-Inf"],
        ],
      ],
    ],
  ])!;
  assert.equal(gauge!.mode, "min");
  assert.deepEqual(
    gauge!.samples.map(({ value }) => value),
    [Number.NaN, Number.NEGATIVE_INFINITY],
  );
});

test("what an app may send to break the page is left out", () => {
  const row = [[["a"], 1]];
  for (const bad of [
    null,
    7,
    ["x y", "gauge", "all", "", [["x y", [], [[[], 1]]]]],
    ["x", "evil", "all", "", [["x", [], [[[], 1]]]]],
    ["x", "gauge", "all", "", "no groups"],
  ])
    assert.deepEqual(families(bad), [], JSON.stringify(bad));
  for (const group of [
    ["y", ["a"], row],
    ["x", ["a b"], row],
    ["x", ["__proto__"], row],
    ["x", ["a", "b"], row],
    ["x", ["a"], [[["a"], "many"], [["a"], {}], null, [["a"]]]],
    ["x", "a", row],
  ])
    assert.deepEqual(families(["x", "gauge", "all", "", [group]])?.[0]?.samples, [], JSON.stringify(group));
  assert.equal(parseMetricsMessage({ metrics: "1", families: [] }), null);
  assert.equal(parseMetricsMessage({ metrics: 1 }), null);
});
