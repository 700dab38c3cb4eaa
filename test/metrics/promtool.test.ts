import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { exposition } from "../../src/metrics/exposition.ts";
import { HttpMetrics } from "../../src/metrics/http-metrics.ts";
import { mergeFamilies } from "../../src/metrics/merge.ts";
import { CLIENT, endedExchange } from "./fake-exchange.ts";

const absent = spawnSync("promtool", ["--version"]).error !== undefined && "promtool is not installed";

/** promtool parses with Prometheus' own parser, then lints; anything it has to say is a failure. */
function complaints(text: string): string {
  const run = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
  return run.status === 0 ? run.stdout + run.stderr : run.stdout + run.stderr || `exit ${run.status}`;
}

test("promtool has nothing to say against the metrics of two edges, hostile site names included", {
  skip: absent,
}, () => {
  const edges = ["a.org", 'b"\\\n.org', "ü.org"].map((site) => {
    const metrics = new HttpMetrics();
    metrics.connectionOpened();
    for (const status of [200, 404, 0]) metrics.ended(endedExchange({ site, app: "shop", queued: 3 }), status, 100);
    metrics.refused(CLIENT, 400, "", "");
    return metrics.families();
  });
  assert.equal(complaints(exposition(mergeFamilies(edges))), "");
});

test("promtool would tell: a family with two TYPE lines is refused", { skip: absent }, () => {
  const families = new HttpMetrics().families();
  assert.notEqual(complaints(exposition(families) + exposition(families)), "");
});
