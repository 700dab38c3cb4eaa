import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ControlClient } from "../../src/control/client.ts";
import { instances } from "../../src/supervisor/runtime-directory.ts";
import { folder, HELLO, type Instance, start, until } from "../support/instance.ts";
import { describeTally, Load } from "../support/load.ts";

interface Served {
  readonly propylon: Instance;
  readonly client: ControlClient;
  readonly url: string;
}

async function serve(t: TestContext, ...more: string[]): Promise<Served> {
  const cwd = folder(t, { "app.py": HELLO });
  const propylon = start(t, ["app:app", "--listen", "127.0.0.1:0", "--log-level", "error", ...more], { cwd });
  const url = await propylon.url;
  return { propylon, client: new ControlClient(instances(cwd)[0]!.control), url };
}

const workers = async (client: ControlClient) =>
  (await client.status()).processes.filter((one) => one.name.startsWith("app") || one.name.includes("/"));

for (const [method, promise] of [
  ["GET", "loses no idempotent request"],
  ["POST", "loses only requests that were inside it"],
] as const) {
  test(`a worker killed with -9 each second for 15 s under load ${promise}`, { timeout: 60_000 }, async (t) => {
    const { client, url } = await serve(t, "--workers", "2");
    const load = new Load(`${url}/`, { connections: 32, method, body: "hello" });
    load.start();
    t.after(() => load.stop());
    let kills = 0;
    for (; kills < 15; kills++) {
      await until(async () => (await workers(client)).filter((one) => one.state === "running").length === 2);
      const list = await workers(client);
      process.kill(list[kills % list.length]!.pid, "SIGKILL");
      await pause(1000);
    }
    const tally = await load.stop();
    console.log(`${method}: ${kills} kills, ${describeTally(tally)}`);
    assert.ok(tally.answered > 5000);
    assert.equal(tally.wrong, 0);
    if (method === "GET") assert.equal(tally.failed, 0);
    // What a worker had started and not written: a batch of 16 and the one being run.
    else assert.ok(tally.failed <= kills * 17 && !tally.statuses.has(0), describeTally(tally));
  });
}

test("50 reloads under load fail no request", { timeout: 120_000 }, async (t) => {
  const { client, url } = await serve(t, "--workers", "2");
  const load = new Load(`${url}/`, { connections: 32, body: "hello" });
  load.start();
  t.after(() => load.stop());
  for (let i = 0; i < 50; i++) {
    const report = await client.reload({});
    for (const app of report.apps) assert.equal(app.swapped, true, app.reason ?? "");
  }
  const tally = await load.stop();
  console.log(`50 reloads: ${describeTally(tally)}`);
  assert.ok(tally.answered > 5000);
  assert.equal(tally.failed + tally.wrong, 0);
});

test("an edge killed with -9 each second for 10 s refuses no connection", { timeout: 60_000 }, async (t) => {
  const { client, url } = await serve(t, "--workers", "2");
  // One request a connection: what is in flight dies with the edge, but whoever comes then waits and is answered.
  const load = new Load(`${url}/`, { connections: 8, body: "hello" });
  load.start();
  t.after(() => load.stop());
  for (let kills = 0; kills < 10; kills++) {
    const edge = (await client.status()).processes.find((one) => one.name.startsWith("edge"))!;
    process.kill(edge.pid, "SIGKILL");
    await until(async () => {
      const now = (await client.status()).processes.find((one) => one.name.startsWith("edge"))!;
      return now.state === "running" && now.pid !== edge.pid;
    });
    await pause(1100);
  }
  const tally = await load.stop();
  console.log(`10 edges killed: ${describeTally(tally)}`);
  assert.equal(tally.wrong, 0);
  // Each kill cuts the exchanges in flight: at most one for each of the eight connections.
  assert.ok(tally.failed <= 80, describeTally(tally));
  assert.ok(tally.answered > 1000);
});

test("a worker stopped with SIGSTOP under load holds up only what is inside it", { timeout: 60_000 }, async (t) => {
  const { client, url } = await serve(t, "--workers", "2", "--threads", "1");
  const load = new Load(`${url}/`, { connections: 64, body: "hello" });
  load.start();
  t.after(() => load.stop());
  await pause(500);
  const [first] = await workers(client);
  process.kill(first!.pid, "SIGSTOP");
  await pause(1000);
  const before = load.tally.answered;
  await pause(2000);
  const during = load.tally.answered - before;
  process.kill(first!.pid, "SIGCONT");
  const tally = await load.stop();
  console.log(`SIGSTOP: ${during} answered in 2 s while stopped; ${describeTally(tally)}`);
  assert.ok(during > 1000);
  assert.equal(tally.failed + tally.wrong, 0);
});
