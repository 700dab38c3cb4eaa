import assert from "node:assert/strict";
import { test } from "node:test";
import { counting, date, noteOf, type Origin, stage, validated } from "./stage.ts";

const fresh = { "Cache-Control": "max-age=60" };
const stale = { ...fresh, Age: "100" };

test("a stale answer is validated with its ETag and Last-Modified (RFC 9111 §4.3.1)", async (t) => {
  const modified = date(-1000);
  const { get, asked } = await stage(t, validated({ ...stale, "Last-Modified": modified }));
  await get();
  await get();
  assert.equal(asked[1]!.headers["if-none-match"], '"one"');
  assert.equal(asked[1]!.headers["if-modified-since"], modified);
});

test("or with Last-Modified alone", async (t) => {
  const modified = date(-1000);
  const origin: Origin = (request, response) => {
    if (request.headers["if-modified-since"] === modified) response.writeHead(304, fresh).end();
    else response.writeHead(200, { ...stale, "Last-Modified": modified }).end("x");
  };
  const { get, asked } = await stage(t, origin);
  await get();
  assert.equal(String((await get()).body), "x");
  assert.match(noteOf(await get()), /; hit/);
  assert.equal(asked.length, 2);
});

test("a 304 brings newer fields, and leaves those of the content (RFC 9111 §3.2, §4.3.4)", async (t) => {
  const origin: Origin = (request, response) => {
    if (request.headers["if-none-match"] === '"one"')
      response
        .writeHead(304, { ETag: '"one"', "Cache-Control": "max-age=1000", "X-New": "2", "X-Both": "new", Age: "3" })
        .end();
    else
      response
        .writeHead(200, { ...stale, ETag: '"one"', "X-Old": "1", "X-Both": "old", "Content-Type": "text/plain" })
        .end("content");
  };
  const { get, asked } = await stage(t, origin);
  await get();
  await get();
  const { headers, body } = await get();
  assert.equal(String(body), "content");
  assert.equal(headers["content-length"], "7");
  assert.equal(headers["content-type"], "text/plain");
  assert.equal(headers["x-old"], "1");
  assert.equal(headers["x-both"], "new");
  assert.equal(headers["x-new"], "2");
  assert.equal(headers["cache-control"], "max-age=1000");
  assert.ok(Number(headers["age"]) >= 3 && Number(headers["age"]) < 30);
  assert.equal(asked.length, 2);
});

test("a full answer takes the place of the stale one (RFC 9111 §4.3.3)", async (t) => {
  const origin: Origin = (_request, response, count) =>
    response.writeHead(200, { ...(count === 1 ? stale : fresh), ETag: `"${count}"` }).end(`answer ${count}`);
  const { get, asked } = await stage(t, origin);
  await get();
  assert.equal(String((await get()).body), "answer 2");
  assert.equal(String((await get()).body), "answer 2");
  assert.equal(asked.length, 2);
});

test("a 304 about another representation is not used: all of it is asked for (RFC 9111 §4.3.4)", async (t) => {
  const origin: Origin = (request, response, count) => {
    if (request.headers["if-none-match"] !== undefined) response.writeHead(304, { ETag: '"other"' }).end();
    else response.writeHead(200, { ...stale, ETag: '"one"' }).end(`answer ${count}`);
  };
  const { get, asked } = await stage(t, origin);
  await get();
  assert.equal(String((await get()).body), "answer 3");
  assert.equal(asked[2]!.headers["if-none-match"], undefined);
});

test("a 304 that forbids storing ends it", async (t) => {
  const origin: Origin = (request, response) => {
    if (request.headers["if-none-match"] === '"one"')
      response.writeHead(304, { ETag: '"one"', "Cache-Control": "no-store" }).end();
    else response.writeHead(200, { ...stale, ETag: '"one"' }).end("x");
  };
  const { get, stores } = await stage(t, origin);
  await get();
  const second = await get();
  assert.equal(String(second.body), "x");
  assert.equal(stores.status()[0]!.entries, 0);
});

test("an error in place of a validation goes to the client, and the stored answer stays (RFC 9111 §4.3.3)", async (t) => {
  const origin: Origin = (_request, response, count) =>
    count === 2 ? response.writeHead(503).end("down") : validated(stale)(_request, response, count);
  const { get, stores } = await stage(t, origin);
  await get();
  assert.equal((await get()).status, 503);
  assert.equal(stores.status()[0]!.entries, 1);
  assert.equal((await get()).status, 200);
});

test("when the origin says that it is no longer to be stored, the old one goes", async (t) => {
  const origin: Origin = (_request, response, count) =>
    response.writeHead(200, count === 1 ? stale : { "Cache-Control": "private" }).end(`answer ${count}`);
  const { get, stores } = await stage(t, origin);
  await get();
  await get();
  assert.equal(stores.status()[0]!.entries, 0);
});

test("without validation, all of a stale answer is asked for", async (t) => {
  const { get, asked } = await stage(t, validated(stale), { cache: { revalidate: false } });
  await get();
  await get();
  assert.equal(asked[1]!.headers["if-none-match"], undefined);
});

// --- conditions of clients, RFC 9110 §13 ---

const modified = date(-10_000);
const known: Record<string, string> = { ...fresh, ETag: '"one"', "Last-Modified": modified, Vary: "X-A" };

for (const [what, headers, status] of [
  ["If-None-Match that fits", { "If-None-Match": '"one"' }, 304],
  ["by weak comparison", { "If-None-Match": 'W/"one"' }, 304],
  ["one of a list", { "If-None-Match": '"zero", "one"' }, 304],
  ["any", { "If-None-Match": "*" }, 304],
  ["one that does not fit", { "If-None-Match": '"two"' }, 200],
  ["one that is none", { "If-None-Match": "one" }, 200],
  ["If-None-Match before If-Modified-Since", { "If-None-Match": '"two"', "If-Modified-Since": modified }, 200],
  ["If-Modified-Since of that time", { "If-Modified-Since": modified }, 304],
  ["a later one", { "If-Modified-Since": date(-5000) }, 304],
  ["an earlier one", { "If-Modified-Since": date(-20_000) }, 200],
  ["one that is no date", { "If-Modified-Since": "yesterday" }, 200],
] as const) {
  test(`a stored answer and ${what}: ${status}`, async (t) => {
    const { get, asked } = await stage(t, counting(known));
    await get();
    const answer = await get("/", headers);
    assert.equal(answer.status, status);
    assert.equal(asked.length, 1);
    if (status !== 304) return;
    assert.equal(answer.body.length, 0);
    // RFC 9110 §15.4.5
    for (const name of ["cache-control", "date", "etag", "vary", "age"])
      assert.notEqual(answer.headers[name], undefined, name);
    assert.equal(answer.headers["content-length"], undefined);
  });
}

test("without Last-Modified, If-Modified-Since is compared with Date (RFC 9111 §4.3.2)", async (t) => {
  const { get } = await stage(t, counting({ ...fresh, Date: date(-30) }));
  await get();
  assert.equal((await get("/", { "If-Modified-Since": date(-10) })).status, 304);
  assert.equal((await get("/", { "If-Modified-Since": date(-50) })).status, 200);
});

test("only a 200 can be what a client has (RFC 9110 §13.2.1)", async (t) => {
  const { get } = await stage(t, counting(known, 404));
  await get();
  assert.equal((await get("/", { "If-None-Match": '"one"' })).status, 404);
});

for (const name of ["If-Match", "If-Unmodified-Since"])
  test(`${name} is the origin's to judge (RFC 9111 §4.3.2)`, async (t) => {
    const { get, asked } = await stage(t, counting(known));
    await get();
    await get("/", { [name]: name === "If-Match" ? '"one"' : modified });
    assert.equal(asked.length, 2);
    assert.notEqual(asked[1]!.headers[name.toLowerCase()], undefined);
  });

test("the first to come with a condition is answered by it, and the whole is stored", async (t) => {
  const { get, asked } = await stage(t, counting(known));
  assert.equal((await get("/", { "If-None-Match": '"one"' })).status, 304);
  assert.equal(asked[0]!.headers["if-none-match"], undefined);
  assert.equal(String((await get()).body), "answer 1");
  assert.equal(asked.length, 1);
});

for (const [what, headers, status, body] of [
  ["a part", { Range: "bytes=2-4" }, 206, "swe"],
  ["the end", { Range: "bytes=-3" }, 206, "r 1"],
  ["none of it", { Range: "bytes=100-" }, 416, null],
  ["another unit", { Range: "lines=1-2" }, 200, "answer 1"],
  ["If-Range that fits", { Range: "bytes=0-0", "If-Range": '"one"' }, 206, "a"],
  ["If-Range that does not fit", { Range: "bytes=0-0", "If-Range": '"two"' }, 200, "answer 1"],
  ["If-Range by date", { Range: "bytes=0-0", "If-Range": modified }, 206, "a"],
  ["a condition first", { Range: "bytes=0-0", "If-None-Match": '"one"' }, 304, ""],
] as const) {
  test(`${what} of a stored answer: ${status}, also for the first who asks (RFC 9110 §14)`, async (t) => {
    const { get, asked } = await stage(t, counting(known));
    for (let i = 0; i < 2; i++) {
      const answer = await get("/", headers);
      assert.equal(answer.status, status);
      if (body !== null) assert.equal(String(answer.body), body);
      if (status === 206) assert.match(answer.headers["content-range"]!, /\/8$/);
      if (status === 416) assert.equal(answer.headers["content-range"], "bytes */8");
    }
    assert.equal(asked.length, 1);
    assert.equal(asked[0]!.headers["range"], undefined);
  });
}

test("several parts of a stored answer are multipart/byteranges", async (t) => {
  const { get } = await stage(t, counting(known));
  await get();
  const answer = await get("/", { Range: "bytes=0-1,4-5" });
  assert.equal(answer.status, 206);
  assert.match(answer.headers["content-type"]!, /^multipart\/byteranges; boundary=/);
  assert.match(String(answer.body), /bytes 0-1\/8\r\n\r\nan\r\n[\s\S]*bytes 4-5\/8\r\n\r\ner\r\n/);
});

test("a part of what is too large to be stored is asked for as a part", async (t) => {
  const origin: Origin = (request, response) => {
    if (request.headers.range === "bytes=0-1")
      response.writeHead(206, { ...fresh, "Content-Range": "bytes 0-1/200000" }).end("ab");
    else response.writeHead(200, { ...fresh, "Content-Length": "200000" }).end(Buffer.alloc(200_000));
  };
  const { get, asked } = await stage(t, origin, { cache: { maxEntry: 1000 } });
  const answer = await get("/", { Range: "bytes=0-1" });
  assert.equal(answer.status, 206);
  assert.equal(String(answer.body), "ab");
  await get("/", { Range: "bytes=0-1" });
  assert.equal(asked.at(-1)!.headers.range, "bytes=0-1");
  assert.equal(asked.length, 3, "the second time it is asked for at once");
});

// --- unsafe methods, RFC 9111 §4.4 ---

for (const method of ["POST", "PUT", "DELETE", "PATCH", "MKCOL"])
  test(`${method} that did not fail makes what is stored for its URL invalid`, async (t) => {
    const { ask, get, asked } = await stage(t, counting(fresh));
    await get("/x");
    await get("/y");
    await ask("/x", { method });
    await get("/x");
    await get("/y");
    assert.equal(asked.length, 4);
    assert.equal(asked[3]!.url, "/x");
  });

for (const method of ["OPTIONS", "HEAD"])
  test(`${method} leaves what is stored`, async (t) => {
    const { ask, get } = await stage(t, counting(fresh));
    await get("/x");
    await ask("/x", { method });
    assert.equal(String((await get("/x")).body), "answer 1");
  });

test("an unsafe request that failed leaves what is stored", async (t) => {
  const origin: Origin = (request, response, count) =>
    counting(fresh, request.method === "POST" ? 500 : 200)(request, response, count);
  const { ask, get } = await stage(t, origin);
  await get("/x");
  await ask("/x", { method: "POST" });
  assert.equal(String((await get("/x")).body), "answer 1");
});

test("Location and Content-Location are made invalid too, of the same origin only", async (t) => {
  const origin: Origin = (request, response, count) => {
    const named = { Location: "/made", "Content-Location": "http://other.example/kept" };
    response.writeHead(200, request.method === "POST" ? named : fresh).end(`answer ${count}`);
  };
  const { ask, get, asked } = await stage(t, origin);
  await get("/made");
  await ask("/kept", { headers: { Host: "other.example" } });
  await ask("/x", { method: "POST" });
  await get("/made");
  await ask("/kept", { headers: { Host: "other.example" } });
  assert.equal(asked.length, 4);
});

test("also under another spelling of the URL", async (t) => {
  const { ask, get, asked } = await stage(t, counting(fresh));
  await get("/%7euser/%c3%a4");
  await get("/a/../b");
  await ask("/~user/%C3%A4", { method: "PUT" });
  await ask("/b", { method: "PUT" });
  await get("/%7euser/%c3%a4");
  await get("/a/../b");
  assert.equal(asked.length, 6);
});

test("a 304 that names another Vary is kept for those fields", async (t) => {
  const origin: Origin = (request, response) => {
    if (request.headers["if-none-match"] === '"one"')
      response.writeHead(304, { ETag: '"one"', ...fresh, Vary: "X-A" }).end();
    else response.writeHead(200, { ...stale, ETag: '"one"' }).end("x");
  };
  const { get, asked } = await stage(t, origin);
  await get("/", { "X-A": "1" });
  await get("/", { "X-A": "1" });
  assert.match(noteOf(await get("/", { "X-A": "1" })), /; hit/);
  assert.match(noteOf(await get("/", { "X-A": "2" })), /fwd=vary-miss/);
  assert.equal(asked.length, 3);
});

test("what was on its way when an unsafe request changed it is not stored", async (t) => {
  let finish = (): void => {};
  const origin: Origin = (request, response, count) => {
    if (request.method === "POST" || count > 1) return counting(fresh)(request, response, count);
    finish = () => counting(fresh)(request, response, count);
  };
  const { ask, get, asked } = await stage(t, origin);
  const old = get("/x");
  while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await ask("/x", { method: "POST" });
  finish();
  assert.equal(String((await old).body), "answer 1");
  assert.equal(String((await get("/x")).body), "answer 3");
});
