import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/http/exchange.ts";
import { PREFACE } from "../../src/http2/frame.ts";
import { connect, request, uint32 } from "./frame-client.ts";
import { OK, stage } from "./stage.ts";

test("shutdown lets open streams end, takes those on their way, and says which was the last", async (t) => {
  const waiting: Exchange[] = [];
  const { client, server } = await stage(t, (exchange) => {
    if (exchange.target === "/now") exchange.respond(OK, null);
    else waiting.push(exchange);
  });
  client.ask(1);
  await server.until(() => server.connections.size === 1);
  while (waiting.length < 1) await new Promise((resolve) => setImmediate(resolve));
  for (const connection of server.connections) connection.shutdown();
  await client.until(() => client.frames.some(({ type }) => type === 7));
  const first = client.frames.find(({ type }) => type === 7)!;
  assert.deepEqual([first.payload.readUInt32BE(0), first.payload.readUInt32BE(4)], [0x7fffffff, 0]);
  // It was on its way.
  client.ask(3, request("/now"));
  assert.equal(await client.status(3), "200");
  const ping = client.frames.find(({ type, flags }) => type === 6 && flags === 0)!;
  client.frame(6, 1, 0, ping.payload.latin1Slice());
  await client.until(() => client.frames.filter(({ type }) => type === 7).length === 2);
  const last = client.frames.findLast(({ type }) => type === 7)!;
  assert.deepEqual([last.payload.readUInt32BE(0), last.payload.readUInt32BE(4)], [3, 0]);
  // Too late, but no fault: with a body and with more to say.
  client.ask(5, request("/now", [], "POST"), false);
  client.data(5, "abc");
  client.window(5, 100);
  client.reset(5);
  client.frame(6, 0, 0, "too late");
  await client.until(() =>
    client.frames.some(({ type, payload }) => type === 6 && payload.latin1Slice() === "too late"),
  );
  waiting[0]!.respond(OK, Buffer.from("done"));
  assert.equal((await client.response(1)).body.toString(), "done");
  await client.closed;
  assert.deepEqual(client.on(5).heads, []);
});

test("an idle connection is closed by shutdown at once when the client knows, and within a second when it says nothing", async (t) => {
  const { client, server } = await stage(t, () => {});
  await client.until(() => client.frames.some(({ type, flags }) => type === 4 && flags === 1));
  for (const connection of server.connections) connection.shutdown();
  assert.equal(await client.goaway(), 0);
});

test("settings are acknowledged, PING is answered, and windows that settings change are heeded", async (t) => {
  const { client } = await stage(t, (exchange) => exchange.respond(OK, Buffer.alloc(3000)), { settings: [[4, 0]] });
  client.frame(6, 0, 0, "12345678");
  await client.until(() =>
    client.frames.some(({ type, payload }) => type === 6 && payload.latin1Slice() === "12345678"),
  );
  client.ask(1);
  await client.until(() => client.on(1).heads.length === 1);
  assert.equal(client.on(1).body.length, 0);
  client.frame(4, 0, 0, `\0\x04${uint32(1000)}`);
  await client.until(() => client.on(1).body.length === 1000);
  client.window(1, 500);
  await client.until(() => client.on(1).body.length === 1500);
  client.frame(4, 0, 0, `\0\x04${uint32(100_000)}`);
  assert.equal((await client.response(1)).body.length, 3000);
});

test("a client that acknowledges our settings before it says its own is served", async (t) => {
  const { server } = await stage(t, (exchange) => exchange.respond(OK, Buffer.from("hello")));
  const client = await connect(server.port, [], false);
  t.after(() => client.socket.destroy());
  client.raw(PREFACE);
  client.frame(4, 1, 0);
  client.ask(1);
  assert.equal((await client.response(1)).body.toString(), "hello");
});
