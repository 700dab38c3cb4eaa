import assert from "node:assert/strict";
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

test("a reload brings new code in without one failed request", async (t) => {
  const running = await start(t);
  const old = await running.pids("hello/");
  let over = false;
  const answers: { readonly status: number; readonly text: string }[] = [];
  const load = Array.from({ length: 4 }, async () => {
    while (!over) answers.push(await running.get());
  });
  running.folder.write("app.py", helloApp("changed"));
  const report = await running.client.reload();
  assert.deepEqual(report.apps, [{ name: "hello", swapped: true, reason: null, traceback: null }]);
  const { text } = await running.get();
  over = true;
  await Promise.all(load);
  assert.match(text, /^changed/);
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  await until("the old workers have ended", () => old.every((pid) => !isAlive(pid)));
});

test("a reload lets a request finish on the worker that it began on", async (t) => {
  const running = await start(t);
  const slow = running.get("/slow");
  await until("the request is in flight", async () => (await running.client.status()).apps[0]!.inFlight === 1);
  running.folder.write("app.py", helloApp("changed"));
  await running.client.reload();
  assert.match((await slow).text, /^hello/);
  assert.match((await running.get()).text, /^changed/);
});

test("a reload whose workers fail keeps the old workers and says why, with the traceback", async (t) => {
  const running = await start(t);
  const old = await running.pids("hello/");
  running.folder.write("app.py", "raise ValueError('half written')\n");
  const { apps } = await running.client.reload();
  assert.equal(apps[0]!.swapped, false);
  assert.match(apps[0]!.reason!, /ValueError: half written/);
  assert.match(apps[0]!.traceback!, /line 1/);
  assert.equal((await running.get()).status, 200);
  await until("the new workers are gone", async () => (await running.client.status()).processes.length === 4);
  assert.deepEqual(await running.pids("hello/"), old);
  const [app] = (await running.client.status()).apps;
  assert.equal(app!.state, "running");
  assert.match(app!.reason!, /half written/);
});

test("HUP reloads, and a wrong configuration changes nothing but the log", async (t) => {
  const running = await start(t);
  running.folder.write("propylon.yaml", helloConfig({ top: "nonsense: 1" }));
  running.signal("SIGHUP");
  await until("it is refused", () => /the configuration stays as it was: .*nonsense/.test(running.output));
  await assert.rejects(running.client.reload(), /nonsense/);
  assert.match((await running.get()).text, /^hello/);
  running.folder.write("propylon.yaml", helloConfig());
  running.folder.write("app.py", helloApp("changed"));
  running.signal("SIGHUP");
  await until("the new code answers", async () => (await running.get()).text.startsWith("changed"));
});

const TWO = (second: string): string => `listeners: ["127.0.0.1:0"]
apps:
  hello: { wsgi: "app:app", workers: 1, threads: 1 }
  other: { wsgi: "${second}:app", workers: 1, threads: 1 }
sites: [{ hosts: ["_"], routes: [{ path: /other, app: other }, { app: hello }] }]
`;

test("an app is added and removed by a reload, and a request of the removed one finishes", async (t) => {
  const running = await start(t, { "other.py": helloApp("other") });
  assert.match((await running.get("/other")).text, /^hello/);
  running.folder.write("propylon.yaml", TWO("other"));
  const { changes } = await running.client.reload();
  assert.ok(changes.includes("app other added"), changes.join());
  assert.match((await running.get("/other")).text, /^other/);
  const [worker] = await running.pids("other/");
  running.folder.write("propylon.yaml", helloConfig());
  await running.client.reload();
  assert.match((await running.get("/other")).text, /^hello/);
  await until("its worker has ended", () => !isAlive(worker!));
  await until("it is forgotten", async () => (await running.client.status()).apps.length === 1);
});

test("all or nothing: when one app's new workers fail, the other keeps its old ones and the routes stay", async (t) => {
  const running = await start(t, { "other.py": "raise ValueError('no')\n" });
  const old = await running.pids("hello/");
  running.folder.write("propylon.yaml", TWO("other"));
  running.folder.write("app.py", helloApp("changed"));
  const { apps } = await running.client.reload();
  assert.deepEqual(
    apps.map(({ name, swapped }) => `${name} ${swapped}`),
    ["hello false", "other false"],
  );
  assert.match((await running.get("/other")).text, /^hello/);
  assert.deepEqual(await running.pids("hello/"), old);
  assert.equal((await running.client.status()).apps.length, 1);
  running.folder.write("other.py", helloApp("other"));
  await running.client.reload();
  assert.match((await running.get("/other")).text, /^other/);
  assert.match((await running.get("/")).text, /^changed/);
});

test("a listener is added and removed by a reload; one that can't be bound stops the reload", async (t) => {
  const running = await start(t);
  const one = running.url;
  const address = one.slice("http://".length);
  const taken = await start(t);
  running.folder.write("propylon.yaml", helloConfig({ listener: `"${taken.url.slice("http://".length)}"` }));
  await assert.rejects(running.client.reload(), /Cannot listen on .*: it is in use by/);
  assert.equal((await running.get()).status, 200);
  running.folder.write("propylon.yaml", helloConfig({ listener: '"127.0.0.1:0", "unix:./web.sock"' }));
  const { changes } = await running.client.reload();
  assert.ok(
    changes.some((change) => /^listener unix:.*web\.sock added$/.test(change)),
    changes.join(),
  );
  assert.equal((await running.client.status()).listeners.length, 2);
  assert.equal(running.url, `http://${address}`);
  running.folder.write("propylon.yaml", helloConfig({ listener: '"unix:./web.sock"' }));
  await running.client.reload();
  await until("clients are refused", () =>
    running.get().then(
      () => false,
      () => true,
    ),
  );
});

test("restart replaces one app's workers; stop answers 503 until start", async (t) => {
  const running = await start(t);
  const old = await running.pids("hello/");
  const { apps } = await running.client.restart({ name: "hello" });
  assert.equal(apps[0]!.swapped, true);
  await until("the old workers have ended", () => old.every((pid) => !isAlive(pid)));
  await running.client.stop({ name: "hello" });
  assert.equal((await running.get()).status, 503);
  assert.equal((await running.client.status()).apps[0]!.state, "stopped");
  await running.client.reload();
  assert.equal((await running.client.status()).apps[0]!.state, "stopped");
  await running.client.start({ name: "hello" });
  assert.equal((await running.get()).status, 200);
  await assert.rejects(running.client.start({ name: "hello" }), /is not stopped/);
  await assert.rejects(running.client.restart({ name: "helo" }), /No app is called "helo"/);
});

test("in development a broken edit ends the old code and shows the traceback, and the next edit mends it", async (t) => {
  const running = await start(
    t,
    { "propylon.yaml": helloConfig({ app: ", tracebacks: true" }) },
    { development: true },
  );
  const old = await running.pids("hello/");
  running.folder.write("app.py", "raise ValueError('half <written>')\n");
  const { apps } = await running.client.restart({ name: "hello" });
  assert.equal(apps[0]!.swapped, false);
  const broken = await running.get();
  assert.ok(broken.status >= 500);
  assert.match(broken.text, /half &#60;written&#62;/);
  await until("the old workers have ended", () => old.every((pid) => !isAlive(pid)));
  running.folder.write("app.py", helloApp("mended"));
  await running.client.restart({ name: "hello" });
  assert.match((await running.get()).text, /^mended/);
});

test("in development an app that is broken from the start is shown, not refused", async (t) => {
  const files = { "propylon.yaml": helloConfig({ app: ", tracebacks: true" }), "app.py": "def app(:\n" };
  const running = await start(t, files, { development: true });
  assert.match((await running.get()).text, /SyntaxError/);
  running.folder.write("app.py", helloApp());
  await running.client.restart({ name: "hello" });
  assert.match((await running.get()).text, /^hello/);
});

test("a stop during a reload ends the new workers too", async (t) => {
  const running = await start(t);
  running.folder.write("app.py", "import time\nprint('imports slowly')\ntime.sleep(30)\n");
  const reload = running.client.reload().catch(() => null);
  await until("the new workers import", () => running.output.includes("imports slowly"));
  const pids = await running.pids("");
  running.signal("SIGTERM");
  assert.equal((await running.exited).code, 0);
  await reload;
  for (const pid of pids) assert.equal(isAlive(pid), false);
});
