import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { folder, HELLO, run, start, until } from "../support/instance.ts";

const LISTEN = ["--listen", "127.0.0.1:0"];

test("propylon app:app serves the app, says where, and is found by status, reload and stop from its folder", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  const propylon = start(t, ["app:app", ...LISTEN, "--workers", "2"], { cwd });
  assert.equal((await propylon.get("/")).body, "hello");
  const status = await run(["status", "--json"], cwd);
  const report = JSON.parse(status.out) as {
    ready: boolean;
    processes: { name: string; pid: number; state: string; memory: number }[];
  };
  assert.equal(report.ready, true);
  assert.deepEqual(
    report.processes.map((one) => one.state),
    ["running", "running", "running", "running"],
  );
  for (const one of report.processes) assert.ok(one.pid > 0 && one.memory > 1e6, one.name);
  assert.match((await run(["status"], cwd)).out, /PROCESS +PID +STATE/);
  const before = report.processes.slice(2).map((one) => one.pid);
  assert.equal((await run(["reload"], cwd)).code, 0);
  const after = JSON.parse((await run(["status", "--json"], cwd)).out) as typeof report;
  for (const one of after.processes.slice(2)) assert.ok(!before.includes(one.pid), "a worker was not replaced");
  assert.equal((await propylon.get("/")).body, "hello");
  assert.match((await run(["logs"], cwd)).out, /info main: ready/);
  assert.match((await run(["stacks", report.processes[2]!.name.split("/")[0]!], cwd)).out, /propylon_worker/);
  assert.equal((await run(["stop"], cwd)).code, 0);
  assert.deepEqual(await propylon.exited, { code: 0, signal: null });
  assert.equal((await run(["status"], cwd)).code, 1);
});

test("without arguments the app of the folder is found and named", async (t) => {
  const cwd = folder(t, { "main.py": HELLO });
  const propylon = start(t, LISTEN, { cwd });
  assert.equal((await propylon.get("/")).body, "hello");
  assert.match(propylon.output.err, /serving main:app \(main\.py, line 2\)/);
});

test("PORT makes it listen on every network at that port", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  const propylon = start(t, ["app:app"], { cwd, env: { PORT: "0" } });
  await propylon.url;
  assert.match((await run(["status", "--json"], cwd)).out, /"address": "0\.0\.0\.0:0"/);
});

test("TERM ends it after what is in flight, with code 0", async (t) => {
  const slow = `
import time
def app(environ, start_response):
    open("begun", "w").close()
    time.sleep(0.5)
    start_response("200 OK", [])
    return [b"slow"]
`;
  const cwd = folder(t, { "app.py": slow });
  const propylon = start(t, ["app:app", ...LISTEN, "--workers", "1"], { cwd });
  await propylon.url;
  const asked = propylon.get("/");
  await until(() => fs.existsSync(path.join(cwd, "begun")));
  propylon.process.kill("SIGTERM");
  assert.equal((await asked).body, "slow");
  assert.deepEqual(await propylon.exited, { code: 0, signal: null });
});

test("metrics and probes are served at the admin address, and nothing else is", async (t) => {
  const cwd = folder(t, {
    "app.py": HELLO,
    "propylon.yaml": `listeners: ["127.0.0.1:0"]\napps: { app: { wsgi: "app:app", workers: 1 } }\n`,
  });
  const propylon = start(t, ["run", "--admin", "127.0.0.1:17701"], { cwd });
  await propylon.get("/");
  const { ask } = await import("../support/instance.ts");
  assert.equal((await ask("http://127.0.0.1:17701/livez")).status, 200);
  assert.equal((await ask("http://127.0.0.1:17701/readyz")).status, 200);
  const metrics = (await ask("http://127.0.0.1:17701/metrics")).body;
  assert.match(metrics, /propylon_http_requests_total\{[^}]*status="200"[^}]*\} 1/);
  for (const refused of ["/status", "/config", "/logs"])
    assert.equal((await ask(`http://127.0.0.1:17701${refused}`)).status, 404, refused);
  assert.equal((await ask("http://127.0.0.1:17701/stop", { method: "POST" })).status, 404);
});

test("the access log has a line for each request, and is opened anew on USR1", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  const log = path.join(cwd, "access.log");
  const propylon = start(t, ["app:app", ...LISTEN, "--access-log", "access.log"], { cwd });
  await propylon.get("/one");
  await until(() => fs.existsSync(log) && fs.readFileSync(log, "utf8").includes("GET /one HTTP/1.1"));
  fs.renameSync(log, `${log}.1`);
  propylon.process.kill("SIGUSR1");
  await until(() => fs.existsSync(log));
  await propylon.get("/two");
  await until(() => fs.readFileSync(log, "utf8").includes("GET /two HTTP/1.1"));
});

test("requests that are refused get their status and never reach the app", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  const propylon = start(t, ["app:app", ...LISTEN, "--access-log", "access.log"], { cwd });
  const answer = await propylon.get("/", { headers: { "Content-Length": "1", "Transfer-Encoding": "chunked" } });
  assert.equal(answer.status, 400);
  await until(() => fs.readFileSync(path.join(cwd, "access.log"), "utf8").includes(" 400 "));
});

test("a worker that is killed comes back, and its requests are not lost", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  const propylon = start(t, ["app:app", ...LISTEN, "--workers", "1"], { cwd });
  await propylon.get("/");
  const workers = async () =>
    (
      JSON.parse((await run(["status", "--json"], cwd)).out) as {
        processes: { name: string; pid: number; state: string }[];
      }
    ).processes.slice(2);
  const [before] = await workers();
  process.kill(before!.pid, "SIGKILL");
  assert.equal((await propylon.get("/")).body, "hello");
  await until(async () => (await workers()).some((one) => one.state === "running" && one.pid !== before!.pid));
});

test("an edge that is killed is replaced, and clients wait instead of being refused", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  const propylon = start(t, ["app:app", ...LISTEN, "--workers", "1"], { cwd });
  await propylon.get("/");
  const edge = (
    JSON.parse((await run(["status", "--json"], cwd)).out) as { processes: { name: string; pid: number }[] }
  ).processes[1]!;
  process.kill(edge.pid, "SIGKILL");
  assert.equal((await propylon.get("/")).body, "hello");
});

test("a client beyond the most connections is told 503, and the next one is served when another has left", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  const propylon = start(t, ["app:app", ...LISTEN, "--set", "limits.connections=2"], { cwd });
  const { hostname, port } = new URL(await propylon.url);
  const held = [net.connect(Number(port), hostname), net.connect(Number(port), hostname)];
  await Promise.all(held.map((socket) => once(socket, "connect")));
  await until(async () => (await propylon.get("/")).status === 503);
  held[0]!.destroy();
  await until(async () => (await propylon.get("/")).status === 200);
  held[1]!.destroy();
});

test("OPTIONS * is answered by the server itself", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  const propylon = start(t, ["app:app", ...LISTEN], { cwd });
  await propylon.url;
  const { hostname, port } = new URL(await propylon.url);
  const client = net.connect(Number(port), hostname);
  client.write("OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const [answer] = (await once(client, "data")) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 204 [\s\S]*Allow: GET/);
  client.destroy();
});
