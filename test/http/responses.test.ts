import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ResponseHead } from "../../src/http/response-head.ts";
import { field, talk } from "./client.ts";
import { fileBody, get, OK, pattern, streamBody } from "./fixtures.ts";
import { serve } from "./serve.ts";

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
});
