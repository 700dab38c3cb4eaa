import assert from "node:assert/strict";
import type http from "node:http";
import net from "node:net";
import { test } from "node:test";
import { until } from "../support/instance.ts";
import { counting, noteOf, type Origin, stage, validated } from "./stage.ts";

const fresh = { "Cache-Control": "max-age=60" };
const stale = { "Cache-Control": "max-age=60", Age: "100" };

/** An origin that answers when it is told to. */
function held(fields: Readonly<Record<string, string>>, status = 200) {
  const waiting: (() => void)[] = [];
  const origin: Origin = (request, response, count) => {
    waiting.push(() => counting(fields, status)(request, response, count));
  };
  return {
    origin,
    waiting,
    go: () => {
      for (const one of waiting.splice(0)) one();
    },
  };
}

test("many clients, one request: those that come while it is under way wait for its answer", async (t) => {
  const { origin, go, waiting } = held(fresh);
  const { get, asked, metric } = await stage(t, origin);
  const answers = Array.from({ length: 20 }, () => get());
  await until(() => metric("propylon_cache_collapsed_total") === 19);
  assert.equal(waiting.length, 1);
  go();
  const all = await Promise.all(answers);
  assert.ok(all.every(({ body }) => String(body) === "answer 1"));
  assert.equal(asked.length, 1);
  assert.equal(all.filter((answer) => noteOf(answer).includes("; collapsed")).length, 19);
});

test("also those that come while the answer is on its way", async (t) => {
  let finish = (): void => {};
  const origin: Origin = (_request, response) => {
    response.writeHead(200, { ...fresh, "Content-Length": "10" });
    response.write("first");
    finish = () => response.end("later");
  };
  const { get, asked, metric, server } = await stage(t, origin);
  const first = get();
  await until(() => asked.length === 1);
  const second = get();
  await until(() => metric("propylon_cache_collapsed_total") === 1);
  const part = get("/", { Range: "bytes=3-6" });
  await until(() => metric("propylon_cache_collapsed_total") === 2);
  finish();
  assert.equal(String((await first).body), "firstlater");
  assert.equal(String((await second).body), "firstlater");
  assert.equal(String((await part).body), "stla");
  assert.equal(asked.length, 1);
  assert.equal(server.ended.length, 3);
});

test("when the answer is not to be kept, the others ask by themselves, all at once", async (t) => {
  const { origin, go, waiting } = held({ "Cache-Control": "private" });
  const { get, asked, metric } = await stage(t, origin);
  const answers = Array.from({ length: 5 }, () => get());
  await until(() => metric("propylon_cache_collapsed_total") === 4);
  go();
  await until(() => waiting.length === 4);
  go();
  const bodies = (await Promise.all(answers)).map(({ body }) => String(body));
  assert.equal(new Set(bodies).size, 5, "none got another's");
  assert.equal(asked.length, 5);
  const later = Array.from({ length: 5 }, () => get());
  await until(() => waiting.length === 5);
  go();
  await Promise.all(later);
  assert.equal(metric("propylon_cache_collapsed_total"), 4, "the next don't wait for each other");
});

test("what turns out to be another variant is not given to who waited", async (t) => {
  const waiting: (() => void)[] = [];
  const origin: Origin = (request, response) => {
    waiting.push(() => {
      response.writeHead(200, { ...fresh, Vary: "X-A" }).end(`for ${request.headers["x-a"]}`);
    });
  };
  const { get, asked, metric } = await stage(t, origin);
  const answers = ["a", "b", "c", "a"].map((value) => get("/", { "X-A": value }));
  await until(() => metric("propylon_cache_collapsed_total") === 3);
  waiting.shift()!();
  await until(() => waiting.length === 2);
  for (const go of waiting) go();
  const bodies = (await Promise.all(answers)).map(({ body }) => String(body));
  assert.deepEqual(bodies, ["for a", "for b", "for c", "for a"]);
  assert.equal(asked.length, 3);
});

test("a leader that hangs up does not cancel what the others wait for", async (t) => {
  const { origin, go } = held(fresh);
  const { get, port, asked, metric, server } = await stage(t, origin);
  const leader = net.connect(port, "127.0.0.1", () => leader.write("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"));
  await until(() => asked.length === 1);
  const other = get();
  await until(() => metric("propylon_cache_collapsed_total") === 1);
  leader.destroy();
  await until(() => server.ended.length === 1);
  go();
  assert.equal(String((await other).body), "answer 1");
  assert.equal(asked.length, 1);
});

test("when all that waited have hung up, the origin is not kept at it", async (t) => {
  const { origin } = held(fresh);
  const { port, asked } = await stage(t, origin);
  const leader = net.connect(port, "127.0.0.1", () => leader.write("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"));
  await until(() => asked.length === 1);
  leader.destroy();
  await until(() => asked[0]!.destroyed || asked[0]!.socket.destroyed);
});

test("what is purged while it is on its way is not stored, and who waited for it asks anew", async (t) => {
  const { origin, go, waiting } = held(fresh);
  const { get, stores, metric } = await stage(t, origin);
  const leader = get("/x");
  await until(() => waiting.length === 1);
  const other = get("/x");
  await until(() => metric("propylon_cache_collapsed_total") === 1);
  // Nothing is stored yet.
  assert.equal(stores.purge({ url: "http://EXAMPLE.org:80/x" }), 0);
  await until(() => waiting.length === 2);
  go();
  assert.equal(String((await leader).body), "answer 1");
  assert.equal(String((await other).body), "answer 2");
  assert.equal(String((await get("/x")).body), "answer 2");
  assert.equal(stores.purge({ prefix: "http://example.org" }), 1);
  assert.equal(stores.purge({ all: true }), 0);
});

test("nobody waits longer than the configuration says", async (t) => {
  const { origin, go, waiting } = held(fresh);
  const { get, metric } = await stage(t, origin, { cache: { wait: 50 } });
  const answers = [get(), get(), get()];
  await until(() => waiting.length === 3);
  go();
  await Promise.all(answers);
  assert.equal(metric("propylon_cache_collapsed_total"), 2);
});

test("without a wait each request asks by itself", async (t) => {
  const { origin, go, waiting } = held(fresh);
  const { get } = await stage(t, origin, { cache: { wait: 0 } });
  const answers = [get(), get(), get()];
  await until(() => waiting.length === 3);
  go();
  await Promise.all(answers);
});

test("a leader whose answer fails fails for all that wait, in one request", async (t) => {
  const waiting: http.IncomingMessage[] = [];
  const { get, metric } = await stage(t, (request) => void waiting.push(request));
  const answers = [get(), get(), get()];
  await until(() => metric("propylon_cache_collapsed_total") === 2);
  waiting[0]!.socket.destroy();
  for (const answer of answers) assert.equal((await answer).status, 502);
  assert.equal(waiting.length, 1);
});

test("authorised requests wait for nobody", async (t) => {
  const { origin, go, waiting } = held(fresh);
  const { get } = await stage(t, origin);
  const answers = [get("/", { Authorization: "Basic eDp5" }), get("/", { Authorization: "Basic eDp6" }), get("/")];
  await until(() => waiting.length === 3);
  go();
  assert.equal(new Set((await Promise.all(answers)).map(({ body }) => String(body))).size, 3);
});

// --- RFC 5861 ---

for (const [what, fields, cache] of [
  ["as the origin says", { "Cache-Control": "max-age=60, stale-while-revalidate=100" }, {}],
  ["beside s-maxage, as the origin says", { "Cache-Control": "s-maxage=60, stale-while-revalidate=100" }, {}],
  ["as the configuration says", { "Cache-Control": "max-age=60" }, { staleWhileRevalidate: 100_000 }],
] as const) {
  test(`a stale answer is used while it is validated in the background, ${what}`, async (t) => {
    const { get, asked, metric } = await stage(t, validated({ ...fields, Age: "70" }), { cache });
    await get();
    const second = await get();
    assert.match(noteOf(second), /hit; ttl=-1\d$/);
    await until(() => asked.length === 2);
    assert.equal(asked[1]!.headers["if-none-match"], '"one"');
    assert.equal(metric("propylon_cache_requests_total", { result: "updating" }), 1);
  });
}

test("in the background one at a time is fetched, and then used", async (t) => {
  const waiting: (() => void)[] = [];
  const origin: Origin = (request, response, count) => {
    const fields = { "Cache-Control": "max-age=60, stale-while-revalidate=100" };
    if (count === 1) counting({ ...fields, Age: "70" })(request, response, count);
    else waiting.push(() => counting(fields)(request, response, count));
  };
  const { get, asked } = await stage(t, origin);
  await get();
  for (let i = 0; i < 5; i++) assert.equal(String((await get()).body), "answer 1");
  await until(() => waiting.length === 1);
  waiting[0]!();
  await until(async () => String((await get()).body) === "answer 2");
  assert.equal(asked.length, 2);
});

for (const [what, control] of [
  ["must-revalidate", "max-age=60, stale-while-revalidate=100, must-revalidate"],
  ["proxy-revalidate", "max-age=60, stale-while-revalidate=100, proxy-revalidate"],
  ["no-cache", "no-cache, max-age=60, stale-while-revalidate=100"],
  ["its time", "max-age=60, stale-while-revalidate=5"],
])
  test(`no stale answer beyond ${what} (RFC 9111 §4.2.4)`, async (t) => {
    const fields = { "Cache-Control": control!, Age: "70" };
    const { get, asked } = await stage(t, validated(fields), { cache: { staleWhileRevalidate: 0 } });
    await get();
    assert.match(noteOf(await get()), /fwd=stale/);
    assert.equal(asked.length, 2);
  });

test("s-maxage keeps the configuration from allowing stale answers (RFC 9111 §5.2.2.10)", async (t) => {
  const fields = { "Cache-Control": "s-maxage=60", Age: "70" };
  const { get } = await stage(t, validated(fields), {
    cache: { staleWhileRevalidate: 100_000, staleIfError: 100_000 },
  });
  await get();
  assert.match(noteOf(await get()), /fwd=stale/);
});

const failures: readonly (readonly [string, Origin])[] = [
  ["answers 500", (_request, response) => response.writeHead(500).end("sorry")],
  ["answers 503", (_request, response) => response.writeHead(503).end("sorry")],
  ["hangs up", (_request, response) => response.destroy()],
  [
    "cuts its answer",
    (_request, response) => {
      response.writeHead(500, { "Content-Length": "100" }).write("x");
      setImmediate(() => response.destroy());
    },
  ],
];
for (const [what, failing] of failures) {
  for (const [who, control, cache] of [
    ["the origin", "max-age=60, stale-if-error=100", {}],
    ["the configuration", "max-age=60", { staleIfError: 100_000 }],
  ] as const)
    test(`when the origin ${what}, a stale answer stands in where ${who} allows it`, async (t) => {
      const origin: Origin = (request, response, count) =>
        count === 1
          ? counting({ "Cache-Control": control, Age: "70" })(request, response, count)
          : failing(request, response, count);
      const { get, metric } = await stage(t, origin, { cache });
      await get();
      const answer = await get();
      assert.equal(answer.status, 200);
      assert.equal(String(answer.body), "answer 1");
      assert.match(noteOf(answer), /fwd=stale; fwd-status=50\d; detail="stale-if-error"/);
      assert.equal(metric("propylon_cache_requests_total", { result: "stale" }), 1);
      assert.notEqual((await get("/", { "Cache-Control": "no-cache" })).status, 200, "unless the client forbids it");
    });
}

for (const control of ["max-age=60", "max-age=60, must-revalidate", "max-age=60, stale-if-error=5"])
  test(`and does not with ${control}`, async (t) => {
    const origin: Origin = (request, response, count) =>
      count === 1 ? counting({ "Cache-Control": control, Age: "70" })(request, response, count) : response.destroy();
    const { get } = await stage(t, origin);
    await get();
    assert.equal((await get()).status, 502);
  });

test("a slow reader of something large holds the origin back, and gets all of it", async (t) => {
  const size = 32 * 1024 * 1024;
  let sent = 0;
  const origin: Origin = (_request, response) => {
    response.writeHead(200, fresh);
    const piece = Buffer.alloc(64 * 1024, "x");
    const more = (): void => {
      while (sent < size) {
        sent += piece.length;
        if (!response.write(piece)) return void response.once("drain", more);
      }
      response.end();
    };
    more();
  };
  const { port } = await stage(t, origin, { cache: { maxEntry: 100_000 } });
  const socket = net.connect(port, "127.0.0.1", () =>
    socket.write("GET / HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n"),
  );
  let received = 0;
  let paused = false;
  socket.on("data", (chunk: Buffer) => {
    received += chunk.length;
    if (paused) return;
    paused = true;
    socket.pause();
  });
  const ended = new Promise((resolve) => socket.once("end", resolve));
  await until(() => paused);
  let before = -1;
  await until(async () => {
    const still = sent === before;
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return still;
  });
  assert.ok(sent < size, "held back");
  socket.resume();
  await ended;
  assert.ok(received > size);
});

test("stale answers are validated once for all that wait", async (t) => {
  const waiting: (() => void)[] = [];
  const origin: Origin = (request, response, count) => {
    if (count === 1) validated(stale)(request, response, count);
    else waiting.push(() => validated(fresh)(request, response, count));
  };
  const { get, asked, metric } = await stage(t, origin);
  await get();
  const answers = [get(), get(), get()];
  await until(() => metric("propylon_cache_collapsed_total") === 2);
  waiting[0]!();
  for (const answer of answers) assert.equal(String((await answer).body), "answer 1");
  assert.equal(asked.length, 2);
  assert.equal(metric("propylon_cache_requests_total", { result: "revalidated" }), 3);
});
