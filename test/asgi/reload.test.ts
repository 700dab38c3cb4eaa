import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { folder, run, start } from "../support/instance.ts";
import { load } from "./load.ts";
import { WebSocketClient } from "./websocket-client.ts";

const APP = fs.readFileSync(path.join(import.meta.dirname, "apps", "plain.py"), "utf8");

const CONFIG = `
apps: { plain: { asgi: plain:app, workers: 2 } }
timeouts: { drain: 1s }
`;

test("reloads under load lose nothing: short answers, streams and waits alike", async (t) => {
  const cwd = folder(t, { "plain.py": APP, "propylon.yaml": CONFIG });
  const app = start(t, ["run", "--listen", "127.0.0.1:0"], { cwd });
  const url = await app.url;
  const loads = [
    load(url, "/hello", 4, "hello"),
    load(url, "/stream", 2, "piece 0\npiece 1\npiece 2\n"),
    load(url, "/slow?0.02", 4, "slow"),
  ];
  const client = new WebSocketClient(Number(new URL(url).port));
  await client.open("/ws/echo");
  const closed = client.close();
  for (let times = 0; times < 3; times++) {
    const { code, err } = await run(["reload"], cwd);
    assert.equal(code, 0, err);
  }
  // Its worker was drained, with the grace of `timeouts.drain`.
  assert.deepEqual(await closed, [1012, "the server restarts"]);
  for (const one of loads) {
    await one.stop();
    assert.deepEqual([one.failed, one.wrong, one.sent - one.answered], [[], [], 0]);
    assert.ok(one.answered > 10);
  }
});

test("a failed reload leaves the app in service and says why", async (t) => {
  const cwd = folder(t, { "plain.py": APP, "propylon.yaml": CONFIG.replace("workers: 2", "workers: 1, lifespan: on") });
  const app = start(t, ["run", "--listen", "127.0.0.1:0"], { cwd });
  assert.equal((await app.get("/hello")).body, "hello");
  fs.appendFileSync(path.join(cwd, "plain.py"), "\n\napp = cannot_start\n");
  const { code, out, err } = await run(["reload"], cwd);
  assert.equal(code, 1);
  assert.match(out + err, /RuntimeError: no database here/);
  assert.equal((await app.get("/hello")).body, "hello");
});

test("a stop closes WebSockets at once", async (t) => {
  const cwd = folder(t, { "plain.py": APP, "propylon.yaml": CONFIG });
  const app = start(t, ["run", "--listen", "127.0.0.1:0"], { cwd });
  const client = new WebSocketClient(Number(new URL(await app.url).port));
  await client.open("/ws/echo");
  app.process.kill("SIGTERM");
  assert.deepEqual(await client.close(), [1001, "the server stops"]);
  assert.equal((await app.exited).code, 0);
});

test("workers outlive an edge that is killed: they run on, hear that their clients are gone, and connect anew", async (t) => {
  const cwd = folder(t, { "plain.py": APP, "propylon.yaml": CONFIG.replace("workers: 2", "workers: 1") });
  const app = start(t, ["run", "--listen", "127.0.0.1:0"], { cwd });
  const { pid } = JSON.parse((await app.get("/tell")).body) as { pid: number };
  const client = new WebSocketClient(Number(new URL(await app.url).port));
  await client.open("/ws/echo");
  const { out } = await run(["status", "--json"], cwd);
  const { processes } = JSON.parse(out) as { processes: { name: string; pid: number }[] };
  process.kill(processes.find(({ name }) => name === "edge 0")!.pid, "SIGKILL");
  await client.closed;
  // Whoever comes meanwhile waits in the backlog.
  const noted = JSON.parse((await app.get("/tell")).body) as { pid: number; heard: unknown };
  assert.deepEqual([noted.pid, noted.heard], [pid, [["websocket", 1006, ""]]]);
  assert.equal((await app.get("/stream")).body, "piece 0\npiece 1\npiece 2\n");
});
