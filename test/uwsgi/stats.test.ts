import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { ask, folder, freePort, start, until } from "../support/instance.ts";

const UWSGI = ["/usr/bin/uwsgi", "/usr/local/bin/uwsgi"].find((name) => fs.existsSync(name));
const skip = UWSGI === undefined ? "uwsgi is not installed" : false;

const APP = `
import os, time

def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/boom":
        raise ValueError("boom")
    while path == "/wait" and not os.path.exists("go"):
        time.sleep(0.01)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "6")])
    return [b"hello\\n"]
`;

interface Worker {
  readonly [key: string]: unknown;
  readonly pid: number;
  readonly requests: number;
  readonly delta_requests: number;
  readonly exceptions: number;
  readonly respawn_count: number;
  readonly harakiri_count: number;
  readonly status: string;
  readonly rss: number;
  readonly tx: number;
  readonly running_time: number;
  readonly cores: readonly {
    readonly in_request: number;
    readonly requests: number;
    readonly vars: readonly string[];
  }[];
}

interface Statistics {
  readonly [key: string]: unknown;
  readonly pid: number;
  readonly workers: readonly Worker[];
  readonly sockets: readonly Readonly<Record<string, unknown>>[];
}

/** All that a connection is told until it is closed. */
async function told(where: net.NetConnectOpts, say = ""): Promise<string> {
  const socket = net.connect(where);
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  if (say !== "") socket.write(say);
  await once(socket, "end");
  return text;
}

const statistics = async (port: number): Promise<Statistics> =>
  JSON.parse(await told({ host: "127.0.0.1", port })) as Statistics;

const sum = ({ workers }: Statistics, key: "requests" | "exceptions"): number =>
  workers.reduce((total, worker) => total + worker[key], 0);

/** The keys of all objects in it, with where they stand. */
function keysOf(value: unknown, at = ""): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => keysOf(item, `${at}[]`));
  if (typeof value !== "object" || value === null) return [at];
  return Object.entries(value).flatMap(([key, inner]) => [`${at}.${key}`, ...keysOf(inner, `${at}.${key}`)]);
}

function real(t: TestContext, cwd: string, words: readonly string[]): void {
  const child = spawn(UWSGI!, ["--plugin", "python3", "--die-on-term", ...words], { cwd, stdio: "ignore" });
  t.after(async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
}

test("uWSGI's own statistics and ours have the same keys, and the same figures after the same requests", {
  skip,
}, async (t) => {
  const documents: Statistics[] = [];
  for (const ours of [false, true]) {
    const [web, stats] = [await freePort(), await freePort()];
    const cwd = folder(t, { "app.py": APP });
    const words = ["--http-socket", `127.0.0.1:${web}`, "--wsgi-file", "app.py", "--master"];
    words.push("--processes", "2", "--threads", "2", "--stats", `127.0.0.1:${stats}`);
    if (ours) await start(t, ["uwsgi", ...words], { cwd }).url;
    else real(t, cwd, words);
    const url = `http://127.0.0.1:${web}`;
    await until(async () => (await ask(url).catch(() => null))?.status === 200);
    const before = sum(await statistics(stats), "requests");
    for (let request = 0; request < 9; request++) await ask(url);
    await ask(`${url}/boom`).catch(() => null);
    const waits = ask(`${url}/wait?x=1`);
    await until(async () => (await statistics(stats)).workers.some(({ status }) => status === "busy"));
    const document = await statistics(stats);
    documents.push(document);
    const busy = document.workers.flatMap(({ cores }) => cores).filter(({ in_request: running }) => running === 1);
    assert.equal(busy.length, 1);
    assert.ok(busy[0]!.vars.includes("REQUEST_URI=/wait?x=1"), busy[0]!.vars.join());
    fs.writeFileSync(path.join(cwd, "go"), "");
    assert.equal((await waits).status, 200);
    await until(async () => sum(await statistics(stats), "requests") === before + 11);
    const after = await statistics(stats);
    assert.equal(sum(after, "exceptions"), 1);
    assert.equal(after.workers.length, 2);
    for (const { requests, cores, tx, status, running_time: ran } of after.workers) {
      assert.equal(cores.length, 2);
      assert.equal(
        cores.reduce((total, core) => total + core.requests, 0),
        requests,
      );
      assert.equal(tx > 0, requests > 0);
      assert.equal(ran > 0, requests > 0);
      assert.equal(status, "idle");
    }
    assert.ok(
      after.workers.some(({ running_time: ran }) => ran > 1000),
      "the request that waited counts",
    );
    assert.deepEqual(
      after.sockets.map(({ name, proto }) => [name, proto]),
      [[`127.0.0.1:${web}`, "http"]],
    );
  }
  const [theirs, ours] = documents.map((document) =>
    [...new Set(keysOf(document))].filter((key) => !key.startsWith(".locks[].")),
  );
  assert.deepEqual(ours!.toSorted(), theirs!.toSorted());
});

test("a worker that is replaced keeps its number and its count; a public address gets a warning", async (t) => {
  const [web, stats] = [await freePort(), await freePort()];
  const ini = `[uwsgi]\nhttp-socket = 127.0.0.1:${web}\nwsgi-file = app.py\nmaster = true\nprocesses = 2\nstats = :${stats}\n`;
  const cwd = folder(t, { "app.py": APP, "app.ini": ini });
  const instance = start(t, ["uwsgi", "app.ini"], { cwd });
  const url = await instance.url;
  // Told where uWSGI would tell them, which is to everybody.
  assert.match(instance.output.err, /other machines can read the statistics at \S+:\d+/);
  for (let request = 0; request < 5; request++) await ask(url);
  await until(async () => sum(await statistics(stats), "requests") === 5);
  const first = await statistics(stats);
  assert.deepEqual(
    first.workers.map((worker) => [worker["id"], worker.respawn_count]),
    [
      [1, 1],
      [2, 1],
    ],
  );
  assert.ok(first.workers.every(({ rss }) => rss > 1_000_000));
  process.kill(first.workers[0]!.pid, "SIGKILL");
  await until(async () => (await statistics(stats)).workers[0]!.respawn_count === 2);
  const second = await statistics(stats);
  assert.equal(sum(second, "requests"), 5);
  assert.equal(second.workers[1]!.pid, first.workers[1]!.pid);
  instance.process.kill("SIGHUP");
  await until(async () => (await statistics(stats)).workers[1]!.respawn_count === 2);
  const third = await statistics(stats);
  assert.deepEqual(
    third.workers.map(({ respawn_count: count }) => count),
    [3, 2],
  );
  assert.deepEqual(
    third.workers.map(({ delta_requests: requests }) => requests),
    [0, 0],
  );
  assert.equal(sum(third, "requests"), 5);
});

test("statistics come on a Unix socket, and as an HTTP answer where `stats-http` asks for one; a reload changes which", async (t) => {
  const web = await freePort();
  const settings = (more: string): string =>
    `[uwsgi]\nhttp-socket = 127.0.0.1:${web}\nwsgi-file = app.py\nmaster = true\n${more}`;
  const cwd = folder(t, { "app.py": APP, "app.ini": settings("stats-server = stats.sock\nstats-minified = true\n") });
  const instance = start(t, ["uwsgi", "--ini", "app.ini"], { cwd });
  await instance.url;
  const file = path.join(cwd, "stats.sock");
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  const compact = await told({ path: file });
  assert.ok(!compact.includes("\t"));
  assert.equal((JSON.parse(compact) as Statistics).pid, instance.process.pid);
  const stats = await freePort();
  fs.writeFileSync(path.join(cwd, "app.ini"), settings(`stats = 127.0.0.1:${stats}\nstats-http = true\n`));
  instance.process.kill("SIGHUP");
  await until(async () => (await ask(`http://127.0.0.1:${stats}/`).catch(() => null))?.status === 200);
  await until(async () => !fs.existsSync(file));
  const answer = await ask(`http://127.0.0.1:${stats}/any?thing`);
  assert.equal(answer.headers["content-type"], "application/json");
  assert.equal((JSON.parse(answer.body) as Statistics).workers.length, 1);
  fs.writeFileSync(path.join(cwd, "app.ini"), settings(`stats = 127.0.0.1:${stats}\n`));
  instance.process.kill("SIGHUP");
  await until(async () => (await told({ host: "127.0.0.1", port: stats }, "GET / HTTP/1.0\r\n\r\n")).startsWith("{"));
  instance.process.kill("SIGTERM");
  assert.equal((await instance.exited).code, 0);
});
