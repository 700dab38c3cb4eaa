import assert from "node:assert/strict";
import { test } from "node:test";
import { counting, date, noteOf, type Origin, stage, validated } from "./stage.ts";

// What RFC 9111 and the conditions of RFC 9110 require and no other file here has a test for: of §2 to §4 in requests and storing, of §4.2
// and §5.2.2 in freshness, of §4.3 and §4.4 in validation, of §4.2.4 in together.

const FRESH = { "Cache-Control": "max-age=60" };

test("§3: an answer to POST is used for nobody, however fresh it says that it is", async (t) => {
  const { ask, get, asked } = await stage(t, counting({ ...FRESH, "Content-Location": "/x" }));
  await ask("/x", { method: "POST" });
  assert.equal(String((await get("/x")).body), "answer 2");
  await ask("/x", { method: "POST" });
  assert.equal(asked.length, 3);
});

test("§4: an unsafe request is written through, whatever is stored and whatever it says", async (t) => {
  const { ask, get, asked } = await stage(t, counting(FRESH));
  await get("/x");
  for (const method of ["POST", "PUT", "DELETE"]) {
    const { status } = await ask("/x", { method, headers: { "Cache-Control": "only-if-cached, max-stale" } });
    assert.equal(status, 200);
  }
  assert.deepEqual(
    asked.map((request) => request.method),
    ["GET", "POST", "PUT", "DELETE"],
  );
});

test("§4.4: a method that nobody knows makes what is stored invalid", async (t) => {
  const { ask, get, asked } = await stage(t, counting(FRESH));
  await get("/x");
  const { status } = await ask("/x", { method: "LINK" });
  assert.equal(status, 200);
  await get("/x");
  assert.equal(asked.length, 3);
});

test("§4.4: what an unsafe request that led elsewhere (3xx) has changed is not used either", async (t) => {
  const origin: Origin = (request, response, count) => {
    if (request.method === "POST") response.writeHead(303, { Location: "/made" }).end();
    else counting(FRESH)(request, response, count);
  };
  const { ask, get, asked } = await stage(t, origin);
  await get("/x");
  await get("/made");
  await ask("/x", { method: "POST" });
  await get("/x");
  await get("/made");
  assert.equal(asked.length, 5);
});

test("§3: what comes before an answer (1xx) is not stored for it", async (t) => {
  const origin: Origin = (request, response, count) => {
    response.writeEarlyHints({ link: "</a.css>; rel=preload" });
    counting(FRESH)(request, response, count);
  };
  const { get, asked } = await stage(t, origin);
  await get();
  const hit = await get();
  assert.deepEqual([hit.status, String(hit.body), asked.length], [200, "answer 1", 1]);
});

test("§3.1: fields by which proxies let each other in are not stored", async (t) => {
  const said = { "Proxy-Authenticate": "Basic", "Proxy-Authentication-Info": "a=b", "X-Kept": "1" };
  const { get } = await stage(t, counting({ ...FRESH, ...said }));
  await get();
  const { headers } = await get();
  assert.equal(headers["x-kept"], "1");
  assert.ok(!Object.keys(headers).some((name) => name.startsWith("proxy-")), Object.keys(headers).join());
});

test("§4.1: of several stored answers that fit, the most recent is used", async (t) => {
  const origin: Origin = (request, response, count) => {
    const vary = request.headers["x-team"] === undefined ? "Accept" : "Accept, X-Team";
    counting({ ...FRESH, Vary: vary })(request, response, count);
  };
  const { get } = await stage(t, origin);
  await get("/", { Accept: "a/b" });
  await get("/", { Accept: "a/b", "X-Team": "red", "Cache-Control": "no-cache" });
  const { body } = await get("/", { Accept: "a/b", "X-Team": "red" });
  assert.equal(String(body), "answer 2");
});

test("§4.2.2: nothing is guessed where a time is said, nor of a status that is not to be guessed about", async (t) => {
  const old = { "Last-Modified": date(-1_000_000) };
  for (const [fields, status] of [
    [{ ...old, Expires: date(-10) }, 200],
    [{ ...old, "Cache-Control": "max-age=0" }, 200],
    [old, 302],
    [old, 500],
    [old, 403],
  ] as const) {
    const { get, asked } = await stage(t, counting(fields, status), { cache: { heuristics: true } });
    await get();
    await get();
    assert.equal(asked.length, 2, JSON.stringify([fields, status]));
  }
});

test("§4.2.4: a stale answer is not used when the origin can't be reached, unless that is allowed", async (t) => {
  const origin: Origin = (request, response, count) => {
    if (count === 1) counting({ ...FRESH, Age: "100", ETag: '"a"' })(request, response, count);
    else request.socket.destroy();
  };
  const { get } = await stage(t, origin);
  await get();
  assert.equal((await get()).status, 502);
});

test("§4.3.4: a 304 without a validator is about the answer that was asked about", async (t) => {
  const origin: Origin = (request, response, count) => {
    if (request.headers["if-none-match"] === undefined)
      counting({ "Cache-Control": "max-age=0", ETag: '"one"' })(request, response, count);
    else response.writeHead(304, { ...FRESH, "X-News": "1" }).end();
  };
  const { get, asked } = await stage(t, origin);
  await get();
  const validated = await get();
  assert.deepEqual([validated.status, String(validated.body), validated.headers["x-news"]], [200, "answer 1", "1"]);
  assert.equal(String((await get()).body), "answer 1");
  assert.equal(asked.length, 2);
});

test("§4.3.4: a weak validator finds the stored answer as well", async (t) => {
  const { get, asked } = await stage(t, validated({ "Cache-Control": "max-age=0" }, 'W/"one"'));
  for (let i = 0; i < 3; i++) assert.equal(String((await get()).body), "answer 1");
  assert.equal(asked.length, 3);
  assert.equal(asked[2]!.headers["if-none-match"], 'W/"one"');
});

test("§5.1: Age is the time that caches before us had it, and ours", async (t) => {
  const { get } = await stage(t, counting({ ...FRESH, Age: "25" }));
  await get();
  const age = Number((await get()).headers["age"]);
  assert.ok(age >= 25 && age < 35, String(age));
});

test("§5.2: directives go on both ways, known ones and others", async (t) => {
  const { get, asked } = await stage(t, counting({ "Cache-Control": 'max-age=60, community="UCI"' }));
  const asks = "max-stale=1, no-transform, x-own";
  const first = await get("/", { "Cache-Control": asks });
  assert.equal(asked[0]!.headers["cache-control"], asks);
  for (const answer of [first, await get()])
    assert.equal(answer.headers["cache-control"], 'max-age=60, community="UCI"');
});

test("§5.2.2.3: must-understand takes the place of no-store where the status is understood", async (t) => {
  const control = { "Cache-Control": "must-understand, no-store, max-age=60" };
  for (const [status, requests] of [
    [200, 1],
    [299, 2],
  ] as const) {
    const { get, asked } = await stage(t, counting(control, status));
    await get();
    await get();
    assert.equal(asked.length, requests, String(status));
  }
});

test("§5.2.2.4: what was stored before is asked about with no-cache in its place", async (t) => {
  const origin: Origin = (request, response, count) =>
    validated({ "Cache-Control": count === 1 ? "max-age=0" : "no-cache" })(request, response, count);
  const { get, asked } = await stage(t, origin);
  for (let i = 0; i < 4; i++) assert.equal(String((await get()).body), "answer 1");
  assert.equal(asked.length, 4);
});

test("RFC 9110 §13.1.5: If-Range is strong, exact, and nothing without Range", async (t) => {
  const modified = date(-10_000);
  const { get } = await stage(t, counting({ ...FRESH, ETag: 'W/"one"', "Last-Modified": modified }));
  await get();
  const part = async (headers: Readonly<Record<string, string>>): Promise<number> => (await get("/", headers)).status;
  const range = { Range: "bytes=0-0" };
  assert.equal(await part({ ...range, "If-Range": 'W/"one"' }), 200);
  assert.equal(await part({ ...range, "If-Range": '"one"' }), 200);
  assert.equal(await part({ ...range, "If-Range": modified }), 206);
  assert.equal(await part({ ...range, "If-Range": date(-9_000) }), 200);
  assert.equal(await part({ ...range, "If-Range": date(-11_000) }), 200);
  assert.equal(await part({ "If-Range": modified }), 200);
});

test("RFC 9110 §13.1.3: If-Modified-Since means nothing but to GET and HEAD", async (t) => {
  const modified = date(-10_000);
  const { ask, get, asked } = await stage(t, counting({ ...FRESH, "Last-Modified": modified }));
  await get("/x");
  for (const method of ["GET", "HEAD"])
    assert.equal((await ask("/x", { method, headers: { "If-Modified-Since": modified } })).status, 304);
  assert.equal((await ask("/x", { method: "PUT", headers: { "If-Modified-Since": modified } })).status, 200);
  assert.equal(asked.length, 2);
});

test("RFC 9110 §13.2.2: a condition that fits leaves nothing of a part, and no answer says both", async (t) => {
  const { get } = await stage(t, validated(FRESH));
  await get();
  const answer = await get("/", { Range: "bytes=0-0", "If-None-Match": '"one"', "If-Modified-Since": date(-1) });
  assert.deepEqual([answer.status, String(answer.body), answer.headers["content-range"]], [304, "", undefined]);
  assert.match(noteOf(answer), /hit/);
});
