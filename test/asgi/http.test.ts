import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import { describe, test } from "node:test";
import { until } from "../support/instance.ts";
import { interpreters } from "../worker/real-worker.ts";
import { asgiStage, noted } from "./worker.ts";

/** A client that writes and reads bytes. */
function dial(port: number): { socket: net.Socket; text: () => string; ended: Promise<unknown[]> } {
  const socket = net.connect(port, "127.0.0.1");
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.on("error", () => {}); // a cut answer may end in a reset
  return { socket, text: () => text, ended: once(socket, "close") };
}

async function whole(port: number, request: string): Promise<string> {
  const client = dial(port);
  client.socket.write(request, "latin1");
  await client.ended;
  return client.text();
}

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`;

const MISUSES =
  "raises exits silent half body_first twice splits text_header too_short too_long text_body sends_nonsense".split(" ");

/** The oldest, the first with eager tasks, the newest. */
const versions = interpreters().filter(
  ({ version }, index, all) => index === 0 || index === all.length - 1 || version === "3.12",
);

for (const { version, path: python } of versions) {
  describe(`ASGI on Python ${version}`, () => {
    test("every way to answer arrives as the app meant it", async (t) => {
      const s = await asgiStage(t, { python });
      const body = async (target: string) => (await s.ask(target)).body;
      assert.equal(await body("/hello"), "hello");
      assert.equal(await body("/stream"), "piece 0\npiece 1\npiece 2\n");
      assert.equal((await body("/big")).length, 10_000_000);
      assert.equal((await s.ask("/no_content")).status, 204);
      assert.equal((await s.ask("/not_modified")).status, 304);
      assert.equal(await body("/hop"), "x");
      const empty = await s.ask("/head_only", { method: "HEAD" });
      assert.deepEqual([empty.headers["content-length"], empty.headers["x-a"], empty.body], ["4", "1, 2", ""]);
      assert.equal((await s.ask("/stream", { method: "HEAD" })).body, "");
      const trailing = await whole(s.port, get("/trailers"));
      assert.match(trailing, /\r\n3\r\nabc\r\n0\r\nx-sum: 6\r\n\r\n$/);
      assert.equal(s.real.output.err, "");
    });

    test("the scope says what the specification asks for, and what an app leaves in it is gone with its exchange", async (t) => {
      const s = await asgiStage(t, { python });
      for (let time = 0; time < 2; time++) {
        const { body } = await s.ask("/scope/caf%C3%A9%20b?x=%20y&z", {
          headers: { Host: "Example.org:8000", Cookie: ["a=1", "b=2"], "X-A": ["1", "2"], X_Hidden: "no" },
        });
        const { client, headers, ...scope } = JSON.parse(body) as Record<string, unknown>;
        assert.deepEqual(scope, {
          type: "http",
          asgi: { version: "3.0", spec_version: "2.3" },
          http_version: "1.1",
          method: "GET",
          scheme: "http",
          path: "/scope/café b",
          raw_path: "/scope/caf%C3%A9%20b",
          query_string: "x=%20y&z",
          root_path: "",
          server: ["example.org", 80],
          extensions: { "http.response.trailers": {} },
          state: { started: "yes" },
        });
        assert.equal((client as [string, number])[0], "127.0.0.1");
        const pairs = (headers as [string, string][]).filter(([name]) => !/^(?:connection|accept)/.test(name));
        assert.deepEqual(pairs, [
          ["host", "Example.org:8000"],
          ["cookie", "a=1; b=2"],
          ["x-a", "1"],
          ["x-a", "2"],
        ]);
      }
    });

    test("request bodies of every size and framing come whole", async (t) => {
      const s = await asgiStage(t, { python });
      for (const size of [0, 1, 65_536, 65_537, 3_000_000]) {
        const data = Buffer.alloc(size, "abc\n");
        const expected = `${size} ${createHash("md5").update(data).digest("hex")}`;
        const plain = { method: "POST", body: data };
        assert.equal((await s.ask("/upload", plain)).body, expected);
        assert.equal(
          (await s.ask("/upload", { ...plain, headers: { "Transfer-Encoding": "chunked" } })).body,
          expected,
        );
        assert.equal((await s.ask("/ignores_body", plain)).body, "thanks");
      }
      assert.equal((await s.ask("/echo", { method: "PUT", body: "a\0b" })).body, "a\0b");
    });

    test("misuse of the protocol gives 500 and a line in the log, never a wrong answer", async (t) => {
      const s = await asgiStage(t, { python });
      for (const name of MISUSES) {
        const before = s.real.output.err.length;
        const answer = await s.ask(`/${name}`);
        assert.deepEqual([name, answer.status, answer.body], [name, 500, "Internal Server Error\n"]);
        await until(() => s.real.output.err.length > before);
      }
      for (const name of ["raises_late", "streams_short", "streams_long"]) {
        const text = await whole(s.port, get(`/${name}`));
        assert.match(text, /^HTTP\/1\.1 200 /);
        assert.ok(!text.endsWith("0\r\n\r\n") && !/abcde/.test(text), `${name} was not cut: ${text}`);
      }
      assert.equal((await s.ask("/after_end")).body, "done");
      assert.match(s.real.output.err, /ValueError: raised on purpose/);
      assert.match(s.real.output.err, /http\.response\.body was sent before http\.response\.start/);
      assert.equal((await s.ask("/hello")).body, "hello");
    });

    test("each exchange runs in a task and a context of its own", async (t) => {
      const s = await asgiStage(t, { python });
      const answers = await Promise.all(["a", "b", "c", "d"].map((id) => s.ask(`/context?${id}`)));
      assert.deepEqual(
        answers.map(({ body }) => body),
        ["none a True", "none b True", "none c True", "none d True"],
      );
    });

    test("the app is told of startup and shutdown", async (t) => {
      const s = await asgiStage(t, { python });
      s.real.say({ drain: true });
      assert.deepEqual(await s.real.exited, { code: 0, signal: null });
      assert.equal(s.real.output.out, "shut down\n");
    });
  });
}

test("a head without a body leaves at once, and each event when it is sent", async (t) => {
  const s = await asgiStage(t);
  const client = dial(s.port);
  client.socket.write(get("/events"));
  await until(() => client.text().includes("\r\n\r\n"));
  assert.ok(!client.text().includes("data:"));
  await until(() => client.text().includes("data: 1"));
  client.socket.destroy();
  await until(async () => (await noted(s)).heard.length > 0);
  assert.deepEqual((await noted(s)).heard, [["events", "http.disconnect"]]);
});

for (const how of ["resets", "closes its side"]) {
  test(`an app that has not answered yet hears at once that its client ${how}`, async (t) => {
    const s = await asgiStage(t);
    const client = dial(s.port);
    client.socket.write("GET /waits HTTP/1.1\r\nHost: a\r\n\r\n");
    await until(() => s.pool.inFlight === 1);
    if (how === "resets") client.socket.resetAndDestroy();
    else client.socket.end();
    await until(async () => (await noted(s)).heard.length > 0);
    assert.deepEqual((await noted(s)).heard, [["waits", "http.disconnect"]]);
    assert.doesNotMatch(s.real.output.err, /Traceback/);
    client.socket.destroy();
    await until(() => s.pool.inFlight === 0);
  });
}

test("a client that has closed its side still gets the answer of an app that goes on", async (t) => {
  const s = await asgiStage(t);
  const client = dial(s.port);
  client.socket.end("GET /slow?0.1 HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.ended;
  assert.match(client.text(), /slow$/);
});

test("a client that does not read holds its app's send back; when it leaves, the app is ended", async (t) => {
  const s = await asgiStage(t);
  const client = dial(s.port);
  client.socket.pause();
  client.socket.write(get("/sends_for_ever"));
  let sent = -1;
  // Held back: no more is sent between two looks.
  await until(async () => {
    const before = sent;
    sent = (await noted(s)).sent;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return sent > 0 && sent === before;
  });
  assert.ok(sent * 65_536 < 32 * 1024 * 1024, `${sent} pieces were taken`);
  client.socket.destroy();
  await until(async () => (await noted(s)).heard.length > 0);
  assert.deepEqual((await noted(s)).heard, [["sends_for_ever", "ClientGone"]]);
  assert.doesNotMatch(s.real.output.err, /Traceback/);
});

test("what a slow client has not read stands before no other answer", async (t) => {
  const s = await asgiStage(t);
  const slow = Array.from({ length: 3 }, () => dial(s.port));
  for (const { socket } of slow) {
    socket.pause();
    socket.write(get("/fills"));
  }
  await until(async () => (await noted(s)).heard.length === 3);
  // Their connections are not used for these.
  for (let times = 0; times < 5; times++) assert.equal((await s.ask("/stream")).body, "piece 0\npiece 1\npiece 2\n");
  assert.equal(s.pool.inFlight, 3);
  for (const { socket } of slow) socket.destroy();
  await until(() => s.pool.inFlight === 0);
  assert.equal((await s.ask("/stream")).body, "piece 0\npiece 1\npiece 2\n");
});

test("an app answers to what has come of a body while its client still sends", async (t) => {
  const s = await asgiStage(t);
  const client = dial(s.port);
  client.socket.write("POST /converse HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
  for (const word of ["one", "two", "three"]) {
    client.socket.write(`${word.length}\r\n${word}\r\n`);
    await until(() => client.text().includes(word.toUpperCase()));
  }
  client.socket.write("0\r\n\r\n");
  await client.ended;
  assert.match(client.text(), /0\r\n\r\n$/);
});

test("100 Continue is sent when the app reads, and a body that nobody reads is not asked for", async (t) => {
  const s = await asgiStage(t);
  const expecting = (target: string) =>
    `POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`;
  const client = dial(s.port);
  client.socket.write(expecting("/upload"));
  await until(() => client.text().startsWith("HTTP/1.1 100 "));
  client.socket.write("x".repeat(100_000));
  await client.ended;
  assert.match(client.text(), /100000 [0-9a-f]{32}$/);
  assert.match(await whole(s.port, expecting("/ignores_body")), /^HTTP\/1\.1 200 [\s\S]*thanks$/);
});

test("a body that breaks off ends the app's reading", async (t) => {
  const s = await asgiStage(t);
  const client = dial(s.port);
  client.socket.write("POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  await until(() => s.pool.inFlight === 1);
  client.socket.write("zz\r\n");
  await client.ended;
  assert.match(client.text(), /^HTTP\/1\.1 400 /);
  await until(() => s.pool.inFlight === 0);
});

test("hundreds of exchanges run at once in one worker, and no more than its concurrency", async (t) => {
  const s = await asgiStage(t, { asgi: { concurrency: 150 } }, { queueSize: 1000 });
  const answers = await Promise.all(Array.from({ length: 200 }, () => s.ask("/slow?0.3", { agent: false })));
  assert.ok(answers.every(({ body }) => body === "slow"));
  assert.equal((await noted(s)).most, 150);
});

test("what an app does after its answer holds nobody up", async (t) => {
  const s = await asgiStage(t);
  assert.equal((await s.ask("/works_on")).body, "first");
  await until(async () => (await noted(s)).heard.length > 0);
});

for (const [target, reason, trace] of [
  ["plain:says_it_cannot_start", "the app's lifespan startup failed: the cache is cold", /^$/],
  ["plain:cannot_start", /the app does not support it: RuntimeError: no database here/, /raise RuntimeError/],
] as const) {
  test(`a failed startup of ${target} is told as a failed import is`, async (t) => {
    const { stage } = await import("../app/stage.ts");
    const { startWorker } = await import("../worker/real-worker.ts");
    const s = await stage(t);
    const directory = new URL("apps", import.meta.url).pathname;
    const worker = startWorker(t, s, 1, { target, directory, asgi: { lifespan: "on" } });
    const { failed } = (await worker.heard("failed")) as { failed: { reason: string; traceback: string } };
    if (typeof reason === "string") assert.equal(failed.reason, reason);
    else assert.match(failed.reason, reason);
    assert.match(failed.traceback, trace);
    assert.equal((await worker.exited).code, 3);
  });
}

for (const [target, expected] of [
  ["plain:app", "it is a coroutine function"],
  ["plain:instance", "Instance.__call__ is a coroutine function"],
  ["plain:make_app()", "Instance.__call__ is a coroutine function"],
  ["plain:wrapped", "its parameters are scope, receive, send"],
  ["plain:bare", "it is a coroutine function"],
] as const) {
  test(`${target} is known for ASGI by itself`, async (t) => {
    const s = await asgiStage(t, { target });
    const { ready } = (await s.real.heard("ready")) as { ready: { kind: string; why: string; loop: string } };
    assert.deepEqual([ready.kind, ready.why, ready.loop], ["asgi", expected, "asyncio"]);
    assert.equal((await s.ask("/")).body, "hello");
    assert.equal(s.real.output.err, "");
  });
}

test("an event loop that is not installed is named, with its remedy", async (t) => {
  const { stage } = await import("../app/stage.ts");
  const { startWorker } = await import("../worker/real-worker.ts");
  const s = await stage(t);
  const directory = new URL("apps", import.meta.url).pathname;
  const worker = startWorker(t, s, 1, { target: "plain:app", directory, asgi: { loop: "uvloop" } });
  const { failed } = (await worker.heard("failed")) as { failed: { reason: string; remedy: string } };
  assert.match(failed.reason, /^uvloop can't be imported/);
  assert.equal(failed.remedy, "install it, or write loop: auto");
});
