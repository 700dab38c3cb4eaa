import assert from "node:assert/strict";
import { test } from "node:test";
import { exposition } from "./exposition.ts";
import type { MetricFamily } from "./family.ts";

function gauge(name: string, labels: Record<string, string>, value: number): MetricFamily {
  return { name, help: "Help.", type: "gauge", samples: [{ name, labels, value }] };
}

test("families are sorted by name, series by labels, each family with one HELP and one TYPE", () => {
  const b: MetricFamily = {
    name: "b_total",
    help: "Things.",
    type: "counter",
    samples: [
      { name: "b_total", labels: { app: "z" }, value: 2 },
      { name: "b_total", labels: { app: "a" }, value: 1 },
    ],
  };
  const text = exposition([b, gauge("a", {}, 3)]);
  assert.equal(
    text,
    '# HELP a Help.\n# TYPE a gauge\na 3\n# HELP b_total Things.\n# TYPE b_total counter\nb_total{app="a"} 1\nb_total{app="z"} 2\n',
  );
});

test("buckets keep the order of their bounds, not of their text", () => {
  const bucket = (app: string, le: string) => ({ name: "h_bucket", labels: { app, le }, value: 1 });
  const samples = [bucket("b", "2.5"), bucket("b", "10"), bucket("b", "+Inf"), bucket("a", "2.5"), bucket("a", "10")];
  const lines = exposition([{ name: "h", help: "H.", type: "histogram", samples }])
    .split("\n")
    .slice(2, -1);
  assert.deepEqual(lines, [
    'h_bucket{app="a",le="2.5"} 1',
    'h_bucket{app="a",le="10"} 1',
    'h_bucket{app="b",le="2.5"} 1',
    'h_bucket{app="b",le="10"} 1',
    'h_bucket{app="b",le="+Inf"} 1',
  ]);
});

test("quotes, backslashes and line feeds in label values and help can't end a line", () => {
  const family = { ...gauge("a", { site: 'x"} 1\n# evil\\' }, 1), help: "a\\b\nc" };
  assert.equal(exposition([family]), '# HELP a a\\\\b\\nc\n# TYPE a gauge\na{site="x\\"} 1\\n# evil\\\\"} 1\n');
});

test("infinities and NaN are spelled as Prometheus reads them", () => {
  const values = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e21, 0.25];
  const lines = values.map((value) => exposition([gauge("a", {}, value)]).split("\n")[2]);
  assert.deepEqual(lines, ["a +Inf", "a -Inf", "a NaN", "a 1e+21", "a 0.25"]);
});

test("a family without samples is left out", () => {
  assert.equal(exposition([{ name: "a", help: "A.", type: "counter", samples: [] }]), "");
});

test("OpenMetrics: counters without _total, units, infos, bounds with a point, and an end", () => {
  const seconds: MetricFamily = {
    name: "cpu_seconds_total",
    help: 'CPU "time".',
    type: "counter",
    samples: [{ name: "cpu_seconds_total", labels: {}, value: 2 }],
  };
  const bucket = (le: string) => ({ name: "h_bucket", labels: { le }, value: 1 });
  const histogram: MetricFamily = {
    name: "h",
    help: "H.",
    type: "histogram",
    samples: ["0.5", "1", "+Inf"].map(bucket),
  };
  const odd: MetricFamily = {
    name: "odd",
    help: "O.",
    type: "counter",
    samples: [{ name: "odd", labels: {}, value: 1 }],
  };
  assert.equal(
    exposition([gauge("build_info", { v: "1" }, 1), seconds, histogram, odd], "openmetrics"),
    `# TYPE build info
# HELP build Help.
build_info{v="1"} 1
# TYPE cpu_seconds counter
# UNIT cpu_seconds seconds
# HELP cpu_seconds CPU \\"time\\".
cpu_seconds_total 2
# TYPE h histogram
# HELP h H.
h_bucket{le="0.5"} 1
h_bucket{le="1.0"} 1
h_bucket{le="+Inf"} 1
# TYPE odd unknown
# HELP odd O.
odd 1
# EOF
`,
  );
  assert.equal(exposition([], "openmetrics"), "# EOF\n");
});
