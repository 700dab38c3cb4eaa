import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Exchange, ResponseSink, StreamBody } from "../../src/http/exchange.ts";
import { ResponseHead } from "../../src/http/response-head.ts";
import { connect, field } from "./client.ts";
import { createRecorder } from "./recorder.ts";
import { serve } from "./serve.ts";

const OK = new ResponseHead(200, []);
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";

describe("timeouts", { concurrency: true }, () => {
  test("a head that does not end is answered 408, however it trickles", async () => {
    const recorder = createRecorder();
    await using server = await serve(recorder.handle, { timeouts: { head: 400 } });
    const client = await connect(server.port);
    client.write("GET / HTTP/1.1\r\nHost: a\r\n");
    const trickle = setInterval(() => client.write("X: y\r\n"), 40);
    const said = await client.finished();
    clearInterval(trickle);
    assert.deepEqual(
      [said.responses[0]!.status, field(said.responses[0]!, "connection"), recorder.requests.length],
      [408, "close", 0],
    );
    assert.deepEqual(
      server.refused.map(({ status, line }) => ({ status, line })),
      [{ status: 408, line: "GET / HTTP/1.1" }],
    );
  });

  test("a new connection that says nothing is closed without an answer", async () => {
    await using server = await serve(() => {}, { timeouts: { head: 300 } });
    const client = await connect(server.port);
    assert.equal((await client.finished()).raw.length, 0);
    assert.equal(server.refused.length, 0);
  });

  test("an idle connection is closed without another answer, after its own time", async () => {
    await using server = await serve((exchange) => exchange.respond(OK, null), {
      timeouts: { head: 60_000, idle: 300 },
    });
    const client = await connect(server.port);
    client.write(GET);
    const said = await client.finished();
    assert.deepEqual([said.responses.length, said.rest.length, said.reset], [1, 0, false]);
  });

  test("a body that stops coming is answered 408", async () => {
    const recorder = createRecorder();
    await using server = await serve(recorder.handle, { timeouts: { body: 300 } });
    const client = await connect(server.port);
    client.write(`${POST}abc`);
    const said = await client.finished();
    assert.deepEqual(
      [said.responses[0]!.status, field(said.responses[0]!, "connection"), recorder.requests.length],
      [408, "close", 0],
    );
    assert.equal(server.ended[0]!.status, 408);
  });

  test("a body below the minimum rate is answered 408, though it never stops", async () => {
    const recorder = createRecorder();
    await using server = await serve(recorder.handle, { timeouts: { minimumRate: 1000, rateGrace: 500 } });
    const client = await connect(server.port);
    client.write(POST);
    const trickle = setInterval(() => client.write("a"), 20);
    const said = await client.finished();
    clearInterval(trickle);
    assert.deepEqual([said.responses[0]!.status, recorder.requests.length], [408, 0]);
  });

  test("a client that does not read is cut off, and the handler is told", async () => {
    let aborted = 0;
    let cancelled = 0;
    await using server = await serve(
      (exchange) => {
        exchange.onAbort = () => {
          aborted++;
        };
        let sink: ResponseSink | null = null;
        const produce = (): void => {
          while (sink!.write(Buffer.alloc(65_536)));
        };
        const body: StreamBody = {
          kind: "stream",
          length: -1,
          start: (given) => {
            sink = given;
            produce();
          },
          resume: produce,
          cancel: () => {
            cancelled++;
          },
        };
        exchange.respond(OK, body);
      },
      { timeouts: { write: 300 } },
    );
    const client = await connect(server.port);
    client.socket.pause();
    client.write(GET);
    await server.until(() => server.closed() === 1);
    client.socket.destroy();
    assert.deepEqual([aborted, cancelled, server.ended.length], [1, 1, 1]);
  });

  test("a large answer that is not read is cut off after the write timeout", async () => {
    await using server = await serve((exchange) => exchange.respond(OK, Buffer.alloc(50_000_000)), {
      timeouts: { write: 400 },
    });
    const client = await connect(server.port);
    client.socket.pause();
    client.write(GET);
    await server.until(() => server.closed() === 1);
    client.socket.destroy();
  });

  test("a large answer that is read too slowly is cut off by its rate", async () => {
    await using server = await serve((exchange) => exchange.respond(OK, Buffer.alloc(50_000_000)), {
      timeouts: { minimumRate: 1_000_000_000, rateGrace: 300 },
    });
    const client = await connect(server.port);
    client.socket.pause();
    client.write(GET);
    const sip = setInterval(() => client.socket.read(1000), 20);
    await server.until(() => server.closed() === 1);
    clearInterval(sip);
    client.socket.destroy();
  });

  test("a handler may take longer than every timeout of the client", async () => {
    const short = { head: 200, body: 200, idle: 200, write: 200, minimumRate: 1_000_000, rateGrace: 100 };
    await using server = await serve(
      (exchange) => void setTimeout(() => exchange.respond(OK, Buffer.from("at last")), 1000),
      { timeouts: short },
    );
    const client = await connect(server.port);
    client.write(GET);
    const [response] = await client.responses(1);
    assert.equal(response!.body.latin1Slice(), "at last");
  });

  test("a body that the handler holds back is not late", async () => {
    let exchange: Exchange | null = null;
    const short = { head: 200, body: 200, idle: 200, minimumRate: 1_000_000, rateGrace: 100 };
    await using server = await serve(
      (one) => {
        exchange = one;
        one.body.read({
          data: () => one.body.pause(),
          end: () => one.respond(OK, null),
          fail: (status) => one.fail(status, "late"),
        });
        setTimeout(() => one.body.resume(), 1000);
      },
      { timeouts: short },
    );
    const client = await connect(server.port);
    client.write(`${POST.replace("1000", "3")}abc`);
    const [response] = await client.responses(1);
    assert.equal(response!.status, 200);
    assert.ok(exchange !== null);
  });

  test("a client that half-closed and has no answer after a second is taken for gone", async () => {
    let aborted = false;
    await using server = await serve((exchange) => {
      exchange.onAbort = () => {
        aborted = true;
      };
    });
    const client = await connect(server.port);
    client.write(GET);
    client.socket.end();
    assert.equal((await client.finished()).raw.length, 0);
    await server.until(() => server.closed() === 1);
    assert.equal(aborted, true);
    assert.deepEqual(server.ended, [{ target: "/", status: 0, bytes: 0 }]);
  });

  test("a client that does not close after the last answer is left behind", async () => {
    await using server = await serve((exchange) => exchange.respond(OK, null));
    const client = await connect(server.port);
    client.socket.allowHalfOpen = true;
    client.write(GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    await server.until(() => server.closed() === 1);
    client.socket.destroy();
  });
});
