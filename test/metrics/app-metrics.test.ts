import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { example } from "../examples/example.ts";
import { run, until } from "../support/instance.ts";
import { complaints, PROMTOOL_ABSENT } from "./promtool.ts";
import { type Scraped, serve, writeConfig } from "./scraped.ts";

/** Answers with its pid, which is also what tells one worker from another. */
const COUNTS = `
import os, time
from prometheus_client import Counter, Enum, Gauge, Histogram, Info, REGISTRY, Summary
SERVED = Counter("shop_served", "Requests served", ["way"])
LAST = Gauge("shop_last", "Last size")
INSIDE = Gauge("shop_inside", "Customers", multiprocess_mode="livesum")
HIGHEST = Gauge("shop_highest", "Highest pid", multiprocess_mode="max")
NEWEST = Gauge("shop_newest", "When it served last", multiprocess_mode="mostrecent")
TIMES = Histogram("shop_seconds", "Times", buckets=[0.1, 1])
SIZES = Summary("shop_size_bytes", "Sizes")
Info("shop", "What it is").info({"kind": "corner"})
Counter("mine", "Has labels of ours", ["app", "worker"]).labels("x", "y").inc()

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/stuck":
        time.sleep(600)
    time.sleep(0.02)  # so that no worker has all of them
    SERVED.labels(path).inc()
    LAST.set(7)
    INSIDE.set(2)
    HIGHEST.set(os.getpid())
    when = int(time.time() * 1000)
    NEWEST.set(when)
    TIMES.observe(0.5)
    SIZES.observe(10)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d %d" % (os.getpid(), when)]
`;

const SERVED = 'shop_served_total{app="shop",way="/"}';

async function shop(t: TestContext, app: Record<string, unknown> = {}, source = COUNTS): Promise<Scraped> {
  const { python } = await example(t, "api");
  const config = { apps: { shop: { wsgi: "counts:app", python, workers: 2, threads: 2, ...app } } };
  return serve(t, config, { "counts.py": source });
}

/** Requests until every worker has answered some; how many each has. */
async function visitAll(scraped: Scraped, workers = 2): Promise<Map<number, number>> {
  const visits = new Map<number, number>();
  while (visits.size < workers)
    for (const { body } of await Promise.all(Array.from({ length: 8 }, () => scraped.instance.get("/"))))
      visits.set(pidOf(body), (visits.get(pidOf(body)) ?? 0) + 1);
  return visits;
}

const pidOf = (body: string): number => Number(body.split(" ")[0]);
const total = (visits: Map<number, number>): number => [...visits.values()].reduce((sum, count) => sum + count, 0);

/** What the series is once it is as expected; the test's time limit ends a vain wait. */
const becomes = (scraped: Scraped, name: string, value: number): Promise<void> =>
  until(async () => (await scraped.series()).get(name) === value);

test("what an app counts with prometheus_client is in /metrics, all workers as one, without a change of the app", async (t) => {
  const scraped = await shop(t);
  const visits = await visitAll(scraped);
  await becomes(scraped, SERVED, total(visits));
  const series = await scraped.series();
  const value = (name: string): number | undefined => series.get(name);
  assert.equal(value('shop_seconds_bucket{app="shop",le="0.1"}'), 0);
  assert.equal(value('shop_seconds_bucket{app="shop",le="1.0"}'), total(visits));
  assert.equal(value('shop_seconds_count{app="shop"}'), total(visits));
  assert.equal(value('shop_seconds_sum{app="shop"}'), total(visits) / 2);
  assert.equal(value('shop_size_bytes_sum{app="shop"}'), total(visits) * 10);
  assert.deepEqual([value('shop_last{app="shop",worker="0"}'), value('shop_last{app="shop",worker="1"}')], [7, 7]);
  assert.equal(value('shop_inside{app="shop"}'), 4);
  assert.equal(value('shop_highest{app="shop"}'), Math.max(...visits.keys()));
  assert.equal(value('shop_info{app="shop",kind="corner"}'), 1);
  assert.equal(value('mine_total{app="shop",exported_app="x",exported_worker="y"}'), 2);
  const newest = Number((await scraped.instance.get("/")).body.split(" ")[1]);
  await becomes(scraped, SERVED, total(visits) + 1);
  await becomes(scraped, 'shop_newest{app="shop"}', newest);
  // What it has of each process by itself is not the app's.
  assert.deepEqual(
    [...series.keys()].filter((name) => /^(process|python)_/.test(name)),
    [],
  );
  if (PROMTOOL_ABSENT === false) assert.equal(complaints((await scraped.scrape()).body), "");
});

test("counters go on over a killed worker and reloads; the gauges of workers that are gone are gone", async (t) => {
  const scraped = await shop(t);
  const visits = await visitAll(scraped);
  await becomes(scraped, SERVED, total(visits));
  process.kill([...visits.keys()][0]!, "SIGKILL");
  await until(
    async () => (await scraped.series()).get('propylon_worker_restarts_total{app="shop",reason="signal"}') === 1,
  );
  assert.ok((await scraped.series()).get(SERVED)! >= total(visits), "what the killed worker had counted stays");
  let count = total(visits);
  for (let reload = 0; reload < 3; reload++) {
    // Counted by workers that end before anybody asks them again: they tell it as their last words.
    const answers = await Promise.all(Array.from({ length: 20 }, () => scraped.instance.get("/")));
    count += answers.length;
    assert.equal((await run(["reload"], scraped.cwd)).code, 0);
    await becomes(scraped, SERVED, count);
  }
  await until(async () => (await scraped.series()).get('propylon_workers{app="shop",state="running"}') === 2);
  await until(
    async () =>
      ![...(await scraped.series()).keys()].some(
        (name) => name.startsWith("propylon_workers") && name.includes("draining"),
      ),
  );
  const gauges = [...(await scraped.series()).keys()].filter((name) => name.startsWith("shop_last"));
  assert.equal(gauges.length, 2, `one for each living worker: ${gauges.join(" ")}`);
});

test("a worker that is stopped keeps nobody waiting: what it said last is told", async (t) => {
  const scraped = await shop(t, { stop_timeout: "500ms" });
  const visits = await visitAll(scraped);
  await becomes(scraped, SERVED, total(visits));
  const [first] = visits.keys();
  process.kill(first!, "SIGSTOP");
  await scraped.scrape(); // the question that it does not answer
  assert.equal((await scraped.series()).get(SERVED), total(visits));
  await until(async () =>
    [...(await scraped.series())].some(
      ([name, value]) => name.startsWith("propylon_worker_report_age_seconds") && value > 1,
    ),
  );
});

test("a request that hangs is seen from outside: a busy lane, and the age of the request", async (t) => {
  const scraped = await shop(t, { workers: 1 });
  const hanging = scraped.instance.get("/stuck").catch(() => {});
  await becomes(scraped, 'propylon_worker_lanes_busy{app="shop",worker="0"}', 1);
  await until(
    async () => (await scraped.series()).get('propylon_worker_oldest_request_seconds{app="shop",worker="0"}')! > 0.2,
  );
  const series = await scraped.series();
  assert.equal(series.get('propylon_worker_lanes{app="shop",worker="0"}'), 2);
  assert.equal(series.get('propylon_worker_requests_in_flight{app="shop",worker="0"}'), 1);
  assert.equal(series.get('propylon_worker_requests_total{app="shop",worker="0"}'), 1);
  assert.ok(series.get('propylon_worker_cpu_seconds_total{app="shop",worker="0"}')! > 0);
  assert.ok(series.get('propylon_worker_resident_memory_bytes{app="shop",worker="0"}')! > 1e6);
  assert.equal((await run(["stop", "--now"], scraped.cwd)).code, 0);
  await hanging;
});

test("what would clash is left out and said so; a prefix lets it in; metrics: false asks for nothing", async (t) => {
  const { python } = await example(t, "api");
  const app = (source: string): string => `from prometheus_client import Counter, Gauge\n${source}
def app(environ, start_response):
    start_response("200 OK", [])
    return []
`;
  const files = {
    "a.py": app('Counter("jobs", "Jobs").inc(3)\nGauge("propylon_start_time_seconds", "Not its own").set(1)'),
    "b.py": app('Gauge("jobs", "Jobs now").set(5)\nCounter("both", "Both").inc()'),
    "c.py": app('Counter("both", "Both").inc()'),
  };
  const one = (module: string, more: object = {}): object => ({ wsgi: `${module}:app`, python, workers: 1, ...more });
  const config = {
    apps: { a: one("a"), b: one("b"), c: one("c") },
    sites: [{ routes: [{ path: "/b", app: "b" }, { path: "/c", app: "c" }, { app: "a" }] }],
  };
  const scraped = await serve(t, config, files);
  await becomes(scraped, 'jobs_total{app="a"}', 3);
  await becomes(scraped, 'both_total{app="c"}', 1);
  const series = await scraped.series();
  assert.equal(series.get('both_total{app="b"}'), 1, "two apps may count the same");
  assert.equal(series.get('jobs{app="b"}'), undefined, "but not as two kinds of metric");
  assert.equal(series.get('propylon_start_time_seconds{app="a"}'), undefined);
  await until(() => /app b jobs is left out of \/metrics/.test(scraped.instance.output.err));
  await until(() => /app a propylon_start_time_seconds is left out/.test(scraped.instance.output.err));
  assert.equal(scraped.instance.output.err.split("app b jobs is left out").length, 2, "said once");
  const next = {
    ...config,
    apps: { a: one("a"), b: one("b", { metrics: { prefix: "b_" } }), c: one("c", { metrics: false }) },
  };
  writeConfig(scraped.cwd, { listeners: ["127.0.0.1:0"], admin: scraped.admin, ...next });
  assert.equal((await run(["reload"], scraped.cwd)).code, 0);
  await until(async () => [...(await scraped.series()).keys()].some((name) => name.startsWith('b_jobs{app="b"')));
  assert.ok(
    ![...(await scraped.series()).keys()].some((name) => name.startsWith("both_total{") && name.includes('"c"')),
  );
});

test("an app with too many series is told so, and what was let in stays in", async (t) => {
  const source = COUNTS.replace('path = environ["PATH_INFO"]', 'path = environ["PATH_INFO"] + environ["QUERY_STRING"]');
  const scraped = await shop(t, { workers: 1, metrics: { series: 30 } }, source);
  await scraped.instance.get("/");
  await becomes(scraped, SERVED, 1);
  for (let query = 0; query < 40; query++) await scraped.instance.get(`/?${query}`);
  await scraped.instance.get("/");
  await becomes(scraped, SERVED, 2);
  await until(() => /app shop has more than 30 series/.test(scraped.instance.output.err));
  const own = [...(await scraped.series()).keys()].filter((name) => !name.startsWith("propylon_"));
  assert.equal(own.length, 30);
});

test("a collector that fails is told, and the rest of /metrics is there", async (t) => {
  const source = `${COUNTS}
class Broken:
    def collect(self):
        if SERVED.labels("/")._value.get() > 0:
            raise RuntimeError("no database")
        return []
REGISTRY.register(Broken())
`;
  const scraped = await shop(t, { workers: 1 }, source);
  await scraped.instance.get("/");
  await until(async () => {
    await scraped.scrape();
    return /app shop: its metrics could not be collected: RuntimeError: no database/.test(scraped.instance.output.err);
  });
  assert.equal((await scraped.series()).get('propylon_app_requests_total{app="shop"}'), 1);
});

test("PROMETHEUS_MULTIPROC_DIR may stay: the files are the app's affair, the sum is the same", async (t) => {
  const { python } = await example(t, "api");
  const app = { wsgi: "counts:app", python, workers: 2, environment: { PROMETHEUS_MULTIPROC_DIR: "files" } };
  const source = COUNTS.replace(/^Info.*$/m, "");
  const scraped = await serve(t, { apps: { shop: app } }, { "counts.py": source, "files/.keep": "" });
  const visits = await visitAll(scraped);
  await becomes(scraped, SERVED, total(visits));
  assert.ok(fs.readdirSync(path.join(scraped.cwd, "files")).some((name) => name.endsWith(".db")));
});

test("an app with an event loop, and one whose workers are forked from one that has imported it, are told as well", async (t) => {
  const { python } = await example(t, "api");
  const files = {
    "loops.py": `
from prometheus_client import Counter
SERVED = Counter("served", "Served")
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    SERVED.inc()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})
`,
    "counts.py": COUNTS,
  };
  const config = {
    apps: {
      loops: { asgi: "loops:app", python, workers: 1 },
      forked: { wsgi: "counts:app", python, workers: 2, preload: true },
    },
    sites: [{ routes: [{ path: "/loops", app: "loops" }, { app: "forked" }] }],
  };
  const scraped = await serve(t, config, files);
  for (let i = 0; i < 3; i++) assert.equal((await scraped.instance.get("/loops")).status, 200);
  await becomes(scraped, 'served_total{app="loops"}', 3);
  const visits = await visitAll(scraped);
  const served = 'shop_served_total{app="forked",way="/"}';
  await becomes(scraped, served, total(visits));
  assert.equal((await run(["reload"], scraped.cwd)).code, 0);
  await scraped.instance.get("/loops");
  await becomes(scraped, 'served_total{app="loops"}', 4);
  await becomes(scraped, served, total(visits));
});
