import assert from "node:assert/strict";
import { test } from "node:test";
import { exposition } from "../../src/metrics/exposition.ts";
import { HttpMetrics } from "../../src/metrics/http-metrics.ts";
import { mergeFamilies } from "../../src/metrics/merge.ts";
import { CLIENT, endedExchange } from "./fake-exchange.ts";
import { complaints, PROMTOOL_ABSENT } from "./promtool.ts";

test("promtool has nothing to say against the metrics of two edges, hostile site names included", {
  skip: PROMTOOL_ABSENT,
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

test("promtool would tell: a family with two TYPE lines is refused", { skip: PROMTOOL_ABSENT }, () => {
  const families = new HttpMetrics().families();
  assert.notEqual(complaints(exposition(families) + exposition(families)), "");
});
