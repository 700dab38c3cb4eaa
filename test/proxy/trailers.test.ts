import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/http/exchange.ts";
import { requestHeaders } from "../../src/route/header-rules.ts";
import { connect, talk } from "../http/client.ts";
import { connect as connectHttp2, request } from "../http2/frame-client.ts";
import { serve as serveHttp2 } from "../http2/serve.ts";
import { proxying, proxyStage, type ScriptedTarget, scripted, targetAt } from "./stage.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const HEAD = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n";
const BODY = "5\r\nhello\r\n0\r\n";

/** A target that answers once the last chunk and what is behind it have come. */
function chunkReader(answer = OK): Promise<ScriptedTarget> {
  return scripted((socket, head) => {
    let request = head;
    const judge = (): void => {
      const body = request.slice(request.indexOf("\r\n\r\n") + 4);
      if (!/(?:^|\r\n)0\r\n(?:[^\r\n]+\r\n)*\r\n$/.test(body)) return;
      socket.off("data", more);
      socket.write(answer);
    };
    const more = (chunk: Buffer): void => {
      request += chunk.latin1Slice();
      judge();
    };
    socket.on("data", more);
    judge();
  });
}

const bodyOf = (received: string): string => received.slice(received.indexOf("\r\n\r\n") + 4);

for (const requestBuffering of [true, false]) {
  const how = requestBuffering ? "a collected body" : "a body that goes on as it comes";
  test(`trailers of ${how} reach the target behind its chunks, and no header section`, async () => {
    await using target = await chunkReader();
    await using front = await proxyStage({ targets: [targetAt(target.port)], proxy: { requestBuffering } });
    const { responses } = await talk(front.port, [
      `${HEAD}Trailer: X-Sum\r\n\r\n${BODY}X-Sum: 5d41\r\nX-More: a\r\nX-More: b\r\n\r\n`,
    ]);
    assert.equal(responses[0]!.status, 200);
    const received = target.received[0]!;
    assert.equal(bodyOf(received), `${BODY}x-sum: 5d41\r\nx-more: a\r\nx-more: b\r\n\r\n`);
    const head = received.slice(0, received.indexOf("\r\n\r\n"));
    assert.ok(!/^x-(?:sum|more):/im.test(head) && !/content-length/i.test(head), head);
    assert.match(head, /^trailer: X-Sum$/im);
  });

  test(`of ${how} no trailer goes on that says who the client is, that a rule decided about, or that the head holds`, async () => {
    await using target = await chunkReader();
    const before = (exchange: Exchange): void => {
      const { names, values } = exchange.headers;
      exchange.headers = requestHeaders(
        names.map((name, i) => [name, values[i]!] as const),
        new Set(["x-team"]),
      );
    };
    await using front = await proxyStage({ targets: [targetAt(target.port)], proxy: { requestBuffering }, before });
    const dropped =
      "X-Forwarded-For: 9.9.9.9\r\nX-Real-IP: 9.9.9.9\r\nForwarded: for=9.9.9.9\r\nX-Team: red\r\nX-Twice: 2\r\nX-Hop: 1\r\nX_Real_IP: 9\r\nIf-Match: *\r\n";
    const head = HEAD.replace("close", "close, X-Hop");
    await talk(front.port, [`${head}X-Twice: 1\r\n\r\n${BODY}${dropped}X-Sum: 1\r\n\r\n`]);
    assert.equal(bodyOf(target.received[0]!), `${BODY}x-sum: 1\r\n\r\n`);
  });
}

test("a request with trailers is sent again with them, and its connection carries nothing else", async () => {
  await using broken = await scripted((socket) => socket.resetAndDestroy());
  await using target = await chunkReader();
  await using front = await proxyStage({
    targets: [targetAt(broken.port), targetAt(target.port)],
    proxy: { retry: { on: ["error", "non-idempotent"], tries: 0, timeout: 0 } },
  });
  const client = await connect(front.port);
  for (let i = 1; i <= 2; i++) {
    client.write(`${HEAD.replace("close", "keep-alive")}\r\n${BODY}X-Sum: ${i}\r\n\r\n`);
    assert.equal((await client.responses(i))[i - 1]!.status, 200);
  }
  client.socket.destroy();
  assert.deepEqual(target.received.map(bodyOf), [`${BODY}x-sum: 1\r\n\r\n`, `${BODY}x-sum: 2\r\n\r\n`]);
  for (const received of target.received) assert.match(received, /\r\nConnection: close\r\n/);
});

test("without request_trailers a collected body has its length, and what came behind it is dropped", async () => {
  await using target = await scripted((socket) => socket.end(OK));
  await using front = await proxyStage({ targets: [targetAt(target.port)], proxy: { requestTrailers: false } });
  assert.equal((await talk(front.port, [`${HEAD}\r\n${BODY}X-Sum: 1\r\n\r\n`])).responses[0]!.status, 200);
  assert.match(target.received[0]!, /\r\nContent-Length: 5\r\n/);
  assert.equal(bodyOf(target.received[0]!), "hello");
});

test("a trailer that frames, routes or lets in is refused, and never reaches a target", async () => {
  await using target = await chunkReader();
  await using front = await proxyStage({ targets: [targetAt(target.port)] });
  for (const field of [
    "Host: b",
    "Content-Length: 1",
    "Transfer-Encoding: chunked",
    "Authorization: x",
    "Cookie: a=b",
  ]) {
    const { responses } = await talk(front.port, [`${HEAD}\r\n${BODY}${field}\r\n\r\n`]);
    assert.equal(responses[0]!.status, 400, field);
  }
  assert.equal(target.received.length, 0);
});

test("a gateway protocol has no place for trailers: its variables are those of the head", async () => {
  await using target = await scripted(() => {}, {
    eager: (socket) => {
      socket.once("data", () => socket.end("Status: 200 OK\r\n\r\nok"));
    },
  });
  await using front = await proxyStage({ targets: [targetAt(target.port)], proxy: { protocol: "scgi" } });
  const { responses } = await talk(front.port, [`${HEAD}\r\n${BODY}X-Sum: 1\r\n\r\n`]);
  assert.equal(responses[0]!.status, 200);
  assert.ok(!/X[-_]SUM/i.test(target.received[0]!), target.received[0]!);
  assert.match(target.received[0]!, /CONTENT_LENGTH\x005\x00[\s\S]*,hello$/);
});

test("trailers of HTTP/2 go on in the chunks of HTTP/1.1", async (t) => {
  await using target = await chunkReader();
  const proxy = proxying({ targets: [targetAt(target.port)] });
  t.after(() => proxy.upstreams.close());
  await using front = await serveHttp2(proxy.handle);
  const client = await connectHttp2(front.port);
  t.after(() => client.socket.destroy());
  client.ask(1, request("/", [["content-length", "3"]], "POST"), false);
  client.data(1, "abc");
  client.ask(1, [["x-sum", "900150"]], true);
  assert.equal(await client.status(1), "200");
  assert.equal(bodyOf(target.received[0]!), "3\r\nabc\r\n0\r\nx-sum: 900150\r\n\r\n");
});
