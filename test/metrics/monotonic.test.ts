import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { HELLO, run, until } from "../support/instance.ts";
import { serve, writeConfig } from "./scraped.ts";

/** Of the text format: what only grows. */
const COUNTED = /^\w+(?:_total|_bucket|_sum|_count)(?:\{|$)/;

test("no counter goes down while workers and the edge are killed, the configuration reloaded, an app removed and added again", async (t) => {
  const files = { "app.py": HELLO, "other.py": HELLO };
  const app = (module: string): object => ({ wsgi: `${module}:app`, workers: 2, threads: 1 });
  const both = {
    apps: { app: app("app"), other: app("other") },
    programs: { sleeper: { command: "sleep 600" } },
    sites: [{ routes: [{ path: "/other", app: "other" }, { app: "app" }] }],
  };
  const scraped = await serve(t, both, files);
  const { instance, cwd, admin } = scraped;
  const before = new Map<string, number>();
  let scrapes = 0;
  const look = async (): Promise<void> => {
    scrapes++;
    for (const [name, value] of await scraped.series()) {
      if (!COUNTED.test(name)) continue;
      assert.ok(value >= (before.get(name) ?? 0), `${name} was ${before.get(name)} and is ${value}`);
      before.set(name, value);
    }
  };
  const visit = async (): Promise<void> => {
    const answers = await Promise.all(["/", "/other", "/", "/other"].map((path) => instance.get(path)));
    assert.ok(answers.length === 4);
    await look();
  };
  const main = instance.process.pid!;
  const children = (name: string): number[] =>
    execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(main)], { encoding: "utf8" })
      .split("\n")
      .filter((line) => line.includes(name))
      .map((line) => Number.parseInt(line, 10));
  const reload = async (config: object): Promise<void> => {
    writeConfig(cwd, { listeners: ["127.0.0.1:0"], admin, ...config });
    assert.equal((await run(["reload"], cwd)).code, 0);
    await look();
  };
  // Once everything is counted that was done before: a killed edge takes with it what nobody has seen.
  await visit();
  await until(async () => {
    await look();
    return before.get('propylon_app_requests_total{app="other"}') === 2;
  });
  for (let round = 0; round < 2; round++) {
    process.kill(children("edge 0")[0]!, "SIGKILL");
    await visit();
    process.kill(children("propylon_worker")[0]!, "SIGKILL");
    await visit();
    await reload(both);
    await visit();
    await reload({ apps: { app: both.apps.app } });
    await visit();
    await reload(both);
    await visit();
  }
  assert.equal(before.get("propylon_edge_restarts_total"), 2);
  assert.equal(before.get('propylon_config_reloads_total{result="success"}'), 6);
  assert.ok(before.get('propylon_app_requests_total{app="other"}')! > 2);
  assert.ok(scrapes > 15 && before.size > 100, `${scrapes} scrapes of ${before.size} series`);
});
