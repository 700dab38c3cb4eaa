import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import { connect, talk } from "../http/client.ts";
import { get } from "../http/fixtures.ts";
import { type ProxyStage, proxyStage, scripted, targetAt } from "./stage.ts";

const CLOSE = "Connection: close\r\n";
const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX: y\r\n\r\n0123456789";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** Nothing of an exchange is left behind. */
function assertClean(front: ProxyStage): void {
  for (const target of front.upstreams.named("up").targets) assert.equal(target.inFlight, 0);
}

test("a target that resets after any number of bytes never yields an answer that looks whole", async () => {
  let after = 0;
  await using target = await scripted((socket) => {
    // The answer's bytes have to arrive before the reset that follows them.
    socket.write(ANSWER.slice(0, after), () => setImmediate(() => socket.resetAndDestroy()));
  });
  await using front = await proxyStage({ targets: [targetAt(target.port, { maxFails: 0 })] });
  for (after = 0; after < ANSWER.length; after += 3) {
    const { responses } = await talk(front.port, [get("/", CLOSE)]);
    assert.ok(responses.length === 0 || responses[0]!.status === 502, `${after} bytes: ${JSON.stringify(responses)}`);
  }
  assertClean(front);
});

test("a target that closes its side after any number of bytes does so neither", async () => {
  let after = 0;
  await using target = await scripted((socket) => socket.end(ANSWER.slice(0, after)));
  await using front = await proxyStage({ targets: [targetAt(target.port, { maxFails: 0 })] });
  for (after = 0; after < ANSWER.length; after += 3) {
    const { responses } = await talk(front.port, [get("/", CLOSE)]);
    assert.ok(responses.length === 0 || responses[0]!.status === 502, `${after} bytes: ${JSON.stringify(responses)}`);
  }
  assertClean(front);
});

test("a target that resets while it is sent a body is answered 502, once", async () => {
  let posts = 0;
  await using target = await scripted((socket) => {
    posts++;
    socket.resetAndDestroy();
  });
  await using front = await proxyStage({
    targets: [targetAt(target.port), targetAt(target.port, { host: "127.0.0.2" })],
  });
  const body = "x".repeat(3_000_000);
  const { responses } = await talk(front.port, [
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n${CLOSE}\r\n${body}`,
  ]);
  assert.equal(responses[0]!.status, 502);
  assert.equal(posts, 1);
  assertClean(front);
});

test("a target that speaks before it is asked is not believed", async () => {
  await using target = await scripted(() => {}, { eager: (socket) => socket.write("220 mail.example ESMTP\r\n") });
  await using front = await proxyStage({ targets: [targetAt(target.port)] });
  assert.equal((await talk(front.port, [get("/", CLOSE)])).responses[0]!.status, 502);
  assertClean(front);
});

test("a target that takes nothing of a body is answered 504 after the send timeout", async () => {
  await using target = await scripted((socket) => socket.pause());
  await using front = await proxyStage({ targets: [targetAt(target.port)], proxy: { sendTimeout: 100 } });
  // More than the kernel's buffers take.
  const body = "x".repeat(20_000_000);
  const { responses } = await talk(front.port, [
    `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n${CLOSE}\r\n${body}`,
  ]);
  assert.equal(responses[0]!.status, 504);
  assert.match(front.logged.at(-1)!.message, /took nothing of the request for 100 ms/);
  assertClean(front);
});

test("kept connections that the target closes at any moment cost no client an answer", async () => {
  let count = 0;
  await using target = await scripted((socket) => {
    socket.write(OK);
    // Some are closed at once after the answer, some later, some with a reset: each may meet the next request.
    count++;
    if (count % 3 === 0) socket.end();
    else if (count % 3 === 1) setImmediate(() => socket.resetAndDestroy());
  });
  await using front = await proxyStage({ targets: [targetAt(target.port)] });
  const client = await connect(front.port);
  for (let i = 1; i <= 60; i++) {
    client.write(get(`/${i}`));
    const answers = await client.responses(i);
    assert.equal(answers[i - 1]!.status, 200, `request ${i}`);
  }
  client.socket.destroy();
});

test("clients that leave at any moment leave nothing behind", async () => {
  await using target = await scripted((socket, request) => {
    if (request.includes("/none")) return;
    socket.write(request.includes("/part") ? ANSWER.slice(0, 50) : ANSWER);
  });
  await using front = await proxyStage({ targets: [targetAt(target.port)] });
  for (const what of ["none", "part", "all"]) {
    for (let i = 0; i < 5; i++) {
      const socket = net.connect(front.port, "127.0.0.1");
      socket.on("error", () => {});
      const ended = front.ended.length;
      socket.write(get(`/${what}`));
      await target.until(() => target.received.join("").split(`/${what}`).length > i + 1);
      // With a reset: who closes one side alone may still read.
      socket.resetAndDestroy();
      await front.until(() => front.ended.length > ended);
    }
  }
  assertClean(front);
});

test("a request that is being collected when its client leaves never reaches the target", async () => {
  await using target = await scripted((socket) => socket.write(OK));
  await using front = await proxyStage({ targets: [targetAt(target.port)] });
  const client = await connect(front.port);
  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
  client.socket.destroy();
  await front.until(() => front.ended.length === 1);
  assert.equal(target.sockets.length, 0);
});

test("a streamed body that the client breaks off ends the request at the target", async () => {
  await using target = await scripted(() => {});
  await using front = await proxyStage({ targets: [targetAt(target.port)], proxy: { requestBuffering: false } });
  const client = await connect(front.port);
  client.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nnonsense\r\n");
  const answers = await client.responses(1);
  assert.equal(answers[0]!.status, 400);
  await target.until(() => target.sockets.length === 1 && target.sockets[0]!.closed);
  assertClean(front);
});

test("a target that answers, closes and resets while it is sent a body is heard", async () => {
  await using target = await scripted((socket) => {
    socket.pause();
    // Unread input makes the kernel reset the connection.
    socket.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig", () => socket.destroy());
  });
  for (const requestBuffering of [true, false]) {
    await using front = await proxyStage({
      targets: [targetAt(target.port, { maxFails: 0 })],
      proxy: { requestBuffering },
    });
    for (const size of [100, 70_000, 1_000_000, 4_000_000]) {
      const head = `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n${CLOSE}\r\n`;
      const { responses } = await talk(front.port, [head + "x".repeat(size)]);
      assert.equal(responses[0]?.status, 413, `${size} bytes: ${front.logged.at(-1)?.message}`);
    }
    assertClean(front);
  }
});

test("a connection whose answer waits for its client is kept for others who read it", async () => {
  const waiting: net.Socket[] = [];
  await using target = await scripted((socket, request) => {
    if (request.includes("/slow")) waiting.push(socket);
    else socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n");
  });
  for (const buffering of [false, true]) {
    await using front = await proxyStage({ targets: [targetAt(target.port)], proxy: { buffering } });
    const client = await connect(front.port);
    const seen = target.received.length;
    // The second answer, with trailers, is all there and has to wait for its turn.
    client.write(get("/slow") + get("/quick"));
    await target.until(() => target.received.slice(seen).join("").includes("/quick") && waiting.length === 1);
    const idle = (): boolean => front.upstreams.named("up").targets[0]!.inFlight === 1;
    while (!idle()) await new Promise((resolve) => setImmediate(resolve));
    const other = await connect(front.port);
    other.write(get("/other"));
    assert.equal((await other.responses(1))[0]!.body.latin1Slice(), "ok");
    assert.equal(target.received.length - seen, 2, "it was not kept");
    waiting.pop()!.write(OK);
    assert.equal((await client.responses(2))[1]!.body.latin1Slice(), "ok");
    for (const one of [client, other]) one.socket.destroy();
  }
});
