import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../support/instance.ts";
import { interpreters } from "../worker/real-worker.ts";
import { WebSocketClient } from "./websocket-client.ts";
import { asgiStage, noted } from "./worker.ts";

const versions = interpreters().filter((_, index, all) => index === 0 || index === all.length - 1);

for (const { version, path: python } of versions) {
  test(`messages of every kind and size come back (Python ${version})`, async (t) => {
    const s = await asgiStage(t, { python });
    const client = new WebSocketClient(s.port);
    assert.equal(await client.open("/ws/echo"), true);
    assert.equal(client.headers.get("x-extra"), "yes");
    assert.equal(client.headers.get("set-cookie"), "a=b");
    for (const size of [0, 1, 125, 126, 65_535, 65_536, 1_000_000]) {
      const data = Buffer.alloc(size, "ä\0b");
      client.send(2, data);
      const back = await client.message();
      assert.deepEqual([back.opcode, back.payload.equals(data)], [2, true]);
    }
    client.send(1, "grüße");
    const text = await client.message();
    assert.deepEqual([text.opcode, text.payload.toString()], [1, "grüße"]);
    client.send(8, Buffer.from([0x0f, 0xa1, ...Buffer.from("bye")]));
    assert.deepEqual(await client.close(), [4001, ""]);
    await until(async () => (await noted(s)).heard.length > 0);
    assert.deepEqual((await noted(s)).heard, [["websocket", 4001, "bye"]]);
    await until(() => s.pool.inFlight === 0);
    assert.deepEqual(s.pool.webSockets, { open: 0, accepted: 1, received: 8, sent: 8 });
    assert.equal(s.real.output.err, "");
  });
}

test("fragments are joined, control frames between them answered", async (t) => {
  const s = await asgiStage(t);
  const client = new WebSocketClient(s.port);
  await client.open("/ws/echo");
  client.send(1, "one ", { final: false });
  client.send(9, "are you there");
  client.send(0, "two ", { final: false });
  client.send(0, "", { final: false });
  client.send(10, "unasked");
  client.send(0, "three");
  const pong = await client.frame();
  assert.deepEqual([pong.opcode, pong.payload.toString()], [10, "are you there"]);
  assert.equal((await client.message()).payload.toString(), "one two three");
  client.socket.destroy();
});

test("of many pings that come at once the last is answered, and a message in single bytes comes whole", async (t) => {
  const s = await asgiStage(t);
  const client = new WebSocketClient(s.port);
  await client.open("/ws/echo");
  client.socket.cork();
  for (let i = 0; i < 2000; i++) client.send(9, String(i));
  client.socket.uncork();
  let pongs = 1;
  while ((await client.frame()).payload.toString() !== "1999") pongs++;
  assert.ok(pongs < 200, `${pongs} pongs`);
  client.socket.cork();
  for (let i = 0; i < 5000; i++) client.send(i === 0 ? 2 : 0, Buffer.from([i & 255]), { final: false });
  client.send(0, "");
  client.socket.uncork();
  const { payload } = await client.message();
  assert.ok(payload.length === 5000 && payload.every((byte, at) => byte === (at & 255)));
  client.socket.destroy();
});

test("the scope has the subprotocols, the app picks one of them", async (t) => {
  const s = await asgiStage(t);
  const client = new WebSocketClient(s.port);
  await client.open("/ws/scope", ["Sec-WebSocket-Protocol: chat, superchat"]);
  assert.equal(client.headers.get("sec-websocket-protocol"), "chat");
  assert.deepEqual(JSON.parse((await client.message()).payload.toString()), {
    type: "websocket",
    scheme: "ws",
    path: "/ws/scope",
    subprotocols: ["chat", "superchat"],
    http_version: "1.1",
  });
  client.socket.destroy();
});

for (const [path, status, body] of [
  ["/ws/refused", "403", "Forbidden\n"],
  ["/ws/denied", "401", "4\r\nwho \r\n7\r\nare you\r\n0\r\n\r\n"],
  ["/ws/raises", "500", "Internal Server Error\n"],
  ["/ws/returns", "500", "Internal Server Error\n"],
] as const) {
  test(`a handshake that the app does not take is answered with HTTP: ${path}`, async (t) => {
    const s = await asgiStage(t);
    const client = new WebSocketClient(s.port);
    assert.equal(await client.open(path), false);
    assert.equal(client.head.split(" ")[1], status);
    await until(() => client.body.includes(body));
    await until(() => s.pool.inFlight === 0);
    client.socket.destroy();
  });
}

for (const [name, status, fields] of [
  ["another version", "426", ["Sec-WebSocket-Version: 8"]],
  ["two keys", "400", ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]],
  ["a body", "400", ["Content-Length: 0", "Transfer-Encoding: chunked"]],
] as const) {
  test(`a handshake with ${name} never reaches the app`, async (t) => {
    const s = await asgiStage(t);
    const client = new WebSocketClient(s.port);
    assert.equal(await client.open("/ws/echo", fields), false);
    assert.equal(client.head.split(" ")[1], status);
    client.socket.destroy();
    assert.equal(s.pool.requests, 0);
  });
}

for (const [path, expected] of [
  ["/ws/closes", [4321, "enough"]],
  ["/ws/ends", [1000, ""]],
  ["/ws/fails", [1011, ""]],
] as const) {
  test(`the app's end is the client's close: ${path}`, async (t) => {
    const s = await asgiStage(t);
    const client = new WebSocketClient(s.port);
    await client.open(path);
    assert.deepEqual(await client.close(), expected);
    await until(() => s.pool.inFlight === 0);
    assert.equal(s.pool.webSockets.open, 0);
  });
}

const BROKEN: Record<string, [number, (client: WebSocketClient) => void]> = {
  "a frame without a mask": [1002, (client) => client.send(1, "a", { masked: false })],
  "a reserved bit": [1002, (client) => client.send(1, "a", { reserved: 0x40 })],
  "an unknown opcode": [1002, (client) => client.send(3, "a")],
  "a long ping": [1002, (client) => client.send(9, "x".repeat(126))],
  "a ping in pieces": [1002, (client) => client.send(9, "x", { final: false })],
  "a continuation of nothing": [1002, (client) => client.send(0, "x")],
  "a close code that is never sent": [1002, (client) => client.send(8, Buffer.from([0x03, 0xed]))],
  "a text that is not UTF-8": [1007, (client) => client.send(1, Buffer.from([0xc3, 0x28]))],
  "a message too long": [1009, (client) => client.send(2, Buffer.alloc(1001))],
  "a message too long in pieces": [
    1009,
    (client) => {
      client.send(2, Buffer.alloc(600), { final: false });
      client.send(0, Buffer.alloc(600));
    },
  ],
};

test("who breaks the protocol is told which way, and the app hears of the end", async (t) => {
  const s = await asgiStage(t, {}, { webSocket: { messageSize: 1000, ping: 0, lifetime: 0 } });
  for (const [name, [code, act]] of Object.entries(BROKEN)) {
    const client = new WebSocketClient(s.port);
    await client.open("/ws/echo");
    act(client);
    assert.equal((await client.close())[0], code, name);
  }
  await until(async () => (await noted(s)).heard.length === Object.keys(BROKEN).length);
  assert.deepEqual(
    (await noted(s)).heard.map(([, code]) => code).sort(),
    Object.values(BROKEN)
      .map(([code]) => code)
      .sort(),
  );
  assert.equal(s.real.output.err, "");
});

test("a client that vanishes is told to the app as 1006", async (t) => {
  const s = await asgiStage(t);
  const client = new WebSocketClient(s.port);
  await client.open("/ws/echo");
  client.socket.resetAndDestroy();
  await until(async () => (await noted(s)).heard.length > 0);
  assert.deepEqual((await noted(s)).heard, [["websocket", 1006, ""]]);
});

test("a client that does not read holds the app back; one that leaves ends it", async (t) => {
  const s = await asgiStage(t);
  const client = new WebSocketClient(s.port);
  await client.open("/ws/floods");
  client.socket.pause();
  let sent = -1;
  await until(async () => {
    const before = sent;
    sent = (await noted(s)).sent;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return sent > 0 && sent === before;
  });
  assert.ok(sent * 65_536 < 32 * 1024 * 1024, `${sent} messages were taken`);
  client.socket.destroy();
  await until(async () => (await noted(s)).heard.length > 0);
  assert.deepEqual((await noted(s)).heard, [["floods", "ClientGone"]]);
});

test("an app that does not read holds its client back", async (t) => {
  const s = await asgiStage(t);
  const client = new WebSocketClient(s.port);
  await client.open("/ws/deaf");
  let taken = 0;
  const data = Buffer.alloc(65_000);
  await new Promise<void>((resolve) => {
    // Until the kernel takes no more for half a second.
    let timer = setTimeout(resolve, 2000);
    const more = () => {
      taken++;
      clearTimeout(timer);
      timer = setTimeout(resolve, 500);
      client.send(2, data);
      if (client.socket.writableNeedDrain) client.socket.once("drain", more);
      else setImmediate(more);
    };
    more();
  });
  assert.ok(taken * 65_000 < 64 * 1024 * 1024, `${taken} messages were taken`);
  assert.equal((await s.ask("/hello")).body, "hello");
  client.socket.destroy();
});

test("a flood of small messages warns of nothing and comes back whole", async (t) => {
  const s = await asgiStage(t);
  const warnings: string[] = [];
  const note = (warning: Error): number => warnings.push(warning.message);
  process.on("warning", note);
  t.after(() => process.off("warning", note));
  const client = new WebSocketClient(s.port);
  await client.open("/ws/echo");
  const count = 20_000;
  for (let number = 0; number < count; number++) client.send(1, `message ${number}`);
  for (let number = 0; number < count; number++)
    assert.equal((await client.message()).payload.toString(), `message ${number}`);
  assert.deepEqual(warnings, []);
  client.socket.destroy();
});

test("a message longer than a frame between the processes comes whole", async (t) => {
  const s = await asgiStage(t);
  const client = new WebSocketClient(s.port);
  await client.open("/ws/large");
  const { payload } = await client.message();
  assert.equal(payload.toString(), "ä".repeat(1_000_000));
  client.socket.destroy();
});

test("a silent client is pinged; one that answers stays, one that does not is given up", async (t) => {
  const s = await asgiStage(t, {}, { webSocket: { messageSize: 1000, ping: 300, lifetime: 0 } });
  const alive = new WebSocketClient(s.port);
  await alive.open("/ws/echo");
  const dead = new WebSocketClient(s.port);
  await dead.open("/ws/echo");
  for (let times = 0; times < 3; times++) {
    const { opcode, payload } = await alive.frame();
    assert.equal(opcode, 9);
    alive.send(10, payload);
  }
  await dead.closed;
  alive.send(1, "still here");
  assert.equal((await alive.message()).payload.toString(), "still here");
  alive.socket.destroy();
});

test("a connection whose time is up is closed with 1001", async (t) => {
  const s = await asgiStage(t, {}, { webSocket: { messageSize: 1000, ping: 0, lifetime: 100 } });
  const client = new WebSocketClient(s.port);
  await client.open("/ws/echo");
  assert.equal((await client.close())[0], 1001);
});

test("a worker that is drained closes its WebSockets with 1012 and ends", async (t) => {
  const s = await asgiStage(t);
  const client = new WebSocketClient(s.port);
  await client.open("/ws/echo");
  s.real.say({ drain: true });
  assert.deepEqual(await client.close(), [1012, "the server restarts"]);
  assert.deepEqual(await s.real.exited, { code: 0, signal: null });
});

test("a worker that is killed closes its WebSockets with 1012", async (t) => {
  const s = await asgiStage(t);
  const client = new WebSocketClient(s.port);
  await client.open("/ws/echo");
  s.real.process.kill("SIGKILL");
  assert.deepEqual(await client.close(), [1012, "the server restarts"]);
});

test("a browser's client talks with the app", async (t) => {
  const s = await asgiStage(t);
  const socket = new WebSocket(`ws://127.0.0.1:${s.port}/ws/echo`, ["chat"]);
  const said: string[] = [];
  const ended = new Promise<CloseEvent>((resolve) => {
    socket.onclose = resolve;
  });
  socket.onopen = () => socket.send("from a browser");
  socket.onmessage = ({ data }) => {
    said.push(String(data));
    socket.close(3000, "done");
  };
  const { code, wasClean } = await ended;
  assert.deepEqual([said, socket.protocol, code, wasClean], [["from a browser"], "chat", 3000, true]);
});
