import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import { until } from "../support/instance.ts";
import { counting, noteOf, type Origin, stage } from "./stage.ts";

const fresh = { "Cache-Control": "max-age=60" };

for (const [what, fields, status] of [
  ["no-store (§5.2.2.5)", { "Cache-Control": "no-store, max-age=60" }, 200],
  ["private (§5.2.2.7)", { "Cache-Control": "private, max-age=60" }, 200],
  ["private for a field", { "Cache-Control": 'private="X-A", max-age=60' }, 200],
  ["no-store behind a quoted comma", { "Cache-Control": 'x="a, b", no-store, max-age=60' }, 200],
  ["no-store in a second line", { "Cache-Control": ["max-age=60", "no-store"] }, 200],
  ["Set-Cookie (§7.3)", { ...fresh, "Set-Cookie": "session=1" }, 200],
  ["Vary: * (§4.1)", { ...fresh, Vary: "*" }, 200],
  ["Vary with * among others", { ...fresh, Vary: "Accept, *" }, 200],
  ["a status that must be understood and is not (§5.2.2.3)", { "Cache-Control": "must-understand, max-age=60" }, 299],
  ["a part (§3.3)", { ...fresh, "Content-Range": "bytes 0-7/100" }, 206],
  ["an answer that leads elsewhere", { ...fresh, "X-Accel-Redirect": "/other" }, 200],
] as const) {
  test(`not stored: ${what}`, async (t) => {
    const { get, asked, stores } = await stage(t, counting({ ...fields } as Record<string, string>, status));
    await get();
    await get();
    assert.equal(asked.length, 2);
    assert.equal(stores.status()[0]!.entries, 0);
  });
}

for (const [what, fields, status] of [
  ["200", fresh, 200],
  ["203", fresh, 203],
  ["301", { ...fresh, Location: "/x" }, 301],
  ["302 that says how long", { ...fresh, Location: "/x" }, 302],
  ["404", fresh, 404],
  ["410", fresh, 410],
  ["an unknown status (§3)", fresh, 299],
  [
    "must-understand takes the place of no-store (§5.2.2.3)",
    { "Cache-Control": "must-understand, no-store, max-age=60" },
    200,
  ],
] as const) {
  test(`stored: ${what}`, async (t) => {
    const { get, asked } = await stage(t, counting({ ...fields }, status));
    await get();
    const second = await get();
    assert.equal(second.status, status);
    assert.equal(String(second.body), "answer 1");
    assert.equal(asked.length, 1);
  });
}

const authorised = { Authorization: "Basic YTpi" };

test("an answer to an authorised request is not stored (RFC 9111 §3.5)", async (t) => {
  const { get, asked, stores } = await stage(t, counting(fresh));
  await get("/", authorised);
  assert.equal(stores.status()[0]!.entries, 0);
  await get("/", authorised);
  await get("/");
  assert.equal(asked.length, 3);
});

for (const control of ["public, max-age=60", "must-revalidate, max-age=60", "s-maxage=60"])
  test(`unless the origin lets it be shared: ${control} (RFC 9111 §3.5)`, async (t) => {
    const { get, asked } = await stage(t, counting({ "Cache-Control": control }));
    await get("/", authorised);
    assert.equal(String((await get("/", authorised)).body), "answer 1");
    assert.equal(String((await get("/")).body), "answer 1");
    assert.equal(asked.length, 1);
  });

test("an authorised request does not get what was made for an anonymous one", async (t) => {
  const { get, asked } = await stage(t, counting(fresh));
  await get("/");
  assert.equal(String((await get("/", authorised)).body), "answer 2");
  assert.equal(String((await get("/")).body), "answer 1");
  assert.equal(asked.length, 2);
});

test("nothing of an answer to a request with no-store is stored (RFC 9111 §5.2.1.5)", async (t) => {
  const { get, stores } = await stage(t, counting(fresh));
  await get("/", { "Cache-Control": "no-store" });
  assert.equal(stores.status()[0]!.entries, 0);
});

test("an answer that is cut is neither stored nor passed on as whole", async (t) => {
  const cut: Origin = (_request, response, count) => {
    response.writeHead(200, count % 2 === 1 ? { ...fresh, "Content-Length": "100" } : fresh);
    response.write("half");
    setImmediate(() => response.destroy());
  };
  const { ask, stores, asked } = await stage(t, cut);
  for (let i = 0; i < 4; i++) {
    const outcome = await ask("/").then(
      ({ headers, body }) =>
        headers["transfer-encoding"] === "chunked" ? !String(body).endsWith("0\r\n\r\n") : body.length < 100,
      () => true,
    );
    assert.ok(outcome, "the client can tell");
  }
  assert.equal(asked.length, 4);
  assert.equal(stores.status()[0]!.entries, 0);
});

test("a large answer passes through and is not stored, whether or not it says its length", async (t) => {
  const body = Buffer.alloc(300_000, "abcdefghij");
  const origin: Origin = (request, response) => {
    response.writeHead(200, request.url === "/told" ? { ...fresh, "Content-Length": String(body.length) } : fresh);
    response.end(body);
  };
  const { get, asked, stores } = await stage(t, origin, { cache: { maxEntry: 100_000 } });
  const told = await get("/told");
  assert.ok(told.body.equals(body));
  assert.match(noteOf(told), /detail="it is too large"/);
  const untold = await get("/untold");
  assert.ok(untold.body.length > body.length && untold.body.includes("abcdefghij"), "chunked");
  assert.equal(stores.status()[0]!.entries, 0);
  await get("/told");
  assert.equal(asked.length, 3);
});

test("streamed answers reach the first client as they come, and are stored whole", async (t) => {
  let finish = (): void => {};
  const origin: Origin = (_request, response) => {
    response.writeHead(200, fresh);
    response.write("first ");
    finish = () => response.end("second");
  };
  const { get, port, asked } = await stage(t, origin);
  const socket = net.connect(port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"));
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  await until(() => text.includes("first "));
  finish();
  await until(() => text.endsWith("0\r\n\r\n"));
  socket.destroy();
  const again = await get("/");
  assert.equal(String(again.body), "first second");
  assert.equal(again.headers["content-length"], "12");
  assert.equal(asked.length, 1);
});

test("the store keeps to its size, and drops what is used least", async (t) => {
  const body = Buffer.alloc(10_000);
  const origin: Origin = (_request, response) => response.writeHead(200, fresh).end(body);
  const { get, asked, stores, metric } = await stage(t, origin, { size: 60_000 });
  await get("/loved");
  await get("/loved");
  for (let i = 0; i < 20; i++) await get(`/${i}`);
  const before = asked.length;
  await get("/loved");
  assert.equal(asked.length, before, "still there");
  const [status] = stores.status();
  assert.ok(status!.bytes <= 60_000);
  assert.ok(status!.evicted >= 15);
  assert.equal(metric("propylon_cache_evicted_total"), status!.evicted);
});

test("kept from the second request on, where the configuration says so", async (t) => {
  const { get, asked } = await stage(t, counting(fresh), { cache: { minUses: 2 } });
  await get();
  await get();
  await get();
  assert.equal(asked.length, 2);
});
