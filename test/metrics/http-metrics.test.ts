import assert from "node:assert/strict";
import { test } from "node:test";
import type { MetricFamily } from "../../src/metrics/family.ts";
import { HttpMetrics } from "../../src/metrics/http-metrics.ts";
import { CLIENT, endedExchange } from "./fake-exchange.ts";

function family(metrics: HttpMetrics, name: string): MetricFamily {
  const found = metrics.families().find((candidate) => candidate.name === name);
  assert.ok(found, `${name} is exposed`);
  return found;
}

function counts(metrics: HttpMetrics): Record<string, number> {
  const samples = family(metrics, "propylon_http_requests_total").samples;
  return Object.fromEntries(
    samples.map(({ labels, value }) => [
      `${labels["site"]} ${labels["app"]} ${labels["method"]} ${labels["status"]}`,
      value,
    ]),
  );
}

test("requests are counted by site, app, method and status, however they alternate", () => {
  const metrics = new HttpMetrics();
  for (let i = 0; i < 3; i++) {
    metrics.ended(endedExchange({ site: "a.org", app: "shop" }), 200, 10);
    metrics.ended(endedExchange({ site: "a.org", app: "shop", method: "POST" }), 200, 10);
    metrics.ended(endedExchange({ site: "a.org", app: "shop" }), 404, 10);
    metrics.ended(endedExchange({ site: "b.org", app: "shop" }), 404, 10);
    metrics.ended(endedExchange({ site: "b.org" }), 304, 0);
  }
  assert.deepEqual(counts(metrics), {
    "a.org shop GET 200": 3,
    "a.org shop POST 200": 3,
    "a.org shop GET 404": 3,
    "b.org shop GET 404": 3,
    "b.org  GET 304": 3,
  });
  assert.equal(metrics.requests, 15);
});

test("methods that clients make up share one label, so that they can't fill the memory", () => {
  const metrics = new HttpMetrics();
  for (let i = 0; i < 1000; i++) metrics.ended(endedExchange({ method: `M${i}` }), 405, 0);
  assert.deepEqual(counts(metrics), { "default  OTHER 405": 1000 });
});

test("a client that left before the answer is a 499", () => {
  const metrics = new HttpMetrics();
  metrics.ended(endedExchange(), 0, 0);
  assert.deepEqual(counts(metrics), { "default  GET 499": 1 });
});

test("durations and queue times are in seconds, queue times only of apps", () => {
  const metrics = new HttpMetrics();
  metrics.ended(endedExchange({ app: "shop", began: performance.now() - 2000, queued: 40 }), 200, 5);
  metrics.ended(endedExchange({ began: performance.now() }), 200, 7);
  const sum = (name: string) => family(metrics, name).samples.filter((sample) => sample.name.endsWith("_sum"));
  const durations = sum("propylon_http_request_duration_seconds");
  assert.deepEqual(
    durations.map((sample) => Math.floor(sample.value)),
    [2, 0],
  );
  assert.deepEqual(sum("propylon_app_queue_seconds"), [
    { name: "propylon_app_queue_seconds_sum", labels: { app: "shop" }, value: 0.04 },
  ]);
  const bytes = family(metrics, "propylon_http_response_bytes_total").samples.map((sample) => sample.value);
  assert.deepEqual(bytes, [5, 7]);
});

test("connections that are open and refused requests are counted", () => {
  const metrics = new HttpMetrics();
  metrics.connectionOpened();
  metrics.connectionOpened();
  metrics.connectionClosed();
  metrics.refused(CLIENT, 400, "A bad line", "GET");
  metrics.refused(CLIENT, 431, "Too large", "GET / HTTP/1.1");
  metrics.refused(CLIENT, 400, "A bad line", "GET");
  const values = (name: string) => family(metrics, name).samples.map(({ labels, value }) => [labels["status"], value]);
  assert.deepEqual(values("propylon_http_connections_open"), [[undefined, 1]]);
  assert.deepEqual(values("propylon_http_connections_total"), [[undefined, 2]]);
  assert.deepEqual(values("propylon_http_refused_total"), [
    ["400", 2],
    ["431", 1],
  ]);
});
