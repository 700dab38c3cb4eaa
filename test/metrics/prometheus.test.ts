import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { example } from "../examples/example.ts";
import { ask, folder, freePort, HELLO, until } from "../support/instance.ts";
import { serve } from "./scraped.ts";

const absent = spawnSync("prometheus", ["--version"]).error !== undefined && "prometheus is not installed";

interface Answered {
  readonly data: {
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
  };
}

/** A real Prometheus that scrapes this address several times a second; resolves with its own address when it can be asked. */
async function prometheus(t: TestContext, target: string): Promise<string> {
  const config = {
    global: { scrape_interval: "300ms", scrape_timeout: "300ms" },
    scrape_configs: [{ job_name: "propylon", static_configs: [{ targets: [target] }] }],
  };
  const cwd = folder(t, { "prometheus.yml": JSON.stringify(config) });
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    "prometheus",
    ["--config.file=prometheus.yml", "--storage.tsdb.path=data", `--web.listen-address=${address}`],
    { cwd, stdio: "ignore" },
  );
  t.after(async () => {
    child.kill("SIGKILL");
    await once(child, "close");
  });
  const ready = (): Promise<boolean> =>
    ask(`http://${address}/-/ready`).then(
      ({ status }) => status === 200,
      () => false,
    );
  await until(ready);
  return address;
}

test("a real Prometheus scrapes it as OpenMetrics, and answers queries with our values", {
  skip: absent,
}, async (t) => {
  const scraped = await serve(t, { apps: { app: { wsgi: "app:app", workers: 1 } } }, { "app.py": HELLO });
  const server = await prometheus(t, scraped.admin);
  const query = async (text: string): Promise<Answered["data"]["result"]> => {
    const { body } = await ask(`http://${server}/api/v1/query?query=${encodeURIComponent(text)}`);
    return (JSON.parse(body) as Answered).data.result;
  };
  for (let i = 0; i < 7; i++) assert.equal((await scraped.instance.get("/")).status, 200);
  await until(
    async () => (await query('sum by (app) (propylon_http_requests_total{status="200"})'))[0]?.value[1] === "7",
  );
  assert.equal((await query('up{job="propylon"}'))[0]?.value[1], "1");
  assert.equal(
    (await query("histogram_quantile(0.99, sum by (le) (propylon_http_request_duration_seconds_bucket)) > 0")).length,
    1,
  );
  assert.equal((await query("propylon_build_info"))[0]?.metric["version"], "0.1.0");
  const targets = JSON.parse((await ask(`http://${server}/api/v1/targets?state=active`)).body) as {
    data: { activeTargets: { health: string; lastError: string }[] };
  };
  assert.deepEqual(
    targets.data.activeTargets.map(({ health, lastError }) => [health, lastError]),
    [["up", ""]],
  );
  const metadata = JSON.parse(
    (await ask(`http://${server}/api/v1/metadata?metric=propylon_worker_cpu_seconds`)).body,
  ) as {
    data: Record<string, { type: string; unit: string }[]>;
  };
  // Only OpenMetrics tells units, and names a counter without `_total`.
  assert.deepEqual(
    metadata.data["propylon_worker_cpu_seconds"]?.map(({ type, unit }) => [type, unit]),
    [["counter", "seconds"]],
  );
});

test("the parser of prometheus_client takes our OpenMetrics, and the text format goes to who does not ask for it", async (t) => {
  const { python } = await example(t, "api");
  const scraped = await serve(t, { apps: { app: { wsgi: "app:app", workers: 1 } } }, { "app.py": HELLO });
  await scraped.instance.get("/");
  const accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
  const { headers, body } = await scraped.scrape({ accept });
  assert.equal(headers["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
  assert.ok(body.endsWith("\n# EOF\n"));
  const parse = `
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = {family.name: family for family in text_string_to_metric_families(sys.stdin.read())}
assert families["propylon_http_requests"].type == "counter", families
assert families["propylon_worker_cpu_seconds"].unit == "seconds"
assert families["propylon_build"].type == "info"
print(len(families))
`;
  const parsed = spawnSync(python, ["-c", parse], { input: body, encoding: "utf8" });
  assert.equal(parsed.stderr, "");
  assert.ok(Number(parsed.stdout) > 30);
  for (const other of [
    {},
    { accept: "*/*" },
    { accept: "text/html" },
    { accept: "application/openmetrics-text;version=2.0.0" },
  ])
    assert.equal((await scraped.scrape(other)).headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
});
