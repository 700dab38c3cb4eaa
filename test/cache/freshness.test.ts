import assert from "node:assert/strict";
import { test } from "node:test";
import { counting, date, noteOf, stage, validated } from "./stage.ts";

const fresh = { "Cache-Control": "max-age=60" };

test("a fresh answer is used again without asking, with its Age and a Cache-Status (RFC 9111 §4, §5.1; RFC 9211)", async (t) => {
  const { get, asked } = await stage(t, counting({ ...fresh, Age: "10" }));
  const first = await get();
  assert.match(noteOf(first), /^propylon; fwd=uri-miss; fwd-status=200; stored; ttl=(49|50)$/);
  const second = await get();
  assert.equal(String(second.body), "answer 1");
  assert.ok(Number(second.headers["age"]) >= 10 && Number(second.headers["age"]) < 20);
  assert.match(noteOf(second), /^propylon; hit; ttl=(4\d|50)$/);
  assert.equal(asked.length, 1);
});

for (const [what, fields] of [
  ["max-age=0", { "Cache-Control": "max-age=0" }],
  ["an Age beyond max-age", { ...fresh, Age: "61" }],
  ["a Date beyond max-age", { ...fresh, Date: date(-61) }],
  ["Expires in the past", { Expires: date(-10) }],
  ["Expires: 0", { Expires: "0" }],
  ["an Expires that is no date", { Expires: "tomorrow" }],
  ["s-maxage=0 beside max-age", { "Cache-Control": "max-age=60, s-maxage=0" }],
  ["max-age=0 beside a later Expires", { "Cache-Control": "max-age=0", Expires: date(600) }],
  ["no-cache beside max-age", { "Cache-Control": "no-cache, max-age=60" }],
  ["no-cache for a field", { "Cache-Control": 'no-cache="X-A", max-age=60' }],
  ["the smaller of two max-age", { "Cache-Control": "max-age=60, max-age=0" }],
  ["a max-age that is no number", { "Cache-Control": "max-age=soon" }],
] as const) {
  test(`${what}: the origin is asked before the answer is used again (RFC 9111 §4.2, §5.2.2)`, async (t) => {
    const { get, asked } = await stage(t, validated(fields));
    await get();
    const second = await get();
    assert.equal(asked.length, 2);
    assert.equal(asked[1]!.headers["if-none-match"], '"one"');
    assert.equal(String(second.body), "answer 1");
    assert.match(noteOf(second), /fwd=stale; fwd-status=304/);
  });
}

for (const [what, fields] of [
  ["max-age", fresh],
  ["a quoted max-age", { "Cache-Control": 'max-age="60"' }],
  ["s-maxage before max-age", { "Cache-Control": "max-age=0, s-maxage=60" }],
  ["max-age before Expires", { ...fresh, Expires: date(-100) }],
  ["Expires", { Expires: date(60) }],
  ["an obsolete date", { Expires: "Sunday, 06-Nov-44 08:49:37 GMT" }],
  ["a lifetime larger than 2^31 (§1.2.2)", { "Cache-Control": "max-age=99999999999999" }],
  ["unknown directives (§5.2.3)", { "Cache-Control": 'max-age=60, community="UCI"' }],
  ["upper case", { "CACHE-CONTROL": "MAX-AGE=60" }],
  ["an invalid Age (§5.1)", { ...fresh, Age: "old" }],
] as const) {
  test(`${what}: fresh (RFC 9111 §4.2.1)`, async (t) => {
    const { get, asked } = await stage(t, counting(fields));
    await get();
    assert.equal(String((await get()).body), "answer 1");
    assert.equal(asked.length, 1);
  });
}

test("an answer without Date gets one when it is stored (RFC 9110 §6.6.1)", async (t) => {
  const { get } = await stage(t, (_request, response) => {
    response.sendDate = false;
    response.writeHead(200, fresh).end("x");
  });
  await get();
  assert.ok(Math.abs(Date.parse((await get()).headers["date"]!) - Date.now()) < 30_000);
});

test("the stored Date goes on as it came", async (t) => {
  const then = date(-5);
  const { get } = await stage(t, counting({ ...fresh, Date: then }));
  await get();
  const second = await get();
  assert.equal(second.headers["date"], then);
  assert.ok(Number(second.headers["age"]) >= 5);
});

test("unknown fields are kept, those of the connection and those that it names are not (RFC 9111 §3.1)", async (t) => {
  const { get } = await stage(
    t,
    counting({ ...fresh, "X-Odd": "yes", Connection: "X-Hop", "X-Hop": "no", "Proxy-Authenticate": "Basic" }),
  );
  await get();
  const { headers } = await get();
  assert.equal(headers["x-odd"], "yes");
  assert.equal(headers["x-hop"], undefined);
  assert.equal(headers["proxy-authenticate"], undefined);
});

test("without a word on freshness nothing is kept, unless the configuration has one", async (t) => {
  const silent = counting({ "Last-Modified": date(-1_000_000) });
  const none = await stage(t, silent);
  await none.get();
  assert.match(noteOf(await none.get()), /fwd=uri-miss.*detail="it does not say how long it is fresh"/);
  assert.equal(none.asked.length, 2);
  const ttl = await stage(t, silent, { cache: { ttl: { 200: 60_000 } } });
  await ttl.get();
  assert.equal(String((await ttl.get()).body), "answer 1");
  const guess = await stage(t, silent, { cache: { heuristics: true } });
  await guess.get();
  assert.match(noteOf(await guess.get()), /hit; ttl=(863\d\d|86400|99\d{3}|100000)/);
  const times = await stage(t, silent, { cache: { ttl: { 404: 60_000 } } });
  await times.get();
  await times.get();
  assert.equal(times.asked.length, 2);
});

test("a configured time does not overrule what the origin says", async (t) => {
  for (const control of ["no-store", "private", "max-age=0"]) {
    const { get, asked } = await stage(t, counting({ "Cache-Control": control }), { cache: { ttl: { any: 60_000 } } });
    await get();
    await get();
    assert.equal(asked.length, 2, control);
  }
});

test("what is ignored counts as absent", async (t) => {
  const origin = counting({ "Cache-Control": "private", Expires: "0", "Set-Cookie": "a=1", Vary: "*" });
  const ignore = ["cache-control", "expires", "set-cookie", "vary"];
  const { get, asked } = await stage(t, origin, { cache: { ttl: { any: 60_000 }, ignore } });
  const first = await get();
  assert.equal(String((await get()).body), "answer 1");
  assert.equal(asked.length, 1);
  assert.equal(first.headers["set-cookie"], "a=1", "it goes to the client that it is for, and to no other");
  assert.equal((await get()).headers["set-cookie"], undefined);
});

test("X-Accel-Expires goes before Cache-Control where it is read, and is never shown", async (t) => {
  const kept = async (accel: string, control: string, read = true): Promise<boolean> => {
    const fields = { "X-Accel-Expires": accel, "Cache-Control": control };
    const { get, asked } = await stage(t, counting(fields), { cache: { accelExpires: read } });
    const first = await get();
    assert.equal(first.headers["x-accel-expires"], undefined);
    assert.equal(first.headers["cache-control"], control);
    assert.equal((await get()).headers["cache-control"], control);
    return asked.length === 1;
  };
  assert.equal(await kept("60", "no-store"), true);
  assert.equal(await kept("0", "max-age=60"), false);
  assert.equal(await kept("@60", "max-age=60"), false);
  assert.equal(await kept(`@${Math.floor(Date.now() / 1000) + 60}`, "no-cache"), true);
  assert.equal(await kept("soon", "max-age=60"), true, "what is no time says nothing");
  assert.equal(await kept("60", "no-store", false), false);
});
