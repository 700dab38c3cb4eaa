import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Folder, helloApp, helloConfig, type InstanceOptions, isAlive, Running, until } from "./instance.ts";

async function start(
  t: TestContext,
  files: Readonly<Record<string, string>> = {},
  options: InstanceOptions = {},
): Promise<Running> {
  const folder = new Folder({ "propylon.yaml": helloConfig(), "app.py": helloApp(), ...files });
  const running = new Running(folder, options);
  t.after(() => running.cleanUp());
  return running.ready();
}

test("one command serves an app, and status tells every process", async (t) => {
  const running = await start(t);
  const { status, text } = await running.get();
  assert.equal(status, 200);
  assert.match(text, /^hello \d+$/);
  const report = await running.client.status();
  assert.equal(report.ready, true);
  assert.equal(report.version, "1.2.3");
  assert.deepEqual(
    report.processes.map(({ name, state }) => `${name} ${state}`),
    ["main running", "edge 0 running", "hello/1 running", "hello/2 running"],
  );
  for (const { pid, memory } of report.processes) assert.ok(isAlive(pid) && memory! > 1_000_000);
  assert.deepEqual(
    report.apps.map(({ name, state, lanes }) => ({ name, state, lanes })),
    [{ name: "hello", state: "running", lanes: 2 }],
  );
  assert.match(readFileSync(`/proc/${report.pid}/cmdline`, "latin1"), /^propylon: main/);
});

test("TERM lets a request in flight finish, ends every process and leaves nothing behind", async (t) => {
  const running = await start(t);
  const pids = await running.pids("");
  const slow = running.get("/slow");
  await until("the request is in flight", async () => (await running.client.status()).apps[0]!.inFlight === 1);
  running.signal("SIGTERM");
  assert.equal((await slow).status, 200);
  assert.deepEqual(await running.exited, { code: 0, signal: null });
  for (const pid of pids) assert.equal(isAlive(pid), false);
  assert.deepEqual(running.folder.runtime(), []);
});

test("a second TERM ends everything at once", async (t) => {
  const running = await start(t, {
    "app.py": "import time\ndef app(environ, start_response):\n    time.sleep(60)\n",
    "propylon.yaml": helloConfig({ top: "timeouts: { drain: 60s }" }),
  });
  const pids = await running.pids("");
  const cut = running.get().catch(() => "cut");
  await until("the request is in flight", async () => (await running.client.status()).apps[0]!.inFlight === 1);
  running.signal("SIGTERM");
  await until("it drains", () => running.output.includes("stopping: waits"));
  const began = performance.now();
  running.signal("SIGTERM");
  assert.equal((await running.exited).code, 0);
  assert.ok(performance.now() - began < 3000);
  assert.equal(await cut, "cut");
  for (const pid of pids) assert.equal(isAlive(pid), false);
});

test("TERM while the app still starts ends everything with code 0", async (t) => {
  const folder = new Folder({
    "propylon.yaml": helloConfig(),
    "app.py": "import time\nprint('imports')\ntime.sleep(60)\n",
  });
  const running = new Running(folder);
  t.after(() => running.cleanUp());
  await until("the workers import", () => running.output.includes("imports"));
  running.signal("SIGTERM");
  assert.deepEqual(await running.exited, { code: 0, signal: null });
  assert.deepEqual(folder.runtime(), []);
});

test("nothing outlives a main that is killed with -9", async (t) => {
  const running = await start(t);
  const pids = await running.pids("");
  assert.equal(pids.length, 4);
  running.signal("SIGKILL");
  await running.exited;
  await until("all processes have ended", () => pids.every((pid) => !isAlive(pid)));
});

test("a busy worker does not outlive a main that is killed with -9 either", async (t) => {
  const running = await start(t, { "app.py": "def app(environ, start_response):\n    while True: pass\n" });
  const pids = await running.pids("");
  void running.get().catch(() => {});
  await until("the request is in flight", async () => (await running.client.status()).apps[0]!.inFlight === 1);
  running.signal("SIGKILL");
  await until("all processes have ended", () => pids.every((pid) => !isAlive(pid)));
});

test("what a killed instance has left is harmless, and removed by the next", async (t) => {
  const pidFile = join("run.pid");
  const folder = new Folder({ "propylon.yaml": helloConfig({ listener: '"unix:./web.sock"' }), "app.py": helloApp() });
  const first = new Running(folder, { pidFile: join(folder.path, pidFile) });
  await first.ready();
  const control = first.client;
  first.signal("SIGKILL");
  await first.exited;
  assert.ok(existsSync(join(folder.path, "web.sock")) && existsSync(join(folder.path, pidFile)));
  assert.equal(folder.runtime().length, 1);
  await assert.rejects(control.status(), /No instance answers at /);
  const second = new Running(folder, { pidFile: join(folder.path, pidFile) });
  t.after(() => second.cleanUp());
  await second.ready();
  assert.equal(folder.runtime().length, 1);
  assert.equal(readFileSync(join(folder.path, pidFile), "utf8"), `${second.pid}\n`);
  second.signal("SIGTERM");
  await second.exited;
  assert.equal(existsSync(join(folder.path, "web.sock")), false);
  assert.equal(existsSync(join(folder.path, pidFile)), false);
});

test("a worker that crashes is replaced while the other serves, and the metric says why", async (t) => {
  const running = await start(t);
  const [victim] = await running.pids("hello/1");
  process.kill(victim!, "SIGKILL");
  assert.equal((await running.get()).status, 200);
  await until("there are two workers again", async () => (await running.client.status()).apps[0]!.state === "running");
  const { processes } = await running.client.status();
  assert.deepEqual(
    processes.slice(2).map(({ name, restarts }) => `${name} ${restarts}`),
    ["hello/3 1", "hello/2 0"],
  );
  assert.match(await running.client.metrics(), /^propylon_worker_restarts_total\{app="hello",reason="signal"\} 1$/m);
});

test("an edge that is killed costs waiting clients time and nothing else; its counts are kept", async (t) => {
  const running = await start(t);
  for (let i = 0; i < 5; i++) await running.get();
  const count = /^propylon_http_requests_total\{.*status="200"\} (\d+)$/m;
  const counted = async (text: string) => count.exec(await running.client.metrics())?.[1] === text;
  await until("all are counted", () => counted("5"));
  const workers = await running.pids("hello/");
  const [edge] = await running.pids("edge");
  process.kill(edge!, "SIGKILL");
  const answers = await Promise.all(Array.from({ length: 20 }, () => running.get()));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.deepEqual(await running.pids("hello/"), workers);
  await until("what the dead edge had counted is kept", () => counted("25"));
  assert.match(await running.client.metrics(), /^propylon_edge_restarts_total 1$/m);
});

test("an edge that hangs is not waited for by status", async (t) => {
  const running = await start(t);
  const [edge] = await running.pids("edge");
  process.kill(edge!, "SIGSTOP");
  assert.equal((await running.client.status()).processes.length, 4);
  process.kill(edge!, "SIGCONT");
  assert.equal((await running.get()).status, 200);
});

test("an app that does not start ends propylon with the reason and the traceback, and leaves nothing behind", async (t) => {
  const folder = new Folder({ "propylon.yaml": helloConfig(), "app.py": "import nonsense_module\n" });
  const running = new Running(folder);
  t.after(() => running.cleanUp());
  assert.equal((await running.exited).code, 1);
  assert.match(running.output, /App hello does not start: .*nonsense_module/);
  assert.deepEqual(folder.runtime(), []);
});

test("a worker that can't be started any more is given up with its reason, tried slowly, and comes back", async (t) => {
  const running = await start(t);
  running.folder.write("app.py", "raise ValueError('the database is gone')\n");
  for (const pid of await running.pids("hello/")) process.kill(pid, "SIGKILL");
  await until("the app has failed", async () => (await running.client.status()).apps[0]!.state === "failed");
  const [app] = (await running.client.status()).apps;
  assert.match(app!.reason!, /ValueError: the database is gone/);
  assert.match(app!.traceback!, /app\.py", line 1/);
  assert.equal((await running.get()).status, 503);
  assert.match((await running.client.notReady()).join(), /app hello has no ready worker: .*the database is gone/);
  running.folder.write("app.py", helloApp());
  await until("the app serves again", async () => (await running.get()).status === 200);
  await until("it is ready", async () => (await running.client.notReady()).length === 0);
});

test("one listener that is in use is told with its remedy, before anything is started", async (t) => {
  const first = await start(t);
  const address = first.url.slice("http://".length);
  const folder = new Folder({ "propylon.yaml": helloConfig({ listener: `"${address}"` }), "app.py": helloApp() });
  const second = new Running(folder);
  t.after(() => second.cleanUp());
  assert.equal((await second.exited).code, 1);
  assert.match(
    second.output,
    new RegExp(`Cannot listen on ${address}: it is in use by .*\\(pid \\d+\\)\n  stop that process`),
  );
  assert.doesNotMatch(second.output, /imported/);
});

test("a pid file that a running instance has is not taken from it; one with any other pid is", async (t) => {
  const folder = new Folder({ "propylon.yaml": helloConfig(), "app.py": helloApp() });
  const pidFile = join(folder.path, "run.pid");
  writeFileSync(pidFile, `${process.pid}\n`);
  const first = new Running(folder, { pidFile });
  t.after(() => first.cleanUp());
  await first.ready();
  assert.equal(readFileSync(pidFile, "utf8"), `${first.pid}\n`);
  const second = new Running(folder, { pidFile });
  t.after(() => second.cleanUp());
  assert.equal((await second.exited).code, 1);
  assert.match(second.output, new RegExp(`instance ${first.pid} has it and runs`));
  assert.equal(readFileSync(pidFile, "utf8"), `${first.pid}\n`);
});

test("without bound handles everything works too, but clients are refused while the edge restarts", async (t) => {
  const files = { "propylon.yaml": helloConfig({ app: ", stop_timeout: 1s" }) };
  const running = await start(t, files, { plainSockets: true });
  assert.match(running.output, /has no bound handles/);
  assert.equal((await running.get()).status, 200);
  const [edge] = await running.pids("edge");
  process.kill(edge!, "SIGKILL");
  await until("the next edge serves", () =>
    running.get().then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  assert.notEqual((await running.pids("edge"))[0], edge);
});
