import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Exchange } from "../../src/http/exchange.ts";
import { connect, field, talk } from "./client.ts";
import { get, OK, turns } from "./fixtures.ts";
import { createRecorder } from "./recorder.ts";
import { serve } from "./serve.ts";

describe("request bodies", () => {
  test("100 Continue is sent when the handler reads, and not before", async () => {
    let waiting: Exchange | null = null;
    await using server = await serve((exchange) => {
      waiting = exchange;
    });
    const client = await connect(server.port);
    client.write("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    await server.until(() => server.opened() === 1);
    while (waiting === null) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(client.raw.length, 0);
    let body = "";
    const exchange = waiting as Exchange;
    exchange.body.read({
      data: (chunk) => {
        body += chunk.latin1Slice();
      },
      end: () => exchange.respond(OK, Buffer.from(body)),
      fail: () => assert.fail("the body failed"),
    });
    await client.until(() => client.raw.latin1Slice() === "HTTP/1.1 100 Continue\r\n\r\n");
    client.write("hi");
    const [, response] = await client.responses(2);
    assert.equal(response!.body.latin1Slice(), "hi");
    client.socket.destroy();
  });

  test("a client that awaits 100 Continue in vain is answered and the connection closed", async () => {
    await using server = await serve((exchange) => exchange.fail(403, "not for you"));
    const said = await talk(
      server.port,
      ["PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"],
      { end: false },
    );
    assert.deepEqual(
      [said.responses.length, said.responses[0]!.status, field(said.responses[0]!, "connection")],
      [1, 403, "close"],
    );
  });

  test("100 Continue waits for the answers to earlier requests", async () => {
    const exchanges: Exchange[] = [];
    await using server = await serve((exchange) => {
      exchanges.push(exchange);
      if (exchange.method === "PUT") {
        exchange.body.read({ data: () => {}, end: () => exchange.respond(OK, null), fail: () => {} });
        exchanges[0]!.respond(OK, Buffer.from("first"));
      }
    });
    const client = await connect(server.port);
    client.write(`${get("/")}PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n`);
    const responses = await client.responses(2);
    assert.deepEqual(
      responses.map(({ status }) => status),
      [200, 100],
    );
    client.write("ab");
    await client.responses(3);
    client.socket.destroy();
  });

  test("a short body that the handler ignores is drained and the connection kept", async () => {
    await using server = await serve((exchange) => exchange.respond(OK, Buffer.from(exchange.target)));
    const said = await talk(server.port, [`POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /${get("/2")}`]);
    assert.deepEqual(
      said.responses.map(({ body }) => body.latin1Slice()),
      ["/1", "/2"],
    );
  });

  test("a short body that nobody reads is drained too where a handler has put another in its place", async () => {
    await using server = await serve((exchange) => {
      const { length } = exchange.body;
      exchange.body = { length, read: (sink) => sink.end(), pause: () => {}, resume: () => {} };
      exchange.respond(OK, Buffer.from(exchange.target));
    });
    const first = "POST /one HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    const { responses } = await talk(server.port, [first, get("/two")]);
    assert.deepEqual(
      responses.map(({ body }) => body.latin1Slice()),
      ["/one", "/two"],
    );
  });

  test("a long body that the handler ignores closes the connection, and the client still gets the answer", async () => {
    await using server = await serve((exchange) => exchange.respond(OK, Buffer.from("enough")));
    const client = await connect(server.port);
    client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n");
    for (let i = 0; i < 20; i++) client.write(Buffer.alloc(1_000_000));
    client.socket.end();
    const said = await client.finished();
    assert.equal(said.reset, false);
    assert.deepEqual(
      [said.responses[0]!.body.latin1Slice(), field(said.responses[0]!, "connection")],
      ["enough", "close"],
    );
  });

  test("a body that is refused by its length reaches nobody, and the client gets the 413 while it is still sending", async () => {
    const recorder = createRecorder();
    await using server = await serve(recorder.handle, { limits: { body: 1000 } });
    const client = await connect(server.port);
    client.write("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n");
    for (let i = 0; i < 50; i++) client.write(Buffer.alloc(100_000));
    client.socket.end();
    const said = await client.finished();
    assert.deepEqual([said.reset, said.responses[0]!.status, recorder.requests.length], [false, 413, 0]);
    assert.deepEqual(
      server.refused.map(({ status, line }) => ({ status, line })),
      [{ status: 413, line: "POST /up HTTP/1.1" }],
    );
  });

  test("a chunked body that grows too large is refused in its midst", async () => {
    const recorder = createRecorder();
    await using server = await serve(recorder.handle, { limits: { body: 1000 } });
    const piece = `100\r\n${"a".repeat(256)}\r\n`;
    const said = await talk(server.port, [
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${piece.repeat(5)}0\r\n\r\n${get("/2")}`,
    ]);
    assert.deepEqual(
      said.responses.map(({ status }) => status),
      [413],
    );
    assert.deepEqual(server.ended, [{ target: "/", status: 413, bytes: said.responses[0]!.body.length }]);
  });

  test("a faulty body of a handler that has not asked for it yet is refused when it does", async () => {
    let waiting: Exchange | null = null;
    await using server = await serve((exchange) => {
      waiting = exchange;
      setImmediate(() => exchange.body.read({ data: () => {}, end: () => assert.fail("it ended"), fail: () => {} }));
    });
    const said = await talk(server.port, ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"], {
      end: false,
    });
    assert.ok(waiting !== null);
    assert.deepEqual(
      said.responses.map(({ status }) => status),
      [400],
    );
  });

  test("a paused body holds the client back, and goes on where it was", async () => {
    const size = 30_000_000;
    let received = 0;
    let exchange: Exchange | null = null;
    await using server = await serve((one) => {
      exchange = one;
      one.body.read({
        data: (chunk) => {
          received += chunk.length;
          one.body.pause();
        },
        end: () => one.respond(OK, Buffer.from(`${received}`)),
        fail: () => assert.fail("the body failed"),
      });
    });
    const client = await connect(server.port);
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
    const flushed = new Promise((resolve) => client.socket.write(Buffer.alloc(size), resolve));
    while (exchange === null || received === 0) await new Promise((resolve) => setImmediate(resolve));
    const held = await Promise.race([flushed.then(() => "sent"), turns(200).then(() => "held")]);
    assert.equal(held, "held");
    assert.ok(received < 1_000_000, `${received} bytes came through the pause`);
    const one = exchange as Exchange;
    const pump = setInterval(() => one.body.resume(), 0);
    const [response] = await client.responses(1);
    clearInterval(pump);
    assert.equal(response!.body.latin1Slice(), `${size}`);
    client.socket.destroy();
  });

  test("a client that leaves in the midst of its body fails it with 499, and nothing is answered", async () => {
    let failure = 0;
    let aborted = 0;
    await using server = await serve((exchange) => {
      exchange.onAbort = () => {
        aborted++;
      };
      exchange.body.read({
        data: () => {},
        end: () => assert.fail("it ended"),
        fail: (status) => {
          failure = status;
        },
      });
    });
    const said = await talk(server.port, ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"]);
    await server.until(() => server.ended.length === 1);
    assert.deepEqual([said.raw.length, failure, aborted], [0, 499, 1]);
    assert.deepEqual(server.ended, [{ target: "/", status: 0, bytes: 0 }]);
  });
});
