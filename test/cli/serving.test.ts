import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { ask, folder, HELLO, run, start, until } from "../support/instance.ts";

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

test("metrics and probes are served at the admin address, and nothing else is without its token", async (t) => {
  const cwd = folder(t, {
    "app.py": HELLO,
    "propylon.yaml": `listeners: ["127.0.0.1:0"]\napps: { app: { wsgi: "app:app", workers: 1 } }\n`,
  });
  const port = await freePort();
  const propylon = start(t, ["run", "--admin", `127.0.0.1:${port}`, "--set", "admin_token=./token"], { cwd });
  await propylon.get("/");
  assert.equal((await ask(`http://127.0.0.1:${port}/livez`)).status, 200);
  assert.equal((await ask(`http://127.0.0.1:${port}/readyz`)).status, 200);
  const metrics = async (): Promise<string> => (await ask(`http://127.0.0.1:${port}/metrics`)).body;
  await until(async () => /propylon_http_requests_total\{[^}]*status="200"[^}]*\} 1/.test(await metrics()));
  for (const refused of ["/status", "/config", "/logs"])
    assert.equal((await ask(`http://127.0.0.1:${port}${refused}`)).status, 401, refused);
  assert.equal((await ask(`http://127.0.0.1:${port}/stop`, { method: "POST" })).status, 401);
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

test("what starts says how many processes of which Python serve", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  execFileSync("python3", ["-m", "venv", "--without-pip", path.join(cwd, ".venv")]);
  const propylon = start(t, ["app:app", ...LISTEN, "--workers", "2", "--threads", "3"], {
    cwd,
    env: { VIRTUAL_ENV: "" },
  });
  await propylon.get("/");
  assert.match(propylon.output.err, /serving \S+ at \S+ \(2 workers x 3 threads, Python 3\.\d+\.\d+ from \.venv\)\n/);
  assert.equal(propylon.output.out, "");
});

test("a factory is served by its name, with and without brackets", async (t) => {
  const cwd = folder(t, { "shop/__init__.py": "", "shop/web.py": `${HELLO}\ndef create_app():\n    return app\n` });
  for (const target of ["shop.web:create_app()", "shop.web:create_app"]) {
    const propylon = start(t, [target, ...LISTEN, "--workers", "1"], { cwd });
    assert.equal((await propylon.get("/")).body, "hello", target);
    assert.equal((await run(["stop"], cwd)).code, 0);
    await propylon.exited;
  }
});

test("a module file is served by its name, and a .wsgi script where it is the only one", async (t) => {
  const cwd = folder(t, { "web.py": HELLO, "site.wsgi": HELLO.replace("def app", "def application") });
  for (const target of [["web.py"], []]) {
    const propylon = start(t, [...target, ...LISTEN, "--workers", "1"], { cwd });
    assert.equal((await propylon.get("/")).body, "hello", target.join());
    assert.equal((await run(["stop"], cwd)).code, 0);
    await propylon.exited;
  }
});

test("a Django project is served by its wsgi module, which is no .wsgi script, named or found", async (t) => {
  const cwd = folder(t, {
    "manage.py": 'import os\n\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")\n',
    "mysite/settings.py": "",
    "mysite/wsgi.py": HELLO.replace("def app", "def application"),
  });
  for (const target of [["mysite.wsgi:application"], ["mysite.wsgi"], ["manage.py"], []]) {
    const propylon = start(t, [...target, ...LISTEN, "--workers", "1"], { cwd });
    assert.equal((await propylon.get("/")).body, "hello", target.join());
    assert.equal((await run(["stop"], cwd)).code, 0);
    await propylon.exited;
  }
});

test("a script in this folder is served with the callable that is named behind it", async (t) => {
  const cwd = folder(t, { "site.wsgi": HELLO });
  const propylon = start(t, ["site.wsgi:app", ...LISTEN, "--workers", "1"], { cwd });
  assert.equal((await propylon.get("/")).body, "hello");
});

test("stop returns when everything is gone, so that a start after it finds the port free", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  const listen = ["--listen", `127.0.0.1:${await freePort()}`];
  for (let round = 0; round < 2; round++) {
    const propylon = start(t, ["app:app", ...listen, "--workers", "1"], { cwd });
    assert.equal((await propylon.get("/")).body, "hello");
    const { code, out } = await run(["stop", "--now"], cwd);
    assert.deepEqual([code, out], [0, "stopped\n"]);
    await propylon.exited;
  }
});

test("one app is stopped, started and restarted while the others serve", async (t) => {
  const apps = `{ one: { wsgi: "app:app", workers: 1 }, two: { wsgi: "app:app", workers: 1 } }`;
  const routes = "[{ path: /one, app: one }, { app: two }]";
  const cwd = folder(t, {
    "app.py": HELLO,
    "propylon.yaml": `listeners: ["127.0.0.1:0"]\napps: ${apps}\nsites: [{ hosts: [_], routes: ${routes} }]\n`,
  });
  const propylon = start(t, ["run"], { cwd });
  assert.equal((await propylon.get("/one")).status, 200);
  assert.equal((await run(["stop", "one"], cwd)).out, "one stopped\n");
  assert.deepEqual([(await propylon.get("/one")).status, (await propylon.get("/")).status], [503, 200]);
  assert.match((await run(["status"], cwd)).out, /^app one: stopped[\s\S]*^app two: running, 1 worker x 4 lanes/m);
  assert.equal((await run(["start", "one"], cwd)).out, "one started\n");
  assert.equal((await propylon.get("/one")).status, 200);
  assert.equal((await run(["restart", "all"], cwd)).out, "one: new workers serve\ntwo: new workers serve\n");
  const unknown = await run(["restart", "three"], cwd);
  assert.deepEqual([unknown.code, /No app is called "three"\n {2}there is one, two/.test(unknown.err)], [1, true]);
  fs.writeFileSync(path.join(cwd, "app.py"), "1 / 0\n");
  const broken = await run(["restart", "one"], cwd);
  assert.equal(broken.code, 1);
  assert.match(broken.err, /one: .*; its old workers keep serving\n[\s\S]*ZeroDivisionError/);
  assert.equal((await propylon.get("/one")).status, 200);
});

/** A port that nothing listens on at present. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
