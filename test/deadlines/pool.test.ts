import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { INTERRUPT } from "../../src/app/frames.ts";
import type { DeadlineConfig } from "../../src/config/deadline-model.ts";
import { type Stage, stage } from "../app/stage.ts";
import { until } from "../support/instance.ts";
import { startWorker } from "../worker/real-worker.ts";

const APPS = path.join(import.meta.dirname, "..", "..", "python", "tests", "apps");
const NEVER = { soft: 0, hard: 0 };

interface Served extends Stage {
  readonly pid: number;
}

/** A pool with this deadline and a real worker of `python/tests/apps/stuck.py`. */
async function serve(t: TestContext, deadline: DeadlineConfig, lanes: number): Promise<Served> {
  const s = await stage(t, { deadline });
  const worker = startWorker(t, s, 1, { target: "stuck:app", directory: APPS, lanes });
  await worker.heard("ready");
  return { ...s, pid: worker.process.pid! };
}

/** What a lane runs, by the page of worker `id`: stream ids. */
function running(s: Stage, id: number): readonly number[] {
  const bytes = fs.readFileSync(path.join(s.directory, `page-${id}`));
  return Array.from({ length: bytes.length / 64 }, (_, lane) => bytes.readUInt32LE(lane * 64 + 4)).filter((n) => n > 0);
}

for (const [lanes, way] of [
  [1, "loop"],
  [4, "loop"],
  [1, "sleep"],
  [1, "read"],
] as const) {
  test(`at the soft deadline the client gets 504 and ${way} is interrupted, with ${lanes} lanes`, async (t) => {
    const s = await serve(t, { soft: 300, hard: 0 }, lanes);
    const answer = await s.ask(`/${way}`);
    assert.equal(answer.status, 504);
    assert.match(s.warnings[0]!, new RegExp(`^GET /${way} is past its deadline`));
    // The lane goes on with the next.
    await until(() => running(s, 1).length === 0 && s.pool.inFlight === 0);
    assert.equal((await s.ask("/hello")).body, "Hello");
    assert.deepEqual(s.overdue, []);
  });
}

test("at the soft deadline an ASGI app's task is cancelled, and others go on", async (t) => {
  const s = await stage(t, { deadline: { soft: 300, hard: 0 } });
  const worker = startWorker(t, s, 1, { target: "stuck:asgi", directory: APPS });
  await worker.heard("ready");
  const waiting = s.ask("/wait");
  assert.equal((await s.ask("/hello")).body, "Hello");
  assert.equal((await waiting).status, 504);
  await until(() => s.pool.inFlight === 0);
  await until(() => /CancelledError/.test(worker.output.err));
  assert.equal((await s.ask("/hello")).body, "Hello");
});

test("a sleeping thread can't be interrupted: its client gets 504 all the same, and other lanes go on", async (t) => {
  const s = await serve(t, { soft: 300, hard: 0 }, 2);
  assert.equal((await s.ask("/sleep")).status, 504);
  assert.equal(running(s, 1).length, 1);
  for (let i = 0; i < 5; i++) assert.equal((await s.ask("/hello")).body, "Hello");
});

test("a streamed answer that is still going on at its deadline is cut, and its lane stops", async (t) => {
  const s = await serve(t, { soft: 300, hard: 0 }, 1);
  const request = http.get({ port: s.port, path: "/stream", agent: false });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  response.resume();
  const [error] = (await once(response, "error")) as [Error & { code: string }];
  assert.equal(error.code, "ECONNRESET");
  await until(() => s.pool.inFlight === 0);
  assert.equal((await s.ask("/hello")).body, "Hello");
});

test("a route's own deadline stands in place of the app's", async (t) => {
  const s = await serve(t, { soft: 100, hard: 0 }, 1);
  s.handler.restrict(NEVER, null);
  assert.equal((await s.ask("/spin?0.8")).body, "spun");
  s.handler.restrict({ soft: 200, hard: 0 }, null);
  assert.equal((await s.ask("/spin?5")).status, 504);
});

test("at the hard deadline the worker is to be killed, and takes nothing new shortly before", async (t) => {
  const s = await stage(t, { deadline: { soft: 300, hard: 1500 } });
  const first = await s.worker(1, 2);
  const second = await s.worker(2, 2);
  const began = performance.now();
  const stuck = s.ask("/stuck");
  await until(() => first.received.length + second.received.length === 1);
  const [held, other, id] = first.received.length === 1 ? [first, second, 1] : [second, first, 2];
  note(s, id, held.received[0]!.stream);
  assert.equal((await stuck).status, 504);
  await until(() => held.frames.some(({ type, stream }) => type === INTERRUPT && stream === held.received[0]!.stream));
  await until(() => s.pool.links.get(id)!.closed);
  assert.ok(performance.now() - began < 1500);
  for (const worker of [held, other]) worker.onRequest = (request) => worker.answer(request, "ok");
  const asked = await Promise.all(Array.from({ length: 4 }, () => s.ask("/")));
  assert.deepEqual(
    asked.map(({ body }) => body),
    ["ok", "ok", "ok", "ok"],
  );
  assert.equal(held.received.length, 1);
  await until(() => s.overdue.length === 1);
  assert.equal(s.overdue[0]![0], id);
  assert.match(s.overdue[0]![1], /^GET \/stuck ran for \d.* s \(deadline: hard 1\.5 s\)$/);
});

test("a worker that gets over it in time is given exchanges again", async (t) => {
  const s = await stage(t, { deadline: { soft: 300, hard: 4000 } });
  const worker = await s.worker(1, 1);
  const stuck = s.ask("/stuck");
  await until(() => worker.received.length === 1);
  // It began long ago.
  note(s, 1, worker.received[0]!.stream, 2.5);
  assert.equal((await stuck).status, 504);
  await until(() => s.pool.links.get(1)!.closed);
  const next = s.ask("/next");
  note(s, 1, 0);
  worker.answer(worker.received[0]!, "late");
  await until(() => worker.received.length === 2);
  worker.answer(worker.received[1]!, "next");
  assert.equal((await next).body, "next");
  assert.deepEqual(s.overdue, []);
});

test("a worker that takes nothing though a lane is free is replaced, and what it had not begun goes to another", async (t) => {
  const s = await stage(t, { deadline: { soft: 0, hard: 600 } });
  const frozen = await s.worker(1, 1);
  const asked = s.ask("/", { method: "POST" });
  await until(() => s.overdue.length === 1);
  assert.match(s.overdue[0]![1], /^POST \/ was not taken up/);
  const second = await s.worker(2, 1);
  second.onRequest = (request) => second.answer(request, "second");
  frozen.die();
  s.pool.workerExited(1);
  assert.equal((await asked).body, "second");
  assert.deepEqual(
    s.lost.map(({ method, target, ran, outcome }) => [method, target, ran, outcome]),
    [["POST", "/", null, "moved"]],
  );
});

test("the queue's limit holds for what was sent to a worker and not begun", async (t) => {
  const s = await stage(t, { queueTimeout: 400 });
  const worker = await s.worker(1, 1);
  const asked = await s.ask("/");
  assert.equal(asked.status, 503);
  assert.equal(asked.headers["retry-after"], "1");
  assert.equal(worker.received.length, 1);
  worker.answer(worker.received[0]!, "late");
  await until(() => s.pool.inFlight === 0);
});

test("what runs for long is no concern of the queue's limit", async (t) => {
  const s = await stage(t, { queueTimeout: 300 });
  const worker = await s.worker(1, 1);
  const asked = s.ask("/");
  await until(() => worker.received.length === 1);
  note(s, 1, worker.received[0]!.stream);
  s.pool.deadlines.tick(performance.now() + 60_000);
  worker.answer(worker.received[0]!, "at last");
  assert.equal((await asked).body, "at last");
});

test("an app without deadlines looks at no page", async (t) => {
  const s = await stage(t);
  const worker = await s.worker(1, 1);
  const asked = s.ask("/");
  await until(() => worker.received.length === 1);
  const page = path.join(s.directory, "page-1");
  const read = fs.readFileSync;
  let looks = 0;
  t.mock.method(fs, "readFileSync", (...args: Parameters<typeof read>) => {
    if (args[0] === page) looks++;
    return read(...args);
  });
  s.pool.deadlines.tick(performance.now() + 3_600_000);
  assert.equal(looks, 0);
  s.pool.deadlines.expect({ soft: 1000, hard: 0 });
  s.pool.deadlines.tick(performance.now() + 3_600_000);
  assert.equal(looks, 1);
  worker.answer(worker.received[0]!, "ok");
  await asked;
});

/** Notes in the page of worker `id` that its first lane runs this stream, since so many seconds. */
function note(s: Stage, id: number, stream: number, since = 0): void {
  const bytes = Buffer.alloc(64);
  bytes.writeUInt32LE(1, 0);
  bytes.writeUInt32LE(stream, 4);
  bytes.writeDoubleLE(stream === 0 ? 0 : Number(process.hrtime.bigint()) / 1e9 - since, 8);
  const page = fs.openSync(path.join(s.directory, `page-${id}`), "r+");
  fs.writeSync(page, bytes, 0, bytes.length, 0);
  fs.closeSync(page);
}
