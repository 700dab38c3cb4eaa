import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { ABORT, BODY, END, HELP } from "../../src/app/frames.ts";
import type { ReceivedRequest, ScriptedWorker } from "./scripted-worker.ts";
import { stage } from "./stage.ts";

function page(directory: string, worker: number, taken: number, stream: number): void {
  const bytes = Buffer.alloc(64);
  bytes.writeUInt32LE(taken, 0);
  bytes.writeUInt32LE(stream, 4);
  fs.writeFileSync(path.join(directory, `page-${worker}`), bytes);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

test("a request reaches a worker with its environ and its answer comes back", async (t) => {
  const s = await stage(t);
  const worker = await s.worker(1, 1);
  worker.onRequest = (request) => worker.answer(request, `hello ${request.path}`);
  const answer = await s.ask("/a%20b?x=1");
  assert.equal(answer.status, 200);
  assert.equal(answer.body, "hello /a b");
  assert.match(worker.received[0]!.block, /SERVER_PROTOCOL\0HTTP\/1\.1\0/);
});

test("the same header bytes are sent to a worker once", async (t) => {
  const s = await stage(t);
  const worker = await s.worker(1, 1);
  worker.onRequest = (request) => worker.answer(request, request.block.includes("HTTP_HOST") ? "known" : "lost");
  for (let i = 0; i < 3; i++) assert.equal((await s.ask("/")).body, "known");
});

test("requests wait for a worker that is still starting", async (t) => {
  const s = await stage(t);
  const asked = s.ask("/");
  await until(() => s.pool.queued === 1);
  const worker = await s.worker(1, 1);
  worker.onRequest = (request) => worker.answer(request, "at last");
  assert.equal((await asked).body, "at last");
});

test("a full queue answers 503 with Retry-After at once", async (t) => {
  const s = await stage(t, { queueSize: 1 });
  const first = s.ask("/");
  await until(() => s.pool.queued === 1);
  const second = await s.ask("/");
  assert.equal(second.status, 503);
  assert.equal(second.headers["retry-after"], "1");
  const worker = await s.worker(1, 1);
  worker.onRequest = (request) => worker.answer(request, "ok");
  assert.equal((await first).status, 200);
});

test("a request that waited past the queue's limit gets 503", async (t) => {
  const s = await stage(t, { queueTimeout: 30 });
  assert.equal((await s.ask("/")).status, 503);
});

test("a client that hangs up leaves the queue", async (t) => {
  const s = await stage(t);
  const client = net.connect(s.port, "127.0.0.1");
  client.write("GET /left HTTP/1.1\r\nHost: a\r\n\r\n");
  await until(() => s.pool.queued === 1);
  client.destroy();
  await until(() => s.pool.queued === 0);
  const worker = await s.worker(1, 1);
  worker.onRequest = (request) => worker.answer(request, "ok");
  assert.equal((await s.ask("/stays")).body, "ok");
  assert.deepEqual(
    worker.received.map((request) => request.path),
    ["/stays"],
  );
});

test("a small body travels with the request, a large one is pulled by the lane that runs it", async (t) => {
  const s = await stage(t);
  const worker = await s.worker(1, 1);
  worker.onRequest = (request) => {
    if ((request.flags & 1) === 0) worker.answer(request, `inline ${request.body.length}`);
    else worker.pull(0, request.stream, 100_000);
  };
  let pulled = 0;
  worker.onFrame = (_lane, type, stream, payload) => {
    if (type === BODY) {
      // A large piece comes in parts.
      pulled += payload.length;
      if (pulled % 100_000 === 0) worker.pull(0, stream, 100_000);
    } else if (type === END) worker.answer(worker.received.at(-1)!, `pulled ${pulled}`);
  };
  assert.equal((await s.ask("/", { method: "POST", body: "x".repeat(1000) })).body, "inline 1000");
  assert.equal((await s.ask("/", { method: "POST", body: Buffer.alloc(5_000_000) })).body, "pulled 5000000");
});

test("a chunked body reaches the worker whole, with its length", async (t) => {
  const s = await stage(t);
  const worker = await s.worker(1, 1);
  worker.onRequest = (request) => worker.answer(request, `${request.flags} ${request.bodyLength} ${request.body}`);
  const answer = await s.ask("/", { method: "POST", headers: { "transfer-encoding": "chunked" }, body: "hello" });
  assert.equal(answer.body, "2 5 hello");
});

test("requests that a dead worker had not started go to another, whatever their method", async (t) => {
  const s = await stage(t);
  const first = await s.worker(1, 1);
  const asked = s.ask("/", { method: "POST" });
  await until(() => first.received.length === 1);
  const second = await s.worker(2, 1);
  second.onRequest = (request) => second.answer(request, "second");
  first.die();
  s.pool.workerExited(1);
  assert.equal((await asked).body, "second");
});

test("a started POST whose worker died is answered 502, a started GET is run again once", async (t) => {
  const s = await stage(t);
  const first = await s.worker(1, 1);
  const post = s.ask("/", { method: "POST" });
  const get = s.ask("/");
  await until(() => first.received.length === 2);
  page(s.directory, 1, 2, 0);
  const second = await s.worker(2, 1);
  second.onRequest = (request) => second.answer(request, "second");
  first.die();
  s.pool.workerExited(1);
  assert.equal((await post).status, 502);
  assert.equal((await get).body, "second");
  assert.equal(second.received.length, 1);
});

test("what a worker had answered before it died is delivered, not run again", async (t) => {
  const s = await stage(t);
  const first = await s.worker(1, 1);
  const second = await s.worker(2, 1);
  const both = (request: ReceivedRequest, worker: ScriptedWorker, id: number) => {
    worker.answer(request, "answered");
    page(s.directory, id, 1, 0);
    worker.die();
    s.pool.workerExited(id);
  };
  first.onRequest = (request) => both(request, first, 1);
  second.onRequest = (request) => both(request, second, 2);
  assert.equal((await s.ask("/", { method: "POST" })).body, "answered");
  assert.equal(first.received.length + second.received.length, 1);
});

test("when the leader is silent, a follower is asked to help and requests go on", async (t) => {
  const s = await stage(t);
  const worker = await s.worker(1, 2);
  let slow: ReceivedRequest | null = null;
  worker.onRequest = (request) => {
    if (request.path === "/slow") slow = request;
    else if (helped) worker.answer(request, "fast");
    else held.push(request);
  };
  let helped = false;
  const held: ReceivedRequest[] = [];
  worker.onFrame = (_lane, type) => {
    if (type !== HELP) return;
    helped = true;
    for (const request of held.splice(0)) worker.answer(request, "fast");
  };
  const slowAnswer = s.ask("/slow");
  await until(() => slow !== null);
  assert.equal((await s.ask("/fast")).body, "fast");
  assert.ok(worker.frames.some((frame) => frame.type === HELP));
  worker.answer(slow!, "slow");
  worker.follow();
  assert.equal((await slowAnswer).body, "slow");
});

test("a worker whose lanes share is given twice as many requests as it has lanes", async (t) => {
  const s = await stage(t);
  const worker = await s.worker(1, 2);
  worker.onRequest = (request) => worker.answer(request, "ok", "200 OK", 5000, true);
  await s.ask("/");
  const waiting: ReceivedRequest[] = [];
  worker.onRequest = (request) => waiting.push(request);
  const asked = Array.from({ length: 6 }, () => s.ask("/"));
  await until(() => waiting.length === 4 && s.pool.queued === 2);
  worker.onRequest = (request) => worker.answer(request, "ok", "200 OK", 5000, true);
  for (const request of waiting) worker.answer(request, "ok", "200 OK", 5000, true);
  for (const answer of await Promise.all(asked)) assert.equal(answer.status, 200);
  assert.ok(!worker.frames.some((frame) => frame.type === HELP));
});

test("a streamed answer reaches the client piece by piece", async (t) => {
  const s = await stage(t);
  const worker = await s.worker(1, 1);
  worker.onRequest = (request) => {
    worker.begin(0, request.stream, -1);
    worker.piece(0, request.stream, Buffer.from("one "));
    worker.piece(0, request.stream, Buffer.from("two"));
    worker.end(0, request.stream);
  };
  const answer = await s.ask("/");
  assert.equal(answer.body, "one two");
  assert.equal(answer.headers["transfer-encoding"], "chunked");
  assert.equal((await s.ask("/again")).body, "one two");
});

test("a slow reader does not hold the worker: a large answer waits in the edge", async (t) => {
  const s = await stage(t);
  const worker = await s.worker(1, 1);
  const size = 20_000_000;
  worker.onRequest = (request) => {
    if (request.path !== "/large") return worker.answer(request, "small");
    worker.begin(0, request.stream, size);
    for (let sent = 0; sent < size; sent += 100_000)
      worker.piece(0, request.stream, Buffer.alloc(100_000, (sent / 100_000) % 256));
    worker.end(0, request.stream);
  };
  const client = net.connect(s.port, "127.0.0.1");
  client.write("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  await once(client, "readable");
  // The client has read nothing yet; the worker is free all the same.
  await until(() => s.pool.links.get(1)!.open === 0);
  assert.equal((await s.ask("/small")).body, "small");
  let received = Buffer.alloc(0);
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const chunk = client.read() as Buffer | null;
    if (chunk === null) await once(client, "readable");
    else {
      chunks.push(chunk);
      total += chunk.length;
      const start = chunks[0]!.indexOf("\r\n\r\n") + 4;
      if (total - start === size) {
        received = Buffer.concat(chunks).subarray(start);
        break;
      }
    }
  }
  for (let at = 0; at < size; at += 100_000) assert.equal(received[at], (at / 100_000) % 256);
  client.destroy();
});

test("a client that leaves a streamed answer makes the lane stop, and the lane is used again", async (t) => {
  const s = await stage(t);
  const worker = await s.worker(1, 1);
  worker.onRequest = (request) => {
    worker.begin(0, request.stream, -1);
    worker.piece(0, request.stream, Buffer.from("begun"));
  };
  const client = net.connect(s.port, "127.0.0.1");
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await once(client, "data");
  client.destroy();
  await until(() => {
    // A client that left says so when something is written to it.
    worker.piece(0, worker.received[0]!.stream, Buffer.from("more"));
    return worker.frames.some((frame) => frame.type === ABORT);
  });
  worker.end(0, worker.received[0]!.stream);
  worker.onRequest = (request) => worker.answer(request, "next");
  assert.equal((await s.ask("/")).body, "next");
});

test("an answer that would split the response is refused with 502 and reported", async (t) => {
  const s = await stage(t);
  const worker = await s.worker(1, 1);
  worker.onRequest = (request) => worker.answer(request, "x", "200 OK\0X\0a\r\nSet-Cookie: b");
  assert.equal((await s.ask("/")).status, 502);
  assert.match(s.warnings[0]!, /control character/);
});

test("a worker left out of the list finishes what it has and is reported idle", async (t) => {
  const s = await stage(t);
  const first = await s.worker(1, 1);
  const asked = s.ask("/");
  await until(() => first.received.length === 1);
  s.pool.setActive([], {});
  assert.deepEqual(s.idle, []);
  first.answer(first.received[0]!, "done");
  assert.equal((await asked).body, "done");
  await until(() => s.idle.includes(1));
});

test("an app that can't start answers 503 to those who wait and those who come", async (t) => {
  const s = await stage(t);
  const waiting = s.ask("/");
  await until(() => s.pool.queued === 1);
  s.pool.setBroken("ImportError");
  assert.equal((await waiting).status, 503);
  assert.equal((await s.ask("/")).status, 503);
});

test("a connection that does not speak the protocol is closed", async (t) => {
  const s = await stage(t);
  const peer = net.connect(s.socket);
  peer.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  peer.resume();
  await once(peer, "close");
  assert.equal(s.warnings.length, 1);
});
