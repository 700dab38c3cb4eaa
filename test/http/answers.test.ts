import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Exchange, ResponseSink } from "../../src/http/exchange.ts";
import { ResponseHead } from "../../src/http/response-head.ts";
import { connect, field, talk } from "./client.ts";
import { fileBody, get, OK, pattern, streamBody, turns } from "./fixtures.ts";
import { createRecorder } from "./recorder.ts";
import { serve } from "./serve.ts";

describe("answers on a connection", () => {
  test("answers come in the order of the requests, whatever the order of the handlers", async () => {
    const waiting: Exchange[] = [];
    await using server = await serve((exchange) => {
      waiting.push(exchange);
      if (waiting.length < 4) return;
      waiting[3]!.respond(
        OK,
        streamBody(-1, (sink) => {
          sink.write(Buffer.from("/3"));
          sink.end();
        }),
      );
      waiting[2]!.respond(OK, Buffer.from("/2"));
      waiting[1]!.respond(OK, fileBody(Buffer.from("/1")));
      setImmediate(() => waiting[0]!.respond(OK, Buffer.from("/0")));
    });
    const said = await talk(server.port, [["/0", "/1", "/2", "/3"].map((path) => get(path)).join("")]);
    assert.deepEqual(
      said.responses.map(({ body }) => body.latin1Slice()),
      ["/0", "/1", "/2", "/3"],
    );
  });

  test("no more than 64 requests are read ahead of the answers", async () => {
    const waiting: Exchange[] = [];
    await using server = await serve((exchange) => {
      waiting.push(exchange);
    });
    const client = await connect(server.port);
    client.write(Array.from({ length: 200 }, (_, i) => get(`/${i}`)).join(""));
    while (waiting.length < 64) await turns(1);
    await turns(50);
    assert.equal(waiting.length, 64);
    for (let i = 0; i < 200; i++) {
      while (waiting[i] === undefined) await turns(1);
      waiting[i]!.respond(OK, Buffer.from(`${i}`));
    }
    const responses = await client.responses(200);
    assert.deepEqual(
      responses.map(({ body }) => Number(body.latin1Slice())),
      Array.from({ length: 200 }, (_, i) => i),
    );
    client.socket.destroy();
  });

  test("a client that does not read stops the stream and the reading of its requests, until it reads", async () => {
    let produced = 0;
    let sink: ResponseSink | null = null;
    const total = 60_000_000;
    const piece = Buffer.alloc(50_000, "x");
    const produce = (): void => {
      while (produced < total) {
        produced += piece.length;
        if (!sink!.write(piece)) return;
      }
      sink!.end();
    };
    let second = false;
    await using server = await serve((exchange) => {
      if (exchange.target === "/2") {
        second = true;
        exchange.respond(OK, Buffer.from("2"));
        return;
      }
      exchange.respond(
        OK,
        streamBody(
          total,
          (given) => {
            sink = given;
            produce();
          },
          produce,
        ),
      );
    });
    const client = await connect(server.port);
    client.socket.pause();
    client.write(get("/1"));
    while (sink === null) await turns(1);
    let before = -1;
    while (before !== produced) {
      before = produced;
      await turns(100);
    }
    assert.ok(produced < total / 2, `${produced} bytes were produced for a client that reads nothing`);
    client.write(get("/2"));
    await turns(100);
    assert.equal(second, false);
    client.socket.resume();
    await client.until(() => client.length > total);
    const [first, next] = await client.responses(2);
    assert.deepEqual([first!.body.length, next!.body.latin1Slice()], [total, "2"]);
    client.socket.destroy();
  });

  test("a client that leaves cancels what was being sent to it, once", async () => {
    const file = fileBody(Buffer.alloc(40_000_000));
    const stream = streamBody(-1, (sink) => {
      sink.write(Buffer.from("x"));
    });
    let aborted = 0;
    await using server = await serve((exchange) => {
      exchange.onAbort = () => {
        aborted++;
      };
      exchange.respond(OK, exchange.target === "/file" ? file : stream);
    });
    for (const path of ["/file", "/stream"]) {
      const client = await connect(server.port);
      client.write(get(path));
      await client.until(() => client.length > 0);
      client.socket.resetAndDestroy();
    }
    await server.until(() => server.ended.length === 2);
    while (file.closed() === 0) await turns(1);
    assert.deepEqual([file.closed(), stream.cancelled, aborted], [1, 1, 2]);
  });

  test("a handler that answers a client which is gone only has its body released", async () => {
    let exchange: Exchange | null = null;
    await using server = await serve((one) => {
      exchange = one;
    });
    const client = await connect(server.port);
    client.write(get("/"));
    while (exchange === null) await turns(1);
    client.socket.resetAndDestroy();
    await server.until(() => server.ended.length === 1);
    const one = exchange as Exchange;
    const file = fileBody(pattern(10));
    assert.equal(one.aborted, true);
    one.respond(OK, file);
    one.fail(500, "late");
    assert.equal(file.closed(), 1);
    assert.deepEqual(server.ended, [{ target: "/", status: 0, bytes: 0 }]);
  });

  test("a second answer is dropped and its body released", async () => {
    const file = fileBody(pattern(10));
    await using server = await serve((exchange) => {
      exchange.respond(OK, Buffer.from("first"));
      exchange.respond(OK, file);
      exchange.fail(500, "second");
    });
    const said = await talk(server.port, [get("/")]);
    assert.deepEqual([said.responses.length, said.responses[0]!.body.latin1Slice(), file.closed()], [1, "first", 1]);
  });

  test("a client that has half-closed is answered", async () => {
    await using server = await serve((exchange) => setTimeout(() => exchange.respond(OK, Buffer.from("there")), 50));
    const said = await talk(server.port, [get("/")]);
    assert.equal(said.responses[0]!.body.latin1Slice(), "there");
  });

  test("interim responses come before the final one, and not to HTTP/1.0", async () => {
    await using server = await serve((exchange) => {
      exchange.inform(new ResponseHead(103, [["Link", "</a.css>; rel=preload"]]));
      exchange.respond(OK, null);
    });
    const said = await talk(server.port, [get("/") + get("/")]);
    assert.deepEqual(
      said.responses.map(({ status }) => status),
      [103, 200, 103, 200],
    );
    assert.equal(field(said.responses[0]!, "link"), "</a.css>; rel=preload");
    const old = await talk(server.port, ["GET / HTTP/1.0\r\n\r\n"]);
    assert.deepEqual(
      old.responses.map(({ status }) => status),
      [200],
    );
  });

  test("an error page is HTML, or JSON for who prefers it, with the fields given", async () => {
    await using server = await serve((exchange) => exchange.fail(405, "only <GET>", [["Allow", "GET"]]));
    const html = await talk(server.port, [get("/", "Accept: text/html,*/*\r\n")]);
    assert.deepEqual(
      [field(html.responses[0]!, "allow"), field(html.responses[0]!, "content-type")],
      ["GET", "text/html; charset=utf-8"],
    );
    assert.match(
      html.responses[0]!.body.latin1Slice(),
      /<h1>405 Method Not Allowed<\/h1>\n<p>Only &#60;GET&#62;.<\/p>/,
    );
    const json = await talk(server.port, [get("/", "Accept: application/json\r\n")]);
    assert.deepEqual(JSON.parse(json.responses[0]!.body.latin1Slice()), {
      status: 405,
      title: "Method Not Allowed",
      detail: "only <GET>",
    });
  });

  test("a response head that would break the message becomes a 500", async () => {
    const wrong = [
      new ResponseHead(200, [["X", "a\r\nSet-Cookie: b"]]),
      new ResponseHead(200, [["X", "a\u010aSet-Cookie: b"]]),
      new ResponseHead(200, [["X\r\nY", "a"]]),
      new ResponseHead(200, [], "OK\r\nX: y"),
      new ResponseHead(101, []),
    ];
    await using server = await serve((exchange) => exchange.respond(wrong[Number(exchange.target.slice(1))]!, null));
    const said = await talk(server.port, [wrong.map((_, i) => get(`/${i}`)).join("")]);
    assert.deepEqual(
      said.responses.map(({ status }) => status),
      wrong.map(() => 500),
    );
  });

  test("an absolute-form's authority takes the place of Host", async () => {
    const recorder = createRecorder();
    await using server = await serve(recorder.handle);
    await talk(server.port, ["GET http://Real.example:81/x?y HTTP/1.1\r\nX: 1\r\nHost: false.example\r\n\r\n"]);
    const [request] = recorder.requests;
    assert.deepEqual(
      [request!.host, request!.target, request!.path, request!.query],
      ["real.example", "/x?y", "/x", "y"],
    );
    assert.deepEqual(request!.headers, [
      ["host", "Real.example:81"],
      ["x", "1"],
    ]);
  });
});
