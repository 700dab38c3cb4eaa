import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { ControlClient } from "../../src/control/client.ts";
import { instances } from "../../src/supervisor/runtime-directory.ts";
import { folder, type Instance, start, until } from "../support/instance.ts";

/** `/slow...` waits for the file `go` and counts who runs it; everything else answers at once. */
const APP = `
import os, time
def app(environ, start_response):
    if environ["PATH_INFO"].startswith("/slow"):
        open("run-%s" % environ["QUERY_STRING"], "w").close()
        while not os.path.exists("go"):
            time.sleep(0.01)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]
`;

interface Served {
  readonly cwd: string;
  readonly propylon: Instance;
  readonly client: ControlClient;
}

async function serve(t: TestContext, share: string): Promise<Served> {
  const config = `
listeners: ["127.0.0.1:0"]
apps: { a: { wsgi: "app:app", workers: 1, threads: 4, queue: { size: 100 } } }
sites:
  - routes:
      - { path: /slow, app: a, queue: ${share} }
      - { app: a }
`;
  const cwd = folder(t, { "app.py": APP, "propylon.yaml": config });
  const propylon = start(t, ["run", "--log-level", "error"], { cwd });
  await propylon.url;
  return { cwd, propylon, client: new ControlClient(instances(cwd)[0]!.control) };
}

/** How many requests to /slow run or have run. */
const begun = (cwd: string): number => fs.readdirSync(cwd).filter((name) => name.startsWith("run-")).length;

async function figure(client: ControlClient, name: string): Promise<number> {
  const found = new RegExp(`^propylon_route_${name}\\{app="a",route="/slow"\\} (\\d+)$`, "m").exec(
    await client.metrics(),
  );
  return Number(found?.[1] ?? Number.NaN);
}

test("a route with a share takes no more lanes than that, keeps its own queue, and leaves the others alone", async (t) => {
  const { cwd, propylon, client } = await serve(t, "{ lanes: 2, size: 2 }");
  const slow = Array.from({ length: 4 }, (_, n) => propylon.get(`/slow?${n}`));
  await until(async () => (await figure(client, "queue_length")) === 2 && begun(cwd) === 2);
  const refused = await propylon.get("/slow?refused");
  assert.equal(refused.status, 503);
  assert.equal(refused.headers["retry-after"], "1");
  for (let i = 0; i < 10; i++) assert.equal((await propylon.get("/")).body, "ok");
  assert.equal(begun(cwd), 2);
  assert.equal(await figure(client, "requests_running"), 2);
  fs.writeFileSync(path.join(cwd, "go"), "");
  for (const answer of await Promise.all(slow)) assert.equal(answer.status, 200);
  assert.equal(begun(cwd), 4);
  assert.equal(await figure(client, "requests_running"), 0);
  assert.equal(await figure(client, "requests_total"), 5);
  assert.equal(await figure(client, "requests_rejected_total"), 1);
});

test("a share in percent is a part of the lanes and of the queue; who hangs up or waits too long leaves its queue", async (t) => {
  const { cwd, propylon, client } = await serve(t, "{ share: 25%, timeout: 600ms }");
  const first = propylon.get("/slow?first");
  await until(() => begun(cwd) === 1);
  const gone = net.connect(Number(new URL(await propylon.url).port), "127.0.0.1");
  await once(gone, "connect");
  gone.write("GET /slow?gone HTTP/1.1\r\nHost: a\r\n\r\n");
  await until(async () => (await figure(client, "queue_length")) === 1);
  gone.destroy();
  await until(async () => (await figure(client, "queue_length")) === 0);
  const late = await propylon.get("/slow?late");
  assert.equal(late.status, 503);
  fs.writeFileSync(path.join(cwd, "go"), "");
  assert.equal((await first).status, 200);
  assert.equal((await propylon.get("/slow?last")).status, 200);
  assert.deepEqual(
    fs
      .readdirSync(cwd)
      .filter((name) => name.startsWith("run-"))
      .sort(),
    ["run-first", "run-last"],
  );
});

test("health checks and the control API never wait behind a full queue", async (t) => {
  const { cwd, propylon, client } = await serve(t, "{ lanes: 4, size: 100 }");
  const slow = Array.from({ length: 40 }, (_, n) => propylon.get(`/slow?${n}`));
  await until(async () => (await figure(client, "queue_length")) === 36);
  const began = performance.now();
  assert.deepEqual(await client.notReady(), []);
  assert.equal((await client.status()).apps[0]!.inFlight, 40);
  assert.match((await client.stacks({ app: "a" }))[0]!.text, /time\.sleep/);
  assert.ok(performance.now() - began < 5000);
  fs.writeFileSync(path.join(cwd, "go"), "");
  for (const answer of await Promise.all(slow)) assert.equal(answer.status, 200);
});
