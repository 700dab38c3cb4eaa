import assert from "node:assert/strict";
import fs from "node:fs";
import http2 from "node:http2";
import path from "node:path";
import { test } from "node:test";
import type { Exchange, ResponseSink } from "../../src/http/exchange.ts";
import { ResponseHead } from "../../src/http/response-head.ts";
import { createRecorder } from "../http/recorder.ts";
import { folder } from "../support/instance.ts";
import { request } from "./frame-client.ts";
import { fetch2, OK, stage } from "./stage.ts";

test("a client of node:http2 is understood and understands, again and again on one connection", async (t) => {
  const recorder = createRecorder();
  const { server } = await stage(t, recorder.handle);
  const session = http2.connect(`http://127.0.0.1:${server.port}`);
  t.after(() => session.destroy());
  for (let i = 0; i < 20; i++) {
    const cookie = ["a=1", `b=${i}`, "c=\u00e9"];
    const fields = { ":path": `/x?n=${i}`, "user-agent": "a test", "x-long": "y".repeat(i * 100), cookie };
    const answer = await fetch2(session, { ":method": "POST", ...fields }, "body".repeat(i));
    assert.equal(answer.headers[":status"], 200);
    assert.equal(answer.body.toString(), `POST /x?n=${i}`);
    const seen = recorder.requests.at(-1)!;
    assert.equal(seen.protocol, "HTTP/2.0");
    assert.equal(seen.host, "127.0.0.1");
    assert.equal(seen.body, "body".repeat(i));
    const sent = new Map(seen.headers);
    assert.equal(sent.get("host"), `127.0.0.1:${server.port}`);
    assert.equal(sent.get("cookie"), `a=1; b=${i}; c=\u00e9`);
    assert.equal(sent.get("x-long"), "y".repeat(i * 100));
  }
});

test("many requests at once are each answered with their own content", async (t) => {
  const { server } = await stage(t, (exchange) => exchange.respond(OK, Buffer.from(exchange.target.repeat(5000))));
  const session = http2.connect(`http://127.0.0.1:${server.port}`);
  t.after(() => session.destroy());
  const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => fetch2(session, { ":path": `/${i}` })));
  for (const [i, answer] of answers.entries()) assert.equal(answer.body.toString(), `/${i}`.repeat(5000));
  assert.equal(server.ended.length, 100);
});

test("HEAD, 204 and 304 have no content, and HEAD says the length of what GET would get", async (t) => {
  const { client } = await stage(t, (exchange) =>
    exchange.respond(new ResponseHead(Number(exchange.target.slice(1)), []), Buffer.from("content")),
  );
  client.ask(1, request("/200", [], "HEAD"));
  client.ask(3, request("/204"));
  client.ask(5, request("/304"));
  const fields = async (stream: number) => {
    const { heads, body, ended } = await client.response(stream);
    return [heads[0]!.get(":status"), heads[0]!.get("content-length"), body.length, ended];
  };
  assert.deepEqual(await fields(1), ["200", "7", 0, true]);
  assert.deepEqual(await fields(3), ["204", undefined, 0, true]);
  assert.deepEqual(await fields(5), ["304", undefined, 0, true]);
});

test("fields of one connection are left out of answers, names are sent in lower case, Date is added", async (t) => {
  const head = new ResponseHead(200, [
    ["Connection", "keep-alive, x"],
    ["Keep-Alive", "timeout=5"],
    ["Transfer-Encoding", "chunked"],
    ["X-Upper", " padded "],
    ["Set-Cookie", "a=1"],
  ]);
  const { client } = await stage(t, (exchange) => exchange.respond(head, null));
  client.ask(1);
  const { heads } = await client.response(1);
  assert.deepEqual([...heads[0]!.keys()].sort(), [":status", "content-length", "date", "set-cookie", "x-upper"]);
  assert.equal(heads[0]!.get("x-upper"), "padded");
});

test("an app can't split a response: a head with a line end or a bad name becomes 500", async (t) => {
  const heads = [
    new ResponseHead(200, [["X", "a\r\nSet-Cookie: b"]]),
    new ResponseHead(200, [["X\r\nY", "a"]]),
    new ResponseHead(200, [["X", "\u010d\u010a"]]),
    new ResponseHead(200, [[":status", "204"]]),
  ];
  const { client } = await stage(t, (exchange) => exchange.respond(heads[Number(exchange.target.slice(1))]!, null));
  for (const i of heads.keys()) {
    client.ask(2 * i + 1, request(`/${i}`));
    assert.equal(await client.status(2 * i + 1), "500");
  }
});

test("a head longer than a frame is continued", async (t) => {
  const { client, server } = await stage(t, (exchange) =>
    exchange.respond(new ResponseHead(200, [["X", "~".repeat(40_000)]]), null),
  );
  const session = http2.connect(`http://127.0.0.1:${server.port}`, { maxHeaderListPairs: 100 });
  t.after(() => session.destroy());
  const answer = await fetch2(session, { ":path": "/" });
  assert.equal((answer.headers["x"] as string).length, 40_000);
  client.socket.destroy();
});

test("interim responses, 100 Continue and trailers reach the client", async (t) => {
  const { client } = await stage(t, (exchange) => {
    exchange.inform(new ResponseHead(103, [["Link", "</a.css>; rel=preload"]]));
    exchange.body.read({
      data: () => {},
      fail: () => {},
      end: () =>
        exchange.respond(OK, {
          kind: "stream",
          length: -1,
          start: (sink) => {
            sink.write(Buffer.from("abc"));
            sink.end([["X-Sum", "3"]]);
          },
          resume: () => {},
          cancel: () => {},
        }),
    });
  });
  client.ask(1, request("/", [["expect", "100-continue"]], "POST"), false);
  await client.until(() => client.on(1).heads.length === 2);
  assert.deepEqual(
    client.on(1).heads.map((head) => head.get(":status")),
    ["103", "100"],
  );
  client.data(1, "abc", true);
  const { heads, body } = await client.response(1);
  assert.equal(body.toString(), "abc");
  assert.equal(heads[3]!.get("x-sum"), "3");
});

test("trailers of a request are no headers, and what can't be one is a stream error", async (t) => {
  const recorder = createRecorder();
  const { client } = await stage(t, recorder.handle);
  const send = async (stream: number, ...fields: (readonly [string, string])[]): Promise<string> => {
    client.ask(stream, request("/", [], "POST"), false);
    client.data(stream, "abc");
    client.ask(stream, fields, true);
    return client.status(stream);
  };
  assert.equal(await send(1, ["x-sum", "1"]), "200");
  assert.equal(recorder.requests[0]!.body, "abc");
  assert.ok(!recorder.requests[0]!.headers.some(([name]) => name === "x-sum"));
  assert.equal(await send(3, ["content-length", "1"]), "reset 1");
  assert.equal(await send(5, [":path", "/"]), "reset 1");
  assert.equal(await send(7, ["transfer-encoding", "chunked"]), "reset 1");
});

test("a file is sent whole and from the middle, and closed once", async (t) => {
  const content = Buffer.from(Array.from({ length: 700_000 }, (_, i) => i % 251));
  const name = path.join(folder(t), "file");
  fs.writeFileSync(name, content);
  let closed = 0;
  const { server } = await stage(t, (exchange) => {
    const fd = fs.openSync(name, "r");
    const start = exchange.target === "/" ? 0 : 300_000;
    exchange.respond(OK, {
      kind: "file",
      fd,
      start,
      length: content.length - start,
      close: () => {
        fs.closeSync(fd);
        closed++;
      },
    });
  });
  const session = http2.connect(`http://127.0.0.1:${server.port}`);
  t.after(() => session.destroy());
  const answers = await Promise.all(["/", "/half", "/", "/half"].map((target) => fetch2(session, { ":path": target })));
  assert.deepEqual(
    answers.map(({ body }) => body.equals(content) || body.equals(content.subarray(300_000))),
    [true, true, true, true],
  );
  await server.until(() => closed === 4);
});

test("a body of the client's waits in its window until the handler wants it", async (t) => {
  let exchange: Exchange | null = null;
  const { client, server } = await stage(t, (one) => {
    exchange = one;
  });
  client.ask(1, request("/", [], "POST"), false);
  for (let sent = 0; sent < 65_000; sent += 13_000) client.data(1, "x".repeat(13_000));
  client.frame(6, 0, 0, "pingpong");
  await client.until(() => client.frames.some(({ type, flags }) => type === 6 && flags === 1));
  assert.deepEqual(
    client.frames.filter(({ type, stream }) => type === 8 && stream === 1),
    [],
    "no window was granted",
  );
  let received = 0;
  exchange!.body.read({
    data: (piece) => {
      received += piece.length;
    },
    end: () => exchange!.respond(OK, Buffer.from(String(received))),
    fail: () => {},
  });
  await client.until(() => client.frames.some(({ type, stream }) => type === 8 && stream === 1));
  client.data(1, "end", true);
  assert.equal((await client.response(1)).body.toString(), "65003");
  assert.equal(server.ended[0]!.status, 200);
});

test("more than the window lets is a flow control error", async (t) => {
  const { client } = await stage(t, () => {});
  client.ask(1, request("/", [], "POST"), false);
  for (let sent = 0; sent <= 65_535; sent += 16_000) client.data(1, "x".repeat(16_000));
  assert.equal(await client.status(1), "reset 3");
});

test("a slow client makes the producer of a body wait, and other streams go on", async (t) => {
  let sink: ResponseSink | null = null;
  let resumed = 0;
  const { client } = await stage(
    t,
    (exchange) => {
      if (exchange.target === "/other") return exchange.respond(OK, Buffer.from("quick"));
      exchange.respond(OK, {
        kind: "stream",
        length: -1,
        start: (one) => {
          sink = one;
        },
        resume: () => {
          resumed++;
        },
        cancel: () => {},
      });
    },
    { settings: [[4, 1000]] },
  );
  client.ask(1);
  await client.until(() => client.on(1).heads.length === 1);
  assert.equal(sink!.write(Buffer.alloc(600)), true);
  await client.until(() => client.on(1).body.length === 600);
  assert.equal(sink!.write(Buffer.alloc(600)), false);
  await client.until(() => client.on(1).body.length === 1000);
  client.ask(3, request("/other"));
  assert.equal((await client.response(3)).body.toString(), "quick");
  assert.equal(resumed, 0);
  client.window(1, 5000);
  await client.until(() => client.on(1).body.length === 1200);
  assert.equal(resumed, 1);
  sink!.end();
  assert.equal((await client.response(1)).ended, true);
});

test("a client that resets a stream is to its handler as one that hangs up", async (t) => {
  let aborted = 0;
  let failed = "";
  const { client, server } = await stage(t, (exchange) => {
    exchange.onAbort = () => {
      aborted++;
    };
    exchange.body.read({
      data: () => {},
      end: () => {},
      fail: (status) => {
        failed += String(status);
      },
    });
  });
  client.ask(1, request("/", [], "POST"), false);
  client.ask(3, request("/", [], "POST"), false);
  client.reset(1);
  await server.until(() => server.ended.length === 1);
  assert.deepEqual([aborted, failed, server.ended[0]!.status], [1, "499", 0]);
  client.socket.destroy();
  await server.until(() => server.ended.length === 2);
  assert.deepEqual([aborted, failed], [2, "499499"]);
  await server.until(() => server.counts.closed === 1);
});

test("an early answer is sent whole, and the rest of the body is called off without an error", async (t) => {
  const { client } = await stage(t, (exchange) => exchange.fail(413, "too much"));
  client.ask(1, request("/", [["content-length", "1000000"]], "POST"), false);
  const { heads } = await client.response(1);
  assert.equal(heads[0]!.get(":status"), "413");
  await client.until(() => client.on(1).reset === 0);
  // Sent before the client knew.
  client.data(1, "late");
  client.ask(3);
  assert.equal(await client.status(3), "413");
});

test("a body larger than the limit is answered with 413, and one that differs from its Content-Length is reset", async (t) => {
  const { client } = await stage(t, createRecorder().handle, { limits: { body: 10 } });
  client.ask(1, request("/", [["content-length", "11"]], "POST"), false);
  assert.equal(await client.status(1), "413");
  client.ask(3, request("/", [], "POST"), false);
  client.data(3, "x".repeat(11));
  assert.equal(await client.status(3), "413");
  client.ask(5, request("/", [["content-length", "4"]], "POST"), false);
  client.data(5, "abc", true);
  assert.equal(await client.status(5), "reset 1");
  client.ask(7, request("/", [["content-length", "2"]], "POST"), false);
  client.data(7, "abc", true);
  assert.equal(await client.status(7), "reset 1");
  client.ask(9, request("/", [["content-length", "2"]], "POST"), true);
  assert.equal(await client.status(9), "reset 1");
});

test("a body that breaks off after its beginning is reset, not ended", async (t) => {
  const { client, server } = await stage(t, (exchange) =>
    exchange.respond(OK, {
      kind: "stream",
      length: 10,
      start: (sink) => {
        sink.write(Buffer.from("abc"));
        if (exchange.target === "/fail") sink.fail("gone");
        else if (exchange.target === "/short") sink.end();
        else sink.write(Buffer.alloc(20));
      },
      resume: () => {},
      cancel: () => {},
    }),
  );
  for (const [stream, target] of [
    [1, "/fail"],
    [3, "/short"],
    [5, "/long"],
  ] as const) {
    client.ask(stream, request(target));
    assert.equal(await client.status(stream), "reset 2", target);
    assert.equal(client.on(stream).ended, false);
  }
  assert.equal(server.ended.length, 3);
});
