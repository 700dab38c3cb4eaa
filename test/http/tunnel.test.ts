import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/http/exchange.ts";
import { ResponseHead } from "../../src/http/response-head.ts";
import { connect, talk } from "./client.ts";
import { get, OK } from "./fixtures.ts";
import { serve } from "./serve.ts";

const ASK = "Connection: keep-alive, Upgrade\r\nUpgrade: echo\r\n";
const SWITCH = new ResponseHead(101, [["Upgrade", "echo"]]);

/** Answers 101 and sends back what comes. */
function echo(exchange: Exchange): void {
  exchange.tunnel(SWITCH, (client) => {
    client.on("end", () => client.end());
    client.pipe(client);
  });
}

test("what a client sends right behind an upgrade request belongs to the tunnel, to the byte", async () => {
  await using server = await serve(echo);
  const client = await connect(server.port);
  client.write(`${get("/", ASK)}GET / HTTP/1.1\r\n\r\n\0`);
  const wanted =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nGET / HTTP/1.1\r\n\r\n\0";
  await client.until(() => client.raw.latin1Slice() === wanted);
  client.socket.end("more");
  const { raw } = await client.finished();
  assert.equal(raw.latin1Slice(), `${wanted}more`);
  await server.until(() => server.ended.length === 1);
  assert.equal(server.ended[0]!.status, 101);
  assert.equal(server.refused.length, 0);
});

test("an upgrade waits for the answers before it", async () => {
  const waiting: Exchange[] = [];
  await using server = await serve((exchange) => {
    if (exchange.target === "/ws") echo(exchange);
    else waiting.push(exchange);
  });
  const client = await connect(server.port);
  client.write(`${get("/first")}${get("/ws", ASK)}x`);
  while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(client.length, 0);
  waiting[0]!.respond(OK, Buffer.from("first"));
  await client.until(() => client.raw.latin1Slice().endsWith("\r\n\r\nx"));
  assert.match(client.raw.latin1Slice(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nfirstHTTP\/1\.1 101 /);
  client.socket.destroy();
});

test("an upgrade that is answered otherwise leaves the connection as it was", async () => {
  await using server = await serve((exchange) =>
    exchange.respond(OK, Buffer.from(exchange.upgradable ? "asked" : "plain")),
  );
  const { responses } = await talk(server.port, [get("/", ASK) + get("/next")]);
  assert.deepEqual(
    responses.map((response) => response.body.latin1Slice()),
    ["asked", "plain"],
  );
});

test("HTTP/1.0, a body, or Upgrade without Connection: upgrade can't be switched", async () => {
  await using server = await serve((exchange) => exchange.respond(OK, Buffer.from(String(exchange.upgradable))));
  const requests = [
    `GET / HTTP/1.0\r\nHost: a\r\n${ASK}\r\n`,
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n${ASK}\r\nx`,
    get("/", "Upgrade: echo\r\n"),
    get("/", "Connection: upgrade\r\n"),
  ];
  for (const request of requests) {
    const { responses } = await talk(server.port, [request]);
    assert.equal(responses[0]!.body.latin1Slice(), "false", request);
  }
});

test("a client that leaves before the switch aborts the exchange, and a tunnel for one that may not switch is 502", async () => {
  let asked = false;
  let aborted = false;
  await using server = await serve((exchange) => {
    if (exchange.target === "/no") return exchange.tunnel(SWITCH, () => assert.fail("never given"));
    asked = true;
    exchange.onAbort = () => {
      aborted = true;
      exchange.tunnel(SWITCH, () => assert.fail("the client is gone"));
    };
  });
  const { responses } = await talk(server.port, [get("/no", "Connection: close\r\n")]);
  assert.equal(responses[0]!.status, 502);
  const client = await connect(server.port);
  client.write(get("/", ASK));
  while (!asked) await new Promise((resolve) => setImmediate(resolve));
  client.socket.resetAndDestroy();
  await server.until(() => server.closed() === 2);
  assert.ok(aborted);
});
