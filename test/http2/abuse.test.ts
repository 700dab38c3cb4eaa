import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Exchange } from "../../src/http/exchange.ts";
import { ResponseHead } from "../../src/http/response-head.ts";
import { FrameType, frameHead } from "../../src/http2/frame.ts";
import { block, connect, type FrameClient, literal, request, uint32 } from "./frame-client.ts";
import { type ServeOptions, serve, type TestServer } from "./serve.ts";

const OK = new ResponseHead(200, []);
const CALM = 0xb;

async function stage(
  t: TestContext,
  options: ServeOptions & { settings?: readonly (readonly [number, number])[] } = {},
  handle: (exchange: Exchange) => void = (exchange) => exchange.respond(OK, Buffer.from("ok")),
): Promise<{ server: TestServer; client: FrameClient }> {
  const server = await serve(handle, options);
  t.after(() => server[Symbol.asyncDispose]());
  const client = await connect(server.port, options.settings);
  t.after(() => client.socket.destroy());
  return { server, client };
}

/** What a server that was attacked is to say, and that it still serves others. */
async function endsWith(code: number, client: FrameClient, server: TestServer, status = 429): Promise<void> {
  assert.equal(await client.goaway(), code);
  assert.equal(server.refused.at(-1)?.status, status);
  await server.until(() => server.counts.closed === server.counts.opened);
  const other = await connect(server.port);
  other.ask(1);
  await other.until(() => other.on(1).heads.length === 1);
  other.socket.destroy();
}

test("rapid reset: who opens and gives up streams without end is told to calm down, and their handlers of the end of each", async (t) => {
  let running = 0;
  let most = 0;
  const { client, server } = await stage(t, { http2: { resets: 50 } }, (exchange) => {
    if (exchange.headers.get("x") === undefined) return exchange.respond(OK, null);
    running++;
    most = Math.max(most, running);
    exchange.onAbort = () => running--;
  });
  let text = "";
  for (let stream = 1; stream < 400; stream += 2) {
    const head = block(request("/", [["x", "y"]]));
    text += frameHead(head.length, FrameType.HEADERS, 5, stream) + head;
    text += frameHead(4, FrameType.RST_STREAM, 0, stream) + uint32(8);
  }
  client.raw(text);
  await endsWith(CALM, client, server);
  assert.equal(running, 0);
  assert.equal(most, 1);
  assert.ok(server.ended.length <= 53, `${server.ended.length} requests were handled`);
});

test("a browser that gives up a page of 100 requests goes on", async (t) => {
  const { client } = await stage(t, {}, (exchange) => {
    if (exchange.target === "/last") exchange.respond(OK, null);
  });
  for (let stream = 1; stream < 201; stream += 2) client.ask(stream);
  for (let stream = 1; stream < 201; stream += 2) client.reset(stream);
  client.ask(201, request("/last"));
  assert.equal(await client.status(201), "200");
});

test("making the server reset counts like resetting", async (t) => {
  const { client, server } = await stage(t, { http2: { resets: 50 } }, (exchange) => {
    if (exchange.method === "GET") exchange.respond(OK, null);
  });
  for (let stream = 1; stream < 200; stream += 2) {
    client.ask(stream, request("/", [["content-length", "5"]], "POST"), false);
    client.window(stream, 0);
  }
  await endsWith(CALM, client, server);
});

for (const [what, provoke] of [
  ["a window that overflows", (client: FrameClient, id: number) => client.window(id, 0x7fffffff)],
  ["a body after its end", (client: FrameClient, id: number) => client.data(id, "x")],
  ["a PRIORITY of the wrong length", (client: FrameClient, id: number) => client.frame(2, 0, id, "1234")],
] as const)
  test(`making the server reset by ${what} ends the connection, and every handler hears of it`, async (t) => {
    const begun: Exchange[] = [];
    const { client } = await stage(t, { http2: { resets: 50 } }, (exchange) => {
      begun.push(exchange);
    });
    for (let stream = 1; stream < 400; stream += 2) {
      client.ask(stream);
      provoke(client, stream);
    }
    await client.closed;
    assert.ok(begun.length <= 100, `${begun.length} requests were begun`);
    assert.ok(begun.every((exchange) => exchange.aborted));
  });

test("more streams than allowed are refused, so that they may be tried again, and who insists is told to calm down", async (t) => {
  const waiting: Exchange[] = [];
  const { client, server } = await stage(t, { http2: { streams: 10, resets: 50 } }, (exchange) => {
    waiting.push(exchange);
  });
  for (let stream = 1; stream < 23; stream += 2) client.ask(stream);
  assert.equal(await client.status(21), "reset 7");
  waiting[0]!.respond(OK, null);
  assert.equal(await client.status(1), "200");
  client.ask(23);
  client.ask(25);
  assert.equal(await client.status(25), "reset 7");
  assert.equal(waiting.length, 11);
  for (let stream = 27; stream < 27 + 200; stream += 2) client.ask(stream);
  assert.equal(await client.goaway(), CALM);
  assert.equal(server.refused.at(-1)?.status, 429);
});

for (const [name, frame] of [
  ["PING", `${frameHead(8, FrameType.PING, 0, 0)}01234567`],
  ["SETTINGS", frameHead(0, FrameType.SETTINGS, 0, 0)],
  ["empty DATA", frameHead(0, FrameType.DATA, 0, 1)],
  ["padded DATA of nothing", `${frameHead(1, FrameType.DATA, 8, 1)}\0`],
  ["PRIORITY", `${frameHead(5, FrameType.PRIORITY, 0, 3)}\0\0\0\x01\x10`],
  ["WINDOW_UPDATE", frameHead(4, FrameType.WINDOW_UPDATE, 0, 0) + uint32(1)],
  ["an unknown type", `${frameHead(3, 0xfa, 0, 1)}abc`],
] as const) {
  test(`a flood of ${name} ends the connection`, async (t) => {
    const { client, server } = await stage(t, { http2: { frames: 200 } }, (exchange) => {
      if (exchange.method === "GET") exchange.respond(OK, null);
    });
    client.ask(1, request("/", [], "POST"), false);
    client.raw(frame.repeat(2000));
    await endsWith(CALM, client, server);
  });
}

test("a client that downloads may update its windows as often as it needs", async (t) => {
  const size = 3_000_000;
  const { client } = await stage(t, { http2: { frames: 100 } }, (exchange) => exchange.respond(OK, Buffer.alloc(size)));
  client.ask(1);
  let granted = 65_535;
  while (granted < size) {
    const seen = granted;
    await client.until(() => client.received >= seen - 2000);
    client.window(0, 4000);
    client.window(1, 4000);
    granted += 4000;
  }
  assert.equal((await client.response(1)).body.length, size);
});

test("CONTINUATION without end is cut off before it costs memory", async (t) => {
  const { client, server } = await stage(t);
  const head = block(request());
  client.raw(frameHead(head.length, FrameType.HEADERS, 1, 1) + head);
  client.raw(
    `${frameHead(9000, FrameType.CONTINUATION, 0, 1)}${literal(["x", "y".repeat(8900)])}`.padEnd(9009, "\0").repeat(50),
  );
  await endsWith(CALM, client, server);
});

test("empty CONTINUATION without end is cut off", async (t) => {
  const { client, server } = await stage(t);
  const head = block(request());
  client.raw(frameHead(head.length, FrameType.HEADERS, 1, 1) + head);
  client.raw(frameHead(0, FrameType.CONTINUATION, 0, 1).repeat(5000));
  await endsWith(CALM, client, server);
});

test("a header bomb, which a few indices blow up, is refused with 431 and costs no memory", async (t) => {
  const { client } = await stage(t);
  // One large entry in the dynamic table, named 15,000 times: 60 MB of fields if it were believed.
  const entry = `\x40${literal(["x", "y".repeat(4000)]).slice(1)}`;
  const bomb = block(request()) + entry + "\xbe".repeat(10_000);
  const before = process.memoryUsage().heapUsed;
  client.raw(frameHead(bomb.length, FrameType.HEADERS, 5, 1) + bomb);
  assert.equal(await client.status(1), "431");
  assert.ok(process.memoryUsage().heapUsed - before < 20_000_000);
  // The table is still the client's.
  client.raw(`${frameHead(block(request()).length + 1, FrameType.HEADERS, 5, 3)}${block(request())}\xbe`);
  assert.equal(await client.status(3), "200");
});

test("slow read: a window that never opens holds a bounded part of the answers, and is given up in time", async (t) => {
  let handled = 0;
  const { client, server } = await stage(
    t,
    { http2: { buffer: 1_000_000 }, timeouts: { write: 600 }, settings: [[4, 0]] },
    (exchange) => {
      handled++;
      exchange.respond(OK, Buffer.alloc(300_000));
    },
  );
  for (let stream = 1; stream < 200; stream += 2) client.ask(stream);
  await client.until(() => client.on(7).heads.length === 1);
  assert.equal(handled, 4, "the others wait");
  assert.equal(await client.status(1), "reset 8");
  await server.until(() => server.ended.length >= 4);
});

test("a window that opens by a byte at a time is too slow", async (t) => {
  const { client } = await stage(
    t,
    { timeouts: { minimumRate: 1000, rateGrace: 500 }, settings: [[4, 0]] },
    (exchange) => exchange.respond(OK, Buffer.alloc(1000)),
  );
  client.ask(1);
  const timer = setInterval(() => client.window(1, 1), 50);
  t.after(() => clearInterval(timer));
  assert.equal(await client.status(1), "reset 8");
});

test("a client that does not read its socket is not asked for more, and cut in time", async (t) => {
  let handled = 0;
  const { client, server } = await stage(t, { timeouts: { write: 600 }, http2: { streams: 1000 } }, (exchange) => {
    handled++;
    exchange.respond(new ResponseHead(200, [["X", "~".repeat(5000)]]), null);
  });
  client.socket.pause();
  const head = block(request("/", [], "HEAD"));
  let text = "";
  for (let stream = 1; stream < 40_000; stream += 2)
    text += frameHead(head.length, FrameType.HEADERS, 5, stream) + head;
  client.raw(text);
  await server.until(() => server.counts.closed === 1);
  assert.ok(handled < 10_000, `${handled} requests were answered into the void`);
});

test("a body that comes too slowly is answered with 408; one that stops, too", async (t) => {
  const { client } = await stage(t, { timeouts: { body: 700, minimumRate: 1000, rateGrace: 400 } }, (exchange) =>
    exchange.body.read({
      data: () => {},
      end: () => exchange.respond(OK, null),
      fail: (status) => exchange.fail(status, "slow"),
    }),
  );
  client.ask(1, request("/", [], "POST"), false);
  client.ask(3, request("/", [], "POST"), false);
  const timer = setInterval(() => client.data(3, "x"), 100);
  t.after(() => clearInterval(timer));
  assert.equal(await client.status(1), "408");
  assert.equal(await client.status(3), "408");
});

test("a client that says nothing, or half a preface, or half a head, is closed in time", async (t) => {
  const server = await serve((exchange) => exchange.respond(OK, null), { timeouts: { head: 500, idle: 500 } });
  t.after(() => server[Symbol.asyncDispose]());
  for (const said of [
    "",
    "PRI * HTTP/2.0\r\n",
    `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${frameHead(0, FrameType.SETTINGS, 0, 0)}`,
    `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${frameHead(0, FrameType.SETTINGS, 0, 0)}${frameHead(0, FrameType.HEADERS, 0, 1)}`,
    `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${frameHead(0, FrameType.SETTINGS, 0, 0)}${frameHead(100, FrameType.HEADERS, 5, 1)}abc`,
  ]) {
    const client = await connect(server.port, [], false);
    if (said !== "") client.raw(said);
    await client.closed;
    assert.equal(client.goawayCode, 0);
  }
});

test("a connection that is used is not idle, and is closed once it is", async (t) => {
  const { client, server } = await stage(t, { timeouts: { idle: 600 } });
  const end = performance.now() + 1500;
  let stream = 1;
  for (; performance.now() < end; stream += 2) {
    client.ask(stream);
    assert.equal(await client.status(stream), "200");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // PING keeps no connection open.
  const timer = setInterval(() => client.frame(FrameType.PING, 0, 0, "12345678"), 100);
  t.after(() => clearInterval(timer));
  assert.equal(await client.goaway(), 0);
  assert.equal(server.refused.length, 0);
});

test("an HTTP/1.1 client on an HTTP/2 connection is told so", async (t) => {
  const server = await serve(() => {});
  t.after(() => server[Symbol.asyncDispose]());
  const client = await connect(server.port, [], false);
  client.raw("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.equal(await client.goaway(), 1);
});
