import assert from "node:assert/strict";
import { test } from "node:test";
import { isAlive, until } from "../supervision/instance.ts";
import { Asking, config, serve, workers } from "./stage.ts";

const APP = `import os, time
kept = []
def app(environ, start_response):
    if environ["PATH_INFO"] == "/leak":
        kept.append(os.urandom(1) * 1048576)
        time.sleep(0.02)
    start_response("200 OK", [])
    return [b"%d" % os.getpid()]
`;

test("workers are replaced after their number of requests, one at a time, and no request fails", async (t) => {
  const running = await serve(t, {
    "propylon.yaml": config("workers: 2, threads: 2, recycle: { requests: 50 }"),
    "app.py": APP,
  });
  const before = [...(await workers(running)).keys()];
  const asking = new Asking(running, 4);
  await until("both have been replaced", async () => {
    const now = await workers(running);
    const running2 = [...now.values()].filter((state) => state === "running");
    // The replacement is ready before the old one goes, and only one is replaced at a time.
    assert.ok(running2.length >= 2, JSON.stringify([...now]));
    assert.ok([...now.values()].filter((state) => state === "starting").length <= 1, JSON.stringify([...now]));
    return before.every((pid) => !now.has(pid));
  });
  await asking.stop();
  assert.deepEqual([...asking.statuses.keys()], [200]);
  assert.match(running.output, /info main: hello\/1 has begun \d+ requests and is replaced/);
  assert.match(await running.client.metrics(), /propylon_worker_recycled_total\{app="hello",reason="requests"\} [2-9]/);
  const { restarts } = (await running.client.status()).processes.find(({ name }) => name.startsWith("hello/"))!;
  assert.equal(restarts, 0);
});

test("an app that leaks 1 MB a request stays under its memory limit, and no request fails", async (t) => {
  const running = await serve(t, {
    "propylon.yaml": config("workers: 2, threads: 1, recycle: { memory: 100MB }"),
    "app.py": APP,
  });
  const asking = new Asking(running, 2, "/leak");
  let most = 0;
  await until("four have taken over", async () => {
    const { processes } = await running.client.status();
    most = Math.max(
      most,
      ...processes.filter(({ name }) => name.startsWith("hello/")).map(({ memory }) => memory ?? 0),
    );
    return asking.texts.size >= 6;
  });
  await asking.stop();
  assert.deepEqual([...asking.statuses.keys()], [200]);
  assert.ok(most < 300 * 1048576, `${most} bytes`);
  assert.match(running.output, /hello\/\d+ has \d+ MB of resident memory and is replaced/);
  assert.match(await running.client.metrics(), /propylon_worker_recycled_total\{app="hello",reason="memory"\} \d/);
});

test("workers are replaced by age, and status says of one that goes why", async (t) => {
  const running = await serve(t, {
    "propylon.yaml": config("workers: 1, threads: 2, recycle: { age: 1s, jitter: 0 }"),
    "app.py": `import os, time
def app(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(2.5)
    start_response("200 OK", [])
    return [b"%d" % os.getpid()]
`,
  });
  const [first] = (await workers(running)).keys();
  const slow = running.get("/slow");
  await until("it is replaced", async () => {
    const { processes } = await running.client.status();
    const old = processes.find(({ pid }) => pid === first);
    return old?.state === "draining" && /^is 1 s old/.test(old.reason ?? "");
  });
  assert.equal((await slow).text, String(first));
  await until("it has ended", () => !isAlive(first!));
});

test("a worker whose replacement does not start goes on, and status says so", async (t) => {
  const running = await serve(t, {
    "propylon.yaml": config("workers: 1, threads: 1, recycle: { age: 1s, jitter: 0 }"),
    "app.py": APP,
  });
  const [pid] = (await workers(running)).keys();
  running.folder.write("app.py", "raise ValueError('broken')\n");
  await until("status says it", async () => {
    const [app] = (await running.client.status()).apps;
    return /but what should replace it does not start: .*ValueError: broken/.test(app!.reason ?? "");
  });
  assert.equal((await running.get()).text, String(pid));
  assert.deepEqual([...(await workers(running)).keys()], [pid]);
});

test("a preloaded app's workers are replaced by forking", async (t) => {
  const running = await serve(t, {
    "propylon.yaml": config("workers: 2, threads: 1, preload: true, recycle: { requests: 10 }"),
    "app.py": `print("imported")\n${APP}`,
  });
  const before = [...(await workers(running)).keys()];
  const asking = new Asking(running, 2);
  await until("both have been replaced", () => before.every((pid) => !isAlive(pid)));
  await asking.stop();
  assert.deepEqual([...asking.statuses.keys()], [200]);
  assert.equal(running.output.match(/imported$/gm)?.length, 1);
});
