import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { Exchange, FileBody, ResponseSink, StreamBody } from "../../src/http/exchange.ts";
import { ResponseHead } from "../../src/http/response-head.ts";
import { connect, field, talk } from "./client.ts";
import { createRecorder } from "./recorder.ts";
import { serve } from "./serve.ts";

const OK = new ResponseHead(200, []);
const get = (path: string, fields = ""): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

const folder = mkdtempSync(join(tmpdir(), "propylon-bodies-"));
after(() => rmSync(folder, { recursive: true }));

interface TestFile extends FileBody {
  readonly closed: () => number;
}

function fileBody(content: Buffer, start = 0, length = content.length - start): TestFile {
  const path = join(folder, `${Math.random()}`);
  writeFileSync(path, content);
  const fd = openSync(path, "r");
  let closed = 0;
  const close = (): void => {
    if (closed++ === 0) closeSync(fd);
  };
  return { kind: "file", fd, start, length, close, closed: () => closed };
}

/** A stream that `produce` drives. */
function streamBody(
  length: number,
  produce: (sink: ResponseSink) => void,
  resume: () => void = () => {},
): StreamBody & { cancelled: number } {
  const body = {
    kind: "stream" as const,
    length,
    cancelled: 0,
    start: produce,
    resume,
    cancel: () => {
      body.cancelled++;
    },
  };
  return body;
}

function pattern(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
}

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

describe("responses", () => {
  test("one that has all of it carries Date, Content-Length and the fields as given, without those that are ours", async () => {
    const head = new ResponseHead(201, [
      ["X-A", "1"],
      ["Connection", "x"],
      ["Transfer-Encoding", "chunked"],
      ["Content-Length", "77"],
    ]);
    await using server = await serve((exchange) => exchange.respond(head, Buffer.from("abc")), { serverName: "gate" });
    const said = await talk(server.port, [get("/")]);
    const fields = said.responses[0]!.headers.map(([name, value]) =>
      name === "date" ? [name, typeof value] : [name, value],
    );
    assert.deepEqual(fields, [
      ["x-a", "1"],
      ["date", "string"],
      ["server", "gate"],
      ["content-length", "3"],
    ]);
    assert.match(
      field(said.responses[0]!, "date")!,
      /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
    );
  });

  test("HEAD, 204 and 304 have no body, whatever the handler gives", async () => {
    const file = fileBody(pattern(100));
    const stream = streamBody(50, () => assert.fail("a HEAD started a stream"));
    const declared = new ResponseHead(200, [["Content-Length", "1234"]]);
    await using server = await serve((exchange) => {
      if (exchange.target === "/buffer") exchange.respond(OK, Buffer.from("abc"));
      else if (exchange.target === "/file") exchange.respond(OK, file);
      else if (exchange.target === "/stream") exchange.respond(OK, stream);
      else if (exchange.target === "/declared") exchange.respond(declared, null);
      else exchange.respond(new ResponseHead(Number(exchange.target.slice(1)), []), Buffer.from("abc"));
    });
    const heads = ["/buffer", "/file", "/stream", "/declared"];
    const requests = heads.map((path) => get(path).replace("GET", "HEAD"));
    const said = await talk(server.port, [requests.join("") + get("/204") + get("/304") + get("/buffer")], {
      methods: heads.map(() => "HEAD"),
    });
    assert.deepEqual(
      said.responses.map((response) => [response.status, field(response, "content-length"), response.body.length]),
      [
        [200, "3", 0],
        [200, "100", 0],
        [200, "50", 0],
        [200, "1234", 0],
        [204, undefined, 0],
        [304, undefined, 0],
        [200, "3", 3],
      ],
    );
    assert.deepEqual([said.rest.length, file.closed(), stream.cancelled], [0, 1, 1]);
    assert.ok(server.ended.slice(0, 6).every(({ bytes }) => bytes === 0));
  });

  test("a stream of unknown length is chunked, with its trailers", async () => {
    await using server = await serve((exchange) => {
      const body = streamBody(-1, (sink) => {
        sink.write(Buffer.from("one "));
        sink.write(Buffer.alloc(0));
        sink.write(pattern(20_000));
        sink.end([["X-Sum", "5"]]);
      });
      exchange.respond(OK, body);
    });
    const said = await talk(server.port, [get("/") + get("/")]);
    assert.equal(said.responses.length, 2);
    for (const response of said.responses) {
      assert.equal(field(response, "transfer-encoding"), "chunked");
      assert.deepEqual(response.body, Buffer.concat([Buffer.from("one "), pattern(20_000)]));
      assert.deepEqual(response.trailers, [["x-sum", "5"]]);
    }
    assert.deepEqual(
      server.ended.map(({ bytes }) => bytes),
      [20_004, 20_004],
    );
  });

  test("a stream of unknown length to HTTP/1.0 ends with the connection", async () => {
    await using server = await serve((exchange) => {
      exchange.respond(
        OK,
        streamBody(-1, (sink) => {
          sink.write(Buffer.from("all of it"));
          sink.end([["X-Sum", "5"]]);
        }),
      );
    });
    const said = await talk(server.port, ["GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"], { end: false });
    const [response] = said.responses;
    assert.deepEqual(
      [response!.body.latin1Slice(), field(response!, "connection"), field(response!, "transfer-encoding"), said.reset],
      ["all of it", "close", undefined, false],
    );
  });

  test("HTTP/1.0 is told that the connection is kept", async () => {
    await using server = await serve((exchange) => exchange.respond(OK, Buffer.from("x")));
    const said = await talk(server.port, ["GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\nGET / HTTP/1.0\r\n\r\n"], {
      end: false,
    });
    assert.deepEqual(
      said.responses.map((response) => field(response, "connection")),
      ["keep-alive", "close"],
    );
  });

  test("a stream that is shorter or longer than announced cuts the connection", async () => {
    await using server = await serve((exchange) => {
      const bytes = Number(exchange.target.slice(1));
      exchange.respond(
        OK,
        streamBody(10, (sink) => {
          sink.write(Buffer.alloc(bytes, "x"));
          sink.end();
        }),
      );
    });
    const right = await talk(server.port, [get("/10")]);
    assert.equal(right.responses[0]!.body.length, 10);
    for (const path of ["/9", "/11"]) {
      const said = await talk(server.port, [get(path) + get("/10")], { end: false });
      assert.equal(said.responses.length, 0, path);
    }
    assert.deepEqual(
      server.ended.map(({ target, status }) => [target, status]),
      [
        ["/10", 200],
        ["/9", 200],
        ["/11", 200],
      ],
    );
  });

  test("a stream that fails is cut where the client can tell", async () => {
    await using server = await serve((exchange) => {
      exchange.respond(
        OK,
        streamBody(-1, (sink) => {
          sink.write(Buffer.from("half"));
          setImmediate(() => sink.fail("the app died"));
        }),
      );
    });
    const chunked = await talk(server.port, [get("/")], { end: false });
    assert.equal(chunked.responses.length, 0);
    assert.ok(!chunked.raw.includes("\r\n0\r\n"));
    const old = await talk(server.port, ["GET / HTTP/1.0\r\n\r\n"], { end: false });
    assert.equal(old.reset, true);
  });

  test("a file is sent as it is, from any offset, of any size", async () => {
    const content = pattern(1_000_003);
    await using server = await serve((exchange) => {
      const [start, length] = exchange.target.slice(1).split("-").map(Number);
      exchange.respond(OK, fileBody(content, start, length));
    });
    for (const [start, length] of [
      [0, content.length],
      [0, 1],
      [17, 131_072],
      [900_000, 100_003],
      [5, 0],
    ] as const) {
      const said = await talk(server.port, [get(`/${start}-${length}`) + get("/1-1")]);
      assert.equal(said.responses.length, 2);
      assert.ok(said.responses[0]!.body.equals(content.subarray(start, start + length)), `${start}-${length}`);
    }
  });

  test("a file that has become shorter cuts the connection, and is closed once", async () => {
    const file = fileBody(pattern(1000), 0, 300_000);
    await using server = await serve((exchange) => exchange.respond(OK, file));
    const said = await talk(server.port, [get("/")], { end: false });
    assert.deepEqual([said.responses.length, file.closed()], [0, 1]);
    assert.deepEqual(server.ended, [{ target: "/", status: 200, bytes: 1000 }]);
  });

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

describe("the end of a connection", () => {
  test("shutdown closes what is idle at once, and nothing is lost in flight", async () => {
    let waiting: Exchange[] = [];
    await using server = await serve((exchange) => {
      waiting.push(exchange);
    });
    const idle = await connect(server.port);
    const busy = await connect(server.port);
    busy.write(get("/1") + get("/2"));
    while (waiting.length < 2) await turns(1);
    for (const connection of server.connections) connection.shutdown();
    assert.equal((await idle.finished()).raw.length, 0);
    busy.write(get("/3"));
    for (const exchange of waiting) exchange.respond(OK, Buffer.from(exchange.target));
    const said = await busy.finished();
    assert.deepEqual(
      said.responses.map((response) => [response.body.latin1Slice(), field(response, "connection")]),
      [
        ["/1", undefined],
        ["/2", "close"],
      ],
    );
    assert.equal(said.reset, false);
    await server.until(() => server.closed() === 2);
    waiting = [];
  });

  test("a head that is under way at shutdown is still answered", async () => {
    await using server = await serve((exchange) => exchange.respond(OK, Buffer.from("yes")));
    const client = await connect(server.port);
    client.write("GET / HTTP/1.1\r\nHo");
    while ([...server.connections].some((connection) => connection.idle)) await turns(1);
    while (server.connections.size === 0) await turns(1);
    for (const connection of server.connections) connection.shutdown();
    client.write("st: a\r\n\r\n");
    const said = await client.finished();
    assert.deepEqual(
      [said.responses[0]?.body.latin1Slice(), field(said.responses[0]!, "connection")],
      ["yes", "close"],
    );
  });

  test("every exchange ends exactly once, whatever happens to it", async () => {
    let count = 0;
    await using server = await serve((exchange) => {
      count++;
      const kind = Number(exchange.target.slice(1)) % 5;
      if (kind === 0) exchange.respond(OK, Buffer.from("x"));
      else if (kind === 1) setImmediate(() => exchange.respond(OK, Buffer.alloc(100_000)));
      else if (kind === 2) exchange.respond(OK, fileBody(pattern(300_000)));
      else if (kind === 3) exchange.fail(503, "busy");
      else
        exchange.respond(
          OK,
          streamBody(-1, (sink) => void setImmediate(() => sink.end())),
        );
    });
    const clients = await Promise.all(Array.from({ length: 20 }, () => connect(server.port)));
    clients.forEach((client, i) => {
      client.write(Array.from({ length: 30 }, (_, j) => get(`/${i + j}`)).join(""));
      if (i % 3 === 0) client.socket.end();
      else if (i % 3 === 1) setImmediate(() => client.socket.resetAndDestroy());
      else setImmediate(() => setImmediate(() => client.socket.destroy()));
    });
    await Promise.all(clients.map((client) => client.finished()));
    await server.until(() => server.closed() === 20);
    assert.equal(server.ended.length, count);
  });
});

/** Lets so many turns of the event loop pass: what was going to happen without more input has happened. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
