import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, talk } from "../http/client.ts";
import { get, pattern } from "../http/fixtures.ts";
import { proxyStage, scripted, targetAt } from "./stage.ts";

const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\nX-Key: 1\r\n\r\n";
const ASK = "Upgrade: echo\r\nConnection: Upgrade\r\n";

test("what an upgrade request leads to passes both ways, to the end of either side", async () => {
  await using target = await scripted((socket) => {
    socket.write(`${SWITCH}welcome`);
    socket.on("data", (chunk: Buffer) => socket.write(chunk));
  });
  await using front = await proxyStage({ targets: [targetAt(target.port)] });
  const client = await connect(front.port);
  // What the client says before the answer is no request.
  client.write(`${get("/ws", ASK)}early`);
  await client.until(() => client.raw.latin1Slice().endsWith("welcomeearly"));
  assert.match(
    client.raw.latin1Slice(),
    /^HTTP\/1\.1 101 Switching Protocols\r\nX-Key: 1\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n/,
  );
  assert.match(target.received[0]!, /Upgrade: echo\r\nConnection: upgrade\r\n/);
  const large = pattern(3_000_000);
  const before = client.length;
  client.write(large);
  await client.until(() => client.length === before + large.length);
  assert.ok(client.raw.subarray(before).equals(large));
  assert.equal(front.upstreams.named("up").targets[0]!.inFlight, 1);
  target.sockets[0]!.end();
  await client.finished();
  await front.until(() => front.ended.length === 1);
  assert.equal(front.ended[0]!.status, 101);
  assert.equal(front.upstreams.named("up").targets[0]!.inFlight, 0);
});

test("a client that leaves a tunnel closes the target's side", async () => {
  await using target = await scripted((socket) => socket.write(SWITCH));
  await using front = await proxyStage({ targets: [targetAt(target.port)] });
  const client = await connect(front.port);
  client.write(get("/ws", ASK));
  await client.until(() => client.raw.latin1Slice().endsWith("\r\n\r\n"));
  client.socket.destroy();
  await target.until(() => target.sockets[0]!.closed);
});

test("a target that does not switch answers as usual, and the connection goes on", async () => {
  await using target = await scripted((socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"));
  await using front = await proxyStage({ targets: [targetAt(target.port)] });
  const { responses } = await talk(front.port, [get("/ws", ASK) + get("/next", "Connection: close\r\n")]);
  assert.deepEqual(
    responses.map((response) => [response.status, response.body.latin1Slice()]),
    [
      [200, "no"],
      [200, "no"],
    ],
  );
});

test("with upgrade off, or in HTTP/1.0, a target is never asked to switch", async () => {
  await using target = await scripted((socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"));
  await using front = await proxyStage({ targets: [targetAt(target.port)], proxy: { upgrade: false } });
  await talk(front.port, [get("/ws", `${ASK}X: y\r\n`)]);
  await using other = await proxyStage({ targets: [targetAt(target.port)] });
  await talk(other.port, [`GET /ws HTTP/1.0\r\nHost: a\r\n${ASK}\r\n`]);
  assert.equal(target.received.length, 2);
  assert.doesNotMatch(target.received.join(""), /upgrade/i);
});

test("a tunnel through which nothing passes ends after its idle time", async () => {
  await using target = await scripted((socket) => socket.write(SWITCH));
  await using front = await proxyStage({
    targets: [targetAt(target.port)],
    proxy: { tunnel: { idle: 100, lifetime: 0 } },
  });
  const client = await connect(front.port);
  client.write(get("/ws", ASK));
  await client.finished();
});

test("a tunnel ends after its lifetime, and is counted while it is open and after", async () => {
  await using target = await scripted((socket) => {
    socket.write(SWITCH);
    socket.on("data", (chunk: Buffer) => socket.write(chunk));
  });
  await using front = await proxyStage({
    targets: [targetAt(target.port)],
    proxy: { tunnel: { idle: 60_000, lifetime: 300 } },
  });
  const client = await connect(front.port);
  client.write(get("/ws", ASK));
  await client.until(() => client.raw.latin1Slice().endsWith("\r\n\r\n"));
  const { tunnels } = front.upstreams.named("up").targets[0]!.metrics;
  assert.deepEqual([tunnels.open.value, tunnels.opened.value], [1, 1]);
  const before = client.length;
  client.write("hello");
  await client.until(() => client.length === before + 5);
  await client.finished();
  await target.until(() => target.sockets[0]!.closed);
  assert.deepEqual(
    [tunnels.open.value, tunnels.opened.value, tunnels.sent.value, tunnels.received.value],
    [0, 1, 5, 5],
  );
});
