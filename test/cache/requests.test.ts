import assert from "node:assert/strict";
import { test } from "node:test";
import { counting, noteOf, type Origin, stage, validated } from "./stage.ts";

const fresh = { "Cache-Control": "max-age=60" };

for (const [what, headers] of [
  ["no-cache (§5.2.1.4)", { "Cache-Control": "no-cache" }],
  ["Pragma: no-cache without Cache-Control (§5.4)", { Pragma: "no-cache" }],
  ["max-age below the answer's age (§5.2.1.1)", { "Cache-Control": "max-age=5" }],
  ["min-fresh above what is left (§5.2.1.3)", { "Cache-Control": "min-fresh=55" }],
] as const) {
  test(`${what}: the origin is asked, with the validator of what is stored`, async (t) => {
    const { get, asked } = await stage(t, validated({ ...fresh, Age: "10" }));
    await get();
    const second = await get("/", headers);
    assert.equal(asked.length, 2);
    assert.equal(asked[1]!.headers["if-none-match"], '"one"');
    assert.match(noteOf(second), /fwd=request; fwd-status=304/);
  });
}

for (const [what, headers] of [
  ["max-age above the age", { "Cache-Control": "max-age=30" }],
  ["min-fresh below what is left", { "Cache-Control": "min-fresh=20" }],
  ["Pragma beside Cache-Control", { Pragma: "no-cache", "Cache-Control": "max-age=50" }],
  ["only-if-cached (§5.2.1.7)", { "Cache-Control": "only-if-cached" }],
] as const) {
  test(`${what}: answered from the store`, async (t) => {
    const { get, asked } = await stage(t, counting({ ...fresh, Age: "10" }));
    await get();
    assert.match(noteOf(await get("/", headers)), /; hit/);
    assert.equal(asked.length, 1);
  });
}

const stale = { ...fresh, Age: "70" };

test("max-stale: a stale answer is welcome up to that staleness (§5.2.1.2)", async (t) => {
  const { get, asked } = await stage(t, validated(stale));
  await get();
  for (const control of ["max-stale", "max-stale=100"]) {
    const answer = await get("/", { "Cache-Control": control });
    assert.match(noteOf(answer), /hit; ttl=-1\d$/);
  }
  assert.equal(asked.length, 1);
  await get("/", { "Cache-Control": "max-stale=5" });
  assert.equal(asked.length, 2);
});

for (const directive of ["must-revalidate", "proxy-revalidate", "no-cache"])
  test(`max-stale does not help against ${directive} (§4.2.4)`, async (t) => {
    const { get, asked } = await stage(t, validated({ "Cache-Control": `${directive}, max-age=60`, Age: "70" }));
    await get();
    await get("/", { "Cache-Control": "max-stale" });
    assert.equal(asked.length, 2);
  });

test("max-stale does not help against s-maxage (§5.2.2.10)", async (t) => {
  const { get, asked } = await stage(t, validated({ "Cache-Control": "s-maxage=60", Age: "70" }));
  await get();
  await get("/", { "Cache-Control": "max-stale" });
  assert.equal(asked.length, 2);
});

test("only-if-cached without a stored answer that may be used: 504 (§5.2.1.7)", async (t) => {
  const { get, asked } = await stage(t, validated(stale));
  assert.equal((await get("/", { "Cache-Control": "only-if-cached" })).status, 504);
  assert.equal(asked.length, 0);
  await get();
  assert.equal((await get("/", { "Cache-Control": "only-if-cached" })).status, 504);
  assert.equal(asked.length, 1);
});

test("requests are not obeyed where the configuration says so", async (t) => {
  const { get, asked } = await stage(t, counting(fresh), { cache: { requestDirectives: false } });
  await get();
  for (const control of ["no-cache", "no-store", "max-age=0"]) await get("/", { "Cache-Control": control });
  await get("/", { Pragma: "no-cache" });
  assert.equal(asked.length, 1);
});

test("HEAD is answered from what a GET has stored (RFC 9111 §4), and goes on as HEAD where nothing is", async (t) => {
  const { ask, get, asked } = await stage(t, counting(fresh));
  const first = await ask("/", { method: "HEAD" });
  assert.equal(first.status, 200);
  assert.equal(asked[0]!.method, "HEAD");
  await get("/");
  const head = await ask("/", { method: "HEAD" });
  assert.equal(head.headers["content-length"], "8");
  assert.equal(head.body.length, 0);
  assert.match(noteOf(head), /; hit/);
  assert.equal(asked.length, 2);
});

test("a GET with a body is not answered from the store", async (t) => {
  const { ask, asked } = await stage(t, counting(fresh));
  await ask("/", { method: "GET", body: "x" });
  await ask("/", { method: "GET", body: "x" });
  assert.equal(asked.length, 2);
});

test("the whole URL is the key: host, path, query and their case", async (t) => {
  const { ask, asked } = await stage(t, counting(fresh));
  const urls: [string, string][] = [
    ["/", "a.example"],
    ["/", "b.example"],
    ["/", "a.example:81"],
    ["/?", "a.example"],
    ["/?a=1", "a.example"],
    ["/?a=2", "a.example"],
    ["/A", "a.example"],
    ["/a", "a.example"],
    ["/a/", "a.example"],
  ];
  for (const [target, Host] of urls) await ask(target, { headers: { Host } });
  assert.equal(asked.length, urls.length);
  for (const [target, Host] of urls) await ask(target, { headers: { Host } });
  assert.equal(asked.length, urls.length);
});

test("a Host that a rule sets for the origin does not make different hosts one", async (t) => {
  const origin: Origin = (request, response) => response.writeHead(200, fresh).end(String(request.headers["x-for"]));
  const set = (name: string, value: string) => ({ operation: "set", name, value, always: true }) as const;
  const requestHeaders = [set("Host", "internal.example"), set("X-For", "{host}")];
  const { ask, stores } = await stage(t, origin, { route: { requestHeaders } });
  for (let round = 0; round < 2; round++)
    for (const Host of ["a.example", "b.example:81"])
      assert.equal(String((await ask("/", { headers: { Host } })).body), Host.replace(":81", ""));
  assert.equal(stores.status()[0]!.entries, 2);
  assert.equal(stores.purge({ url: "http://a.example/" }), 1);
});

test("a condition of bypass leaves the cache out, refresh fetches anew, no_store keeps nothing", async (t) => {
  const when = (header: string) => ({ kind: "true", value: `{http_${header}}`, not: false }) as const;
  const cache = { bypass: [when("x_bypass")], refresh: [when("x_refresh")], noStore: [when("x_no")] };
  const { get, asked } = await stage(t, counting(fresh), { cache });
  await get("/", { "X-No": "1" });
  assert.equal(String((await get()).body), "answer 2");
  assert.equal(String((await get("/", { "X-Bypass": "1" })).body), "answer 3");
  assert.equal(String((await get()).body), "answer 2");
  assert.equal(String((await get("/", { "X-Refresh": "1" })).body), "answer 4");
  assert.equal(String((await get()).body), "answer 4");
  assert.equal(String((await get("/", { "X-No": "1" })).body), "answer 4");
  assert.equal(asked.length, 4);
});

test("the answer tells that the cache had no part where that is so (RFC 9211 §2.2)", async (t) => {
  const { ask, get } = await stage(t, counting({ ...fresh, "Cache-Status": "other; hit" }));
  assert.equal(noteOf(await ask("/", { method: "OPTIONS" })), "other; hit, propylon; fwd=method");
  assert.match(noteOf(await get()), /^other; hit, propylon; fwd=uri-miss/);
  assert.match(noteOf(await get()), /^other; hit, propylon; hit; ttl=\d+$/);
  const quiet = await stage(t, counting(fresh), { cache: { status: false } });
  assert.equal(noteOf(await quiet.get()), "");
  assert.equal(noteOf(await quiet.get()), "");
});

test("variants: each request gets what was made for its fields (RFC 9111 §4.1)", async (t) => {
  const origin: Origin = (request, response, count) => {
    response.writeHead(200, { ...fresh, Vary: "Accept-Language, X-Kind" });
    response.end(`${request.headers["accept-language"]} ${request.headers["x-kind"]} ${count}`);
  };
  const { get, asked } = await stage(t, origin);
  const wants = [{ "Accept-Language": "de" }, { "Accept-Language": "fr" }, {}, { "X-Kind": "a" }, { "X-Kind": "A" }];
  const first = [];
  for (const headers of wants) first.push(String((await get("/", headers)).body));
  assert.equal(new Set(first).size, wants.length);
  for (const [i, headers] of wants.entries()) assert.equal(String((await get("/", headers)).body), first[i]);
  assert.equal(asked.length, wants.length);
  const again = await get("/", { "Accept-Language": "DE" });
  assert.equal(String(again.body), first[0], "language tags have no case");
  assert.match(noteOf(await get("/", { "Accept-Language": "it" })), /fwd=vary-miss/);
});

test("lines of a field are combined, and space around commas has no meaning (RFC 9111 §4.1)", async (t) => {
  const { get, asked } = await stage(t, counting({ ...fresh, Vary: "Accept" }));
  await get("/", { Accept: "text/html,  text/plain" });
  await get("/", { Accept: "text/html", accept: "text/plain" });
  assert.equal(asked.length, 1);
});

test("when the origin begins to vary, what it had sent before stands for nobody else", async (t) => {
  const origin: Origin = (request, response, count) => {
    response.writeHead(200, count === 1 ? { ...fresh, Age: "100" } : { ...fresh, Vary: "Accept-Language" });
    response.end(`${request.headers["accept-language"]} ${count}`);
  };
  const { get } = await stage(t, origin);
  await get("/", { "Accept-Language": "de" });
  await get("/", { "Accept-Language": "fr" });
  assert.equal(String((await get("/", { "Accept-Language": "it" })).body), "it 3");
});
