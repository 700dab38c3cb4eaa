import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { folder } from "../support/instance.ts";
import { PROMTOOL_ABSENT } from "./promtool.ts";

const DOCS = path.join(import.meta.dirname, "../../docs");
const RULES = path.join(DOCS, "alerts.yml");

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}

const ALERTS = (parse(fs.readFileSync(RULES, "utf8")) as Rules).groups.flatMap(({ rules }) => rules);

/** When an alert fires and when it does not. Values are promtool's: `a+bxn` begins with a and adds b n times, one a minute. */
interface Case {
  readonly bad: Readonly<Record<string, string>>;
  readonly good: Readonly<Record<string, string>>;
  readonly at?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
}

const CASES: Readonly<Record<string, Case>> = {
  PropylonDown: {
    bad: { 'up{job="propylon",instance="a"}': "0x30" },
    good: { 'up{job="propylon",instance="a"}': "1x30" },
    labels: { severity: "critical", job: "propylon", instance: "a" },
    summary: "a does not answer /metrics",
  },
  PropylonAppDown: {
    bad: { 'propylon_app_ready{app="shop"}': "0x30" },
    good: { 'propylon_app_ready{app="shop"}': "0 1x30" },
    labels: { severity: "critical", app: "shop" },
    summary: "app shop has no worker that is ready",
  },
  PropylonErrors: {
    bad: {
      'propylon_http_requests_total{app="shop",status="200"}': "0+90x30",
      'propylon_http_requests_total{app="shop",status="502"}': "0+10x30",
    },
    good: {
      'propylon_http_requests_total{app="shop",status="200"}': "0+99x30",
      'propylon_http_requests_total{app="shop",status="502"}': "0+1x30",
    },
    labels: { severity: "critical", app: "shop" },
    summary: "10% of the requests of app shop end with 5xx",
  },
  PropylonWorkersDie: {
    bad: { 'propylon_worker_restarts_total{app="shop",reason="signal"}': "0+1x30" },
    good: { 'propylon_worker_restarts_total{app="shop",reason="signal"}': "0x19 1x10" },
    labels: { severity: "warning", app: "shop" },
    summary: "15 workers of app shop have ended by themselves in 15 minutes",
  },
  PropylonWorkerStuck: {
    bad: { 'propylon_worker_oldest_request_seconds{app="shop",worker="1"}': "0+60x30" },
    good: { 'propylon_worker_oldest_request_seconds{app="shop",worker="1"}': "100x30" },
    labels: { severity: "warning", app: "shop", worker: "1" },
    summary: "worker 1 of app shop has been running a request for 20m 0s",
  },
  PropylonQueueRefuses: {
    bad: { 'propylon_app_requests_rejected_total{app="shop",reason="queue_full"}': "0+60x30" },
    good: { 'propylon_app_requests_rejected_total{app="shop",reason="unavailable"}': "0+60x30" },
    labels: { severity: "critical", app: "shop", reason: "queue_full" },
    summary: "app shop answers 503 to 1 requests a second (queue_full)",
  },
  PropylonQueueSlow: {
    bad: {
      'propylon_app_queue_seconds_bucket{app="shop",le="1.0"}': "0x30",
      'propylon_app_queue_seconds_bucket{app="shop",le="3.0"}': "0+60x30",
      'propylon_app_queue_seconds_bucket{app="shop",le="+Inf"}': "0+60x30",
    },
    good: {
      'propylon_app_queue_seconds_bucket{app="shop",le="1.0"}': "0+60x30",
      'propylon_app_queue_seconds_bucket{app="shop",le="+Inf"}': "0+60x30",
    },
    labels: { severity: "warning", app: "shop" },
    summary: "requests wait 2.9s for a worker of app shop",
  },
  PropylonEdgeDies: {
    bad: { propylon_edge_restarts_total: "0x10 2x19" },
    good: { propylon_edge_restarts_total: "0x10 1x19" },
    labels: { severity: "warning" },
    summary: "the edge has ended by itself 2 times in an hour",
  },
  PropylonEdgeBusy: {
    bad: { 'propylon_event_loop_busy_seconds_total{process="edge 0"}': "0+57x30" },
    good: { 'propylon_event_loop_busy_seconds_total{process="edge 0"}': "0+30x30" },
    labels: { severity: "warning", process: "edge 0" },
    summary: "edge 0 is busy 95% of the time",
  },
  PropylonConnectionsTurnedAway: {
    bad: { 'propylon_listener_connections_turned_away_total{listener="*:80"}': "0+1x30" },
    good: { 'propylon_listener_connections_turned_away_total{listener="*:80"}': "5x30" },
    labels: { severity: "warning", listener: "*:80" },
    summary: "clients of *:80 are turned away: there are as many connections as there may be",
  },
  PropylonProgramFailed: {
    bad: { 'propylon_program_state{program="vapor",number="0",state="failed"}': "1x30" },
    good: { 'propylon_program_state{program="vapor",number="0",state="running"}': "1x30" },
    labels: { severity: "critical", program: "vapor", number: "0", state: "failed" },
    summary: "program vapor:0 has been given up",
  },
  PropylonProgramRestarts: {
    bad: { 'propylon_program_restarts_total{program="vapor",number="0"}': "0+1x30" },
    good: { 'propylon_program_restarts_total{program="vapor",number="0"}': "0x19 1x10" },
    labels: { severity: "warning", program: "vapor", number: "0" },
    summary: "program vapor:0 was started 15 times in 15 minutes",
  },
  PropylonProgramUnhealthy: {
    bad: { 'propylon_program_healthy{program="redis",number="0"}': "0x30" },
    good: { 'propylon_program_healthy{program="redis",number="0"}': "1x30" },
    labels: { severity: "warning", program: "redis", number: "0" },
    summary: "the health check of program redis:0 fails",
  },
  PropylonCertificateExpires: {
    bad: { 'propylon_tls_certificate_expiry_timestamp_seconds{listener="*:443",name="a.org"}': "439200x120" },
    good: { 'propylon_tls_certificate_expiry_timestamp_seconds{listener="*:443",name="a.org"}': "4392000x120" },
    at: "2h",
    labels: { severity: "warning", listener: "*:443", name: "a.org" },
    summary: "the certificate for a.org (*:443) ends in 5d 0h 0m 0s",
  },
  PropylonUpstreamDown: {
    bad: { 'propylon_upstream_healthy{upstream="blog",target="a"}': "0x3 1 0x30" },
    good: {
      'propylon_upstream_healthy{upstream="blog",target="a"}': "0x17 1 0x2",
      'propylon_upstream_healthy{upstream="blog",target="b"}': "1x30",
    },
    labels: { severity: "critical", upstream: "blog" },
    summary: "no target of upstream blog may be given requests",
  },
  PropylonUpstreamTargetDown: {
    bad: { 'propylon_upstream_healthy{upstream="blog",target="a"}': "0x30" },
    good: { 'propylon_upstream_healthy{upstream="blog",target="a"}': "1x30" },
    labels: { severity: "warning", upstream: "blog", target: "a" },
    summary: "target a of upstream blog is taken out",
  },
  PropylonReloadFailed: {
    bad: { propylon_config_last_reload_successful: "0x30" },
    good: { propylon_config_last_reload_successful: "1x30" },
    labels: { severity: "warning" },
    summary: "the last reload failed: what ran before goes on",
  },
  PropylonLogsLost: {
    bad: { propylon_access_log_dropped_lines_total: "0+10x30" },
    good: { propylon_access_log_dropped_lines_total: "7x30" },
    labels: { severity: "warning" },
    summary: "150 log lines could not be written: is the disk full?",
  },
};

test("promtool has nothing to say against the alert rules", { skip: PROMTOOL_ABSENT }, () => {
  const checked = spawnSync("promtool", ["check", "rules", RULES], { encoding: "utf8" });
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
  assert.match(checked.stdout, new RegExp(`${ALERTS.length} rules found`));
});

test("every alert fires when it should, says what is wrong, and is quiet when nothing is", {
  skip: PROMTOOL_ABSENT,
}, (t) => {
  assert.deepEqual(Object.keys(CASES).sort(), ALERTS.map(({ alert }) => alert).sort());
  const tests = Object.entries(CASES).flatMap(([alertname, { bad, good, at = "20m", labels, summary }]) => {
    const input = (series: Case["bad"]) => Object.entries(series).map(([series, values]) => ({ series, values }));
    const expected = [{ exp_labels: labels, exp_annotations: { summary } }];
    return [
      {
        name: `${alertname} fires`,
        input_series: input(bad),
        alert_rule_test: [{ eval_time: at, alertname, exp_alerts: expected }],
      },
      {
        name: `${alertname} is quiet`,
        input_series: input(good),
        alert_rule_test: [{ eval_time: at, alertname, exp_alerts: [] }],
      },
    ];
  });
  const document = {
    rule_files: [RULES],
    evaluation_interval: "1m",
    tests: tests.map((one) => ({ interval: "1m", ...one })),
  };
  const cwd = folder(t, { "tests.yml": JSON.stringify(document) });
  const tested = spawnSync("promtool", ["test", "rules", "tests.yml"], { cwd, encoding: "utf8" });
  assert.equal(tested.status, 0, tested.stdout + tested.stderr);
});

test("docs/alerts.md says of every alert what to do, and the rules use metrics that there are", () => {
  const page = fs.readFileSync(path.join(DOCS, "alerts.md"), "utf8");
  const metrics = fs.readFileSync(path.join(DOCS, "metrics.md"), "utf8");
  for (const { alert, expr } of ALERTS) {
    assert.ok(page.includes(`| \`${alert}\` |`), `${alert} is documented`);
    for (const [name] of expr.matchAll(/propylon_\w+/g))
      assert.ok(metrics.includes(`\`${name.replace(/_(bucket|sum|count)$/, "")}\``), `${name} is a metric`);
  }
});
