import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { HttpMetrics } from "../../src/metrics/http-metrics.ts";
import { ask, folder, freePort, start, until } from "../support/instance.ts";
import { endedExchange } from "./fake-exchange.ts";

function samples(metrics: HttpMetrics): Record<string, number> {
  const family = metrics.families().find(({ name }) => name === "propylon_route_requests_total");
  const entries = family!.samples.map(({ labels, value }) => [`${labels["route"]} ${labels["class"]}`, value] as const);
  return Object.fromEntries(entries);
}

test("routes are counted by class however they alternate, and the 201st shares a label with all after it", () => {
  const metrics = new HttpMetrics();
  for (let i = 0; i < 3; i++) {
    metrics.ended(endedExchange({ route: "/a" }), 200, 0);
    metrics.ended(endedExchange({ route: "/b" }), 502, 0);
    metrics.ended(endedExchange({ route: "/a" }), 0, 0);
    metrics.ended(endedExchange({ route: "" }), 200, 0);
  }
  assert.deepEqual(samples(metrics), { "/a 2xx": 3, "/a 4xx": 3, "/b 5xx": 3 });
  for (let i = 0; i < 1000; i++) metrics.ended(endedExchange({ route: `/${i}` }), 200, 0);
  const counted = samples(metrics);
  assert.equal(Object.keys(counted).length, 3 + 198 + 1);
  assert.equal(counted["(other) 2xx"], 802);
});

test("a request is counted for the route that answered, also where its page for the error is another's", async (t) => {
  const port = await freePort();
  const admin = await freePort();
  const cwd = folder(t);
  fs.writeFileSync(
    path.join(cwd, "propylon.yaml"),
    `
listeners: ["127.0.0.1:${port}"]
admin: 127.0.0.1:${admin}
admin_metrics: true
sites:
  - errors: { 503: { path: /sorry } }
    routes:
      - { path: /fine, respond: fine }
      - { path: /bad, fail: 503 }
      - { path: /sorry, respond: sorry }
      - { path: /tried, goto: "@named" }
      - { name: named, named_only: true, respond: here }
      - { respond: rest }
`,
  );
  await start(t, ["run"], { cwd }).url;
  for (const target of ["/fine", "/fine/x", "/bad", "/tried", "/elsewhere"])
    await ask(`http://127.0.0.1:${port}${target}`);
  let text = "";
  await until(async () => {
    text = (await ask(`http://127.0.0.1:${admin}/metrics`)).body;
    return /propylon_http_requests_total\{[^}]*\} 1\b[\s\S]*propylon_route_requests_total\{[^}]*named/.test(text);
  });
  const counted = [
    ...text.matchAll(/propylon_route_requests_total\{site="default",route="([^"]*)",class="(\w+)"\} (\d+)/g),
  ];
  assert.deepEqual(counted.map(([, route, kind, count]) => `${route} ${kind} ${count}`).sort(), [
    "/bad 5xx 1",
    "/fine 2xx 2",
    "@named 2xx 1",
  ]);
});
