import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isAlive, type Running, until } from "../supervision/instance.ts";
import { config, serve, workers } from "./stage.ts";

/** `/job` starts one with multiprocessing, `/program` one with subprocess: they write `done` when `go` is there. */
const APP = `import multiprocessing, os, signal, subprocess, sys, time
def job():
    while not os.path.exists("go"):
        time.sleep(0.02)
    with open("done", "w") as file:
        file.write(str(os.getpid()))
def stubborn():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
def app(environ, start_response):
    path = environ["PATH_INFO"]
    pid = os.getpid()
    if path in ("/job", "/stubborn"):
        process = multiprocessing.get_context("fork").Process(target=job if path == "/job" else stubborn)
        process.start()
        pid = process.pid
    if path == "/program":
        pid = subprocess.Popen([sys.executable, "-c", "import app; app.job()"]).pid
    start_response("200 OK", [])
    return [b"%d" % pid]
`;

async function begin(running: Running, path: string): Promise<number> {
  return Number((await running.get(path)).text);
}

for (const [path, preload, how] of [
  ["/job", true, "multiprocessing, preloaded"],
  ["/job", false, "multiprocessing"],
  ["/program", false, "subprocess"],
] as const) {
  test(`a job that a worker has started (${how}) is finished after the worker was replaced`, async (t) => {
    const running = await serve(t, {
      "propylon.yaml": config(`workers: 1, threads: 2, stop_timeout: 200ms, preload: ${preload}`),
      "app.py": APP,
    });
    const [worker] = (await workers(running)).keys();
    const job = await begin(running, path);
    assert.equal((await running.client.reload()).apps[0]!.swapped, true);
    await until("it is told", () => /hello\/1 waits for 1 process of its own/.test(running.output));
    await until("status tells it", async () => {
      const { processes } = await running.client.status();
      return processes.some(({ state, reason }) => state === "draining" && reason === "waits for 1 process of its own");
    });
    assert.notEqual(await begin(running, "/"), worker);
    await until("it has stayed far longer than its stop timeout", async () => {
      const { processes } = await running.client.status();
      const old = processes.find(({ pid }) => pid === worker)!;
      return old.state === "draining" && Date.now() - Date.parse(old.since) > 800;
    });
    assert.ok(isAlive(job));
    running.folder.write("go", "");
    const done = join(running.folder.path, "done");
    await until("it is done", () => existsSync(done) && readFileSync(done, "utf8") === String(job));
    await until("the old worker is gone", async () => !(await workers(running)).has(worker!) && !isAlive(worker!));
    assert.equal((await workers(running)).size, 1);
  });
}

test("children that take longer than children_timeout are ended, and the log says so", async (t) => {
  const running = await serve(t, {
    "propylon.yaml": config("workers: 1, threads: 2, children_timeout: 500ms"),
    "app.py": APP,
  });
  const [worker] = (await workers(running)).keys();
  const job = await begin(running, "/stubborn");
  await running.client.reload();
  await until("both are gone", () => !isAlive(job) && !isAlive(worker!));
  assert.match(running.output, /warn main: hello\/1: 1 process of its own took too long/);
});

test("a stop of propylon waits for children no longer than stop_timeout", async (t) => {
  const running = await serve(t, {
    "propylon.yaml": config("workers: 1, threads: 2, stop_timeout: 300ms"),
    "app.py": APP,
  });
  const replaced = await begin(running, "/stubborn");
  await running.client.reload();
  const current = await begin(running, "/job");
  await until("the first is waited for", () => /waits for 1 process/.test(running.output));
  running.signal("SIGTERM");
  assert.equal((await running.exited).code, 0);
  for (const pid of [replaced, current]) assert.equal(isAlive(pid), false);
});

test("what a worker that is killed leaves in its group is ended", async (t) => {
  const running = await serve(t, { "propylon.yaml": config("workers: 1, threads: 2"), "app.py": APP });
  const [worker] = (await workers(running)).keys();
  const job = await begin(running, "/job");
  process.kill(worker!, "SIGKILL");
  await until("it is ended", () => !isAlive(job));
});
