import assert from "node:assert/strict";
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Folder, helloApp, isAlive, Running, until } from "../supervision/instance.ts";
import { Asking, config, serve, workers } from "./stage.ts";

/** `/healthz` answers what the file `health` says. */
const PROBED = `def app(environ, start_response):
    status = "200 OK"
    if environ["PATH_INFO"] == "/healthz":
        with open("health") as file:
            status = file.read()
    start_response(status, [])
    return [environ["HTTP_HOST"].encode()]
`;
const PROBE = "workers: 2, threads: 1, ready: { path: /healthz, timeout: 1s, status: 204 }";

test("a worker is ready once its probe is answered as it should", async (t) => {
  const running = new Running(
    new Folder({ "propylon.yaml": config(PROBE.replace("1s", "60s")), "app.py": PROBED, health: "503 Starting" }),
  );
  t.after(() => running.cleanUp());
  let ready = false;
  const serves = running.ready().then(() => {
    ready = true;
  });
  await until("both run", () => running.output.includes("is ready"));
  await until("they are asked", async () => (await running.client.status()).processes.length === 4);
  assert.equal(ready, false);
  running.folder.write("health", "204 No Content");
  await serves;
  assert.equal((await running.get()).status, 200);
});

test("a reload whose probe fails keeps the old workers, and says what was asked and answered", async (t) => {
  const running = await serve(t, { "propylon.yaml": config(PROBE), "app.py": PROBED, health: "204 No Content" });
  const before = [...(await workers(running)).keys()];
  running.folder.write("health", "500 Broken");
  const { apps } = await running.client.reload();
  assert.equal(apps[0]!.swapped, false);
  assert.equal(apps[0]!.reason, "GET /healthz was answered 500, not 204, within 1000 ms");
  assert.equal((await running.get()).status, 200);
  await until("the new ones are gone", async () => (await workers(running)).size === 2);
  assert.deepEqual([...(await workers(running)).keys()], before);
  assert.match((await running.client.status()).apps[0]!.reason!, /was answered 500/);
});

test("one by one: no more than one worker beside the others, old and new answer side by side, none fails", async (t) => {
  const running = await serve(t, {
    "propylon.yaml": config("workers: 3, threads: 1, reload_mode: one-by-one"),
    "app.py": helloApp(),
  });
  const asking = new Asking(running, 3);
  running.folder.write("app.py", `import time\ntime.sleep(0.3)\n${helloApp("changed")}`);
  let over = false;
  const reload = running.client.reload().finally(() => {
    over = true;
  });
  let most = 0;
  await until("it is over", async () => {
    const states = [...(await workers(running)).values()];
    most = Math.max(most, states.filter((state) => state === "starting" || state === "running").length);
    assert.ok(states.filter((state) => state === "running").length >= 3, states.join());
    return over;
  });
  assert.equal((await reload).apps[0]!.swapped, true);
  assert.equal(most, 4);
  await asking.stop();
  assert.deepEqual([...asking.statuses.keys()], [200]);
  assert.match((await running.get()).text, /^changed/);
  await until("the old ones are gone", async () => (await workers(running)).size === 3);
});

test("one by one: code that does not start changes nothing, and a later worker that does not is told and tried again", async (t) => {
  const running = await serve(t, {
    "propylon.yaml": config("workers: 2, threads: 1, reload_mode: one-by-one"),
    "app.py": helloApp(),
  });
  const before = [...(await workers(running)).keys()];
  running.folder.write("app.py", "raise ValueError('half written')\n");
  const first = await running.client.reload();
  assert.equal(first.apps[0]!.swapped, false);
  assert.deepEqual([...(await workers(running)).keys()], before);
  // Starts once; then not until the file `again` is there.
  running.folder.write(
    "app.py",
    `import os\nif os.path.exists("once") and not os.path.exists("again"):\n    raise ValueError("only once")\nopen("once", "w").close()\n${helloApp("changed")}`,
  );
  const second = await running.client.reload();
  assert.equal(second.apps[0]!.swapped, true);
  assert.match(second.apps[0]!.reason!, /only once/);
  const living = [...(await workers(running))].filter(([, state]) => state === "running").map(([pid]) => pid);
  assert.equal(living.filter((pid) => before.includes(pid)).length, 1);
  running.folder.write("again", "");
  await until("the last old one is gone", () => before.every((pid) => !isAlive(pid)));
  await until("two run", async () => [...(await workers(running)).values()].join() === "running,running");
});

test("touching a file reloads its app, in production", async (t) => {
  const running = await serve(t, {
    "propylon.yaml": config("workers: 1, touch_reload: [deployed]"),
    "app.py": helloApp(),
  });
  running.folder.write("app.py", helloApp("changed"));
  running.folder.write("deployed", "");
  await until("the new code answers", async () => (await running.get()).text.startsWith("changed"));
  running.folder.write("app.py", helloApp("once more"));
  running.folder.write("other", "");
  running.folder.write("deployed", "2");
  await until("the newest answers", async () => (await running.get()).text.startsWith("once more"));
  assert.equal(running.output.match(/reloads app hello, since .*deployed was touched/g)?.length, 2);
});

test("a touch whose code does not start keeps what runs, and the log says why", async (t) => {
  const running = await serve(t, {
    "propylon.yaml": config("workers: 1, touch_reload: deployed"),
    "app.py": helloApp(),
  });
  running.folder.write("app.py", "raise ValueError('half written')\n");
  running.folder.write("deployed", "");
  await until("it is told", () => /app hello keeps its workers: .*half written/.test(running.output));
  assert.match((await running.get()).text, /^hello/);
});

/** Makes `current` lead to this release, as deployments do: in one step. */
function release(folder: string, name: string): void {
  symlinkSync(join("releases", name), join(folder, "next"));
  renameSync(join(folder, "next"), join(folder, "current"));
}

test("a link to the release is followed at reload, and a worker that dies before comes back in its own release", async (t) => {
  const folder = new Folder({
    "propylon.yaml": config("directory: ./current, workers: 1, threads: 1"),
  });
  for (const name of ["one", "two"]) {
    mkdirSync(join(folder.path, "releases", name), { recursive: true });
    writeFileSync(
      join(folder.path, "releases", name, "app.py"),
      `import os, sys\ndef app(environ, start_response):\n    start_response("200 OK", [])\n    return [("${name} %s %s" % (os.getcwd(), sys.path[0])).encode()]\n`,
    );
  }
  release(folder.path, "one");
  const running = new Running(folder);
  t.after(() => running.cleanUp());
  await running.ready();
  const path = (name: string): string => join(folder.path, "releases", name);
  assert.equal((await running.get()).text, `one ${path("one")} ${path("one")}`);
  release(folder.path, "two");
  const [pid] = (await workers(running)).keys();
  process.kill(pid!, "SIGKILL");
  await until("it is back", async () => {
    const now = [...(await workers(running))];
    return now.length === 1 && now[0]![0] !== pid && now[0]![1] === "running";
  });
  assert.match((await running.get()).text, /^one /);
  await running.client.reload();
  assert.equal((await running.get()).text, `two ${path("two")} ${path("two")}`);
});

test("a link that is switched is a touch", async (t) => {
  const folder = new Folder({
    "propylon.yaml": config("directory: ./current, touch_reload: current, workers: 1"),
  });
  for (const name of ["one", "two"]) {
    mkdirSync(join(folder.path, "releases", name), { recursive: true });
    writeFileSync(join(folder.path, "releases", name, "app.py"), helloApp(name));
  }
  release(folder.path, "one");
  const running = new Running(folder);
  t.after(() => running.cleanUp());
  await running.ready();
  release(folder.path, "two");
  await until("the new release answers", async () => (await running.get()).text.startsWith("two"));
});
