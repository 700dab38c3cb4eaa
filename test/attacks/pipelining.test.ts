import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import type { Exchange } from "../../src/http/exchange.ts";
import { readAhead } from "../../src/http/read-ahead.ts";
import { ResponseHead } from "../../src/http/response-head.ts";
import { talk } from "../http/client.ts";
import { serve } from "../http/serve.ts";
import { until } from "../support/instance.ts";

const OK = new ResponseHead(200, []);
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const LAST = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

test("clients that pipeline without end hold a bounded number of requests and answers, and all is given back", async (t) => {
  const waiting: Exchange[] = [];
  const server = await serve((exchange) => waiting.push(exchange));
  t.after(() => server[Symbol.asyncDispose]());
  const sockets = Array.from({ length: 40 }, () => {
    const socket = net.connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(GET.repeat(300));
    return socket;
  });
  // Of the last ones only the first request is begun.
  await until(() => readAhead.isMuch && new Set(waiting.map((one) => one.client)).size === sockets.length);
  assert.ok(waiting.length <= 512 + 64 + sockets.length, `${waiting.length} requests are begun`);
  const other = talk(server.port, [LAST]);
  await until(() => waiting.some((one) => one.headers.get("connection") === "close"));
  waiting.find((one) => one.headers.get("connection") === "close")!.respond(OK, Buffer.from("other"));
  assert.equal((await other).responses[0]!.body.latin1Slice(), "other");
  // Answers behind one that is not there wait in memory, and no more are asked for once they are many.
  const first = waiting[0]!;
  for (const one of [...waiting])
    if (one !== first && one.client === first.client) one.respond(OK, Buffer.alloc(1_000_000));
  assert.ok(readAhead.bytes >= 32 * 1024 * 1024);
  for (const socket of sockets) socket.destroy();
  // A client that is gone is seen when it is written to, where it had been told to wait.
  await until(() => {
    for (const one of waiting.splice(0)) one.respond(OK, null);
    return readAhead.requests === 0 && readAhead.bytes === 0;
  });
});

test("requests that are pipelined far ahead are all answered, in their order", async (t) => {
  const server = await serve((exchange) => {
    setImmediate(() => exchange.respond(OK, Buffer.from(`${exchange.target} `)));
  });
  t.after(() => server[Symbol.asyncDispose]());
  const asked = Array.from({ length: 400 }, (_, at) => GET.replace("/", `/${at}`)).join("");
  const talks = Array.from({ length: 12 }, () => talk(server.port, [asked + LAST]));
  const expected = [...Array.from({ length: 400 }, (_, at) => `/${at} `), "/ "].join("");
  for (const { responses } of await Promise.all(talks))
    assert.equal(responses.map((one) => one.body.latin1Slice()).join(""), expected);
  assert.equal(readAhead.requests, 0);
});
