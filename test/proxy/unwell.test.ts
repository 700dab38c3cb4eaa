import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { connect, talk } from "../http/client.ts";
import { get } from "../http/fixtures.ts";
import { closedPort, type ProxyStage, proxyStage, type ScriptedTarget, scripted, targetAt } from "./stage.ts";

const CLOSE = "Connection: close\r\n";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const POST = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n${CLOSE}\r\nhi`;

async function ask(port: number, request = get("/", CLOSE)): Promise<string> {
  const { responses } = await talk(port, [request]);
  return `${responses[0]!.status} ${responses[0]!.body.latin1Slice().slice(0, 2)}`;
}

function assertClean(front: ProxyStage): void {
  for (const { inFlight } of front.upstreams.named("up").targets) assert.equal(inFlight, 0);
  assert.equal(front.upstreams.named("up").queued, 0);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** A server that answers, on this port or a free one, until it is ended with all its connections. */
async function restartable(port = 0): Promise<{ readonly port: number; end(): Promise<void> }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", () => socket.write(OK));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as net.AddressInfo).port,
    end: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

test("with every target dead a request gets 502 and each target one try, whatever the balance", async () => {
  for (const balance of ["round-robin", "least-connections", "random-two", "hash", "ip-hash", "sticky"] as const) {
    const targets = [targetAt(await closedPort()), targetAt(await closedPort()), targetAt(await closedPort())];
    await using front = await proxyStage({ targets, upstream: { balance, key: "{uri}" } });
    assert.match(await ask(front.port), /^502 /, balance);
    assert.equal(front.logged.filter(({ message }) => message.includes("ECONNREFUSED")).length, 3, balance);
    // Failed or not, they are asked again: none is given up for good.
    assert.match(await ask(front.port), /^502 /, balance);
    assertClean(front);
  }
});

test("with every target taken down or away a request gets 502 at once, and is served when one is there again", async () => {
  await using target = await scripted((socket) => socket.write(OK));
  const address = `127.0.0.1:${target.port}`;
  await using front = await proxyStage({ targets: [targetAt(target.port)], upstream: { queueSize: 5 } });
  front.upstreams.change("up", { kind: "set", address, settings: { down: true } });
  assert.match(await ask(front.port), /^502 /);
  front.upstreams.change("up", { kind: "set", address, settings: { down: false } });
  assert.equal(await ask(front.port), "200 ok");
  front.upstreams.change("up", { kind: "remove", address });
  assert.match(await ask(front.port), /^502 /);
  front.upstreams.change("up", { kind: "add", address });
  assert.equal(await ask(front.port), "200 ok");
});

test("a target that is taken away answers what it has begun, and what waited for it goes to another", async () => {
  await using old = await scripted(() => {});
  await using fresh = await scripted((socket) => socket.write(OK));
  await using front = await proxyStage({
    targets: [targetAt(old.port, { maxConnections: 1 })],
    upstream: { queueSize: 5 },
  });
  const first = await connect(front.port);
  first.write(get("/first", CLOSE));
  await old.until(() => old.received.length === 1 && old.received[0] !== "");
  const second = await connect(front.port);
  second.write(get("/second", CLOSE));
  await until(() => front.upstreams.named("up").queued === 1);
  front.upstreams.change("up", { kind: "add", address: `127.0.0.1:${fresh.port}` });
  front.upstreams.change("up", { kind: "remove", address: `127.0.0.1:${old.port}` });
  assert.equal((await second.finished()).responses[0]!.status, 200);
  old.sockets[0]!.write(OK);
  assert.equal((await first.finished()).responses[0]!.status, 200);
  // Nothing of a target that is gone is kept.
  await old.until(() => old.sockets[0]!.closed);
  assert.equal(old.received.length, 1);
  assertClean(front);
});

test("a client that leaves the queue leaves its place, and the next one gets the target", async () => {
  await using target = await scripted(() => {});
  await using front = await proxyStage({
    targets: [targetAt(target.port, { maxConnections: 1 })],
    upstream: { queueSize: 5 },
  });
  const clients = [];
  for (const name of ["first", "leaves", "next"]) {
    const client = await connect(front.port);
    client.write(get(`/${name}`, CLOSE));
    clients.push(client);
    await (name === "first"
      ? target.until(() => target.received.join("").includes("/first"))
      : until(() => front.upstreams.named("up").queued === clients.length - 1));
  }
  clients[1]!.socket.resetAndDestroy();
  await until(() => front.upstreams.named("up").queued === 1);
  target.sockets[0]!.write(OK);
  await target.until(() => target.received.join("").includes("/next"));
  target.sockets.at(-1)!.write(OK);
  for (const at of [0, 2]) assert.equal((await clients[at]!.finished()).responses[0]!.status, 200);
  assert.ok(!target.received.join("").includes("/leaves"));
  assertClean(front);
});

test("a target that comes and goes costs no idempotent request its answer while another is well", async () => {
  let count = 0;
  await using flapping = await scripted((socket) => {
    if (count++ % 2 === 0) socket.resetAndDestroy();
    else socket.write(OK);
  });
  await using steady = await scripted((socket) => socket.write(OK));
  const targets = [targetAt(flapping.port, { failTimeout: 1 }), targetAt(steady.port)];
  await using front = await proxyStage({ targets });
  for (let i = 0; i < 40; i++) assert.equal(await ask(front.port), "200 ok", `request ${i}`);
  assert.ok(count > 2, "it was asked again");
  assertClean(front);
});

test("an upstream that restarts under kept connections costs no idempotent request its answer", async () => {
  let server = await restartable();
  const { port } = server;
  await using front = await proxyStage({ targets: [targetAt(port, { maxFails: 0 })] });
  const clients = await Promise.all(Array.from({ length: 4 }, () => connect(front.port)));
  for (let round = 1; round <= 5; round++) {
    for (const client of clients) client.write(get("/"));
    for (const client of clients) assert.equal((await client.responses(round))[round - 1]!.status, 200);
    // The connections are dead, and the front may not have seen it when the next requests come.
    await server.end();
    server = await restartable(port);
  }
  for (const client of clients) client.socket.destroy();
  await server.end();
  assert.deepEqual(front.logged, []);
  assertClean(front);
});

test("a POST on a kept connection that ends under it is answered 502, and was sent once", async () => {
  let requests = 0;
  await using target: ScriptedTarget = await scripted((socket, request) => {
    requests++;
    if (request.startsWith("POST")) socket.destroy();
    else socket.write(OK);
  });
  await using spare = await scripted((socket) => socket.write(OK));
  const targets = [targetAt(target.port), targetAt(spare.port, { backup: true })];
  await using front = await proxyStage({ targets });
  assert.equal(await ask(front.port), "200 ok");
  assert.match(await ask(front.port, POST), /^502 /);
  assert.equal(requests, 2);
  assert.equal(spare.received.length, 0);
});

test("a name without an answer holds a request no longer than a connection may take, and later ones are served", async () => {
  await using target = await scripted((socket) => socket.write(OK));
  const asked: ((error: Error | null, addresses: readonly string[]) => void)[] = [];
  await using front = await proxyStage({
    targets: [targetAt(target.port, { host: "app.internal" })],
    proxy: { connectTimeout: 100 },
    lookup: (_host, found) => asked.push(found),
  });
  assert.match(await ask(front.port), /^502 /);
  assert.match(front.logged.at(-1)!.message, /there is no address of any target/);
  const waiting = await connect(front.port);
  waiting.write(get("/", CLOSE));
  await until(() => asked.length > 0);
  asked[0]!(null, ["127.0.0.1"]);
  const { responses } = await waiting.finished();
  assert.ok([200, 502].includes(responses[0]!.status));
  assert.equal(await ask(front.port), "200 ok");
  assertClean(front);
});

test("a name that can't be found is 502 at once, and its other target serves", async () => {
  await using target = await scripted((socket) => socket.write(OK));
  const lookup = (_host: string, found: (error: Error | null, addresses: readonly string[]) => void): void =>
    found(new Error("getaddrinfo ENOTFOUND"), []);
  const nowhere = targetAt(80, { host: "gone.internal" });
  await using none = await proxyStage({ targets: [nowhere], lookup });
  assert.match(await ask(none.port), /^502 /);
  await using one = await proxyStage({ targets: [nowhere, targetAt(target.port)], lookup });
  for (let i = 0; i < 3; i++) assert.equal(await ask(one.port), "200 ok");
});

test("a name that has moved is looked up again when its address fails, and requests follow it", async () => {
  await using target = await scripted((socket) => socket.write(OK));
  // 127.0.0.2 refuses: the server listens on 127.0.0.1 alone.
  let address = "127.0.0.2";
  let looks = 0;
  await using front = await proxyStage({
    targets: [targetAt(target.port, { host: "app.internal" })],
    lookup: (_host, found) => {
      looks++;
      found(null, [address]);
    },
  });
  assert.match(await ask(front.port), /^502 /);
  address = "127.0.0.1";
  // Not more than once a second, so the next failures are what makes it look.
  let answer = "";
  while (answer !== "200 ok") {
    answer = await ask(front.port);
    assert.match(answer, /^(?:502 |200 ok)/);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok(looks <= 4, `${looks} look-ups`);
});

test("checks find a target ill that takes connections and says nothing, or something else, or redirects to nowhere", async () => {
  await using steady = await scripted((socket) => socket.write(OK));
  const health = { path: "/health", interval: 20, timeout: 60, fails: 1, passes: 1 };
  const state = (front: ProxyStage): string => front.upstreams.status()[0]!.targets[0]!.state;
  for (const [what, said, wanted] of [
    ["silence", null, "ill"],
    ["another protocol", "220 mail.example ESMTP\r\n", "ill"],
    ["404", "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "ill"],
    ["half an answer", "HTTP/1.1 200 OK\r\nContent-Le", "ill"],
    ["a redirect", "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", "up"],
    ["a body without end", "HTTP/1.1 200 OK\r\n\r\nbody", "up"],
  ] as const) {
    let asked = 0;
    await using odd = await scripted((socket) => {
      asked++;
      if (said !== null) socket.write(said);
    });
    await using front = await proxyStage({
      targets: [targetAt(odd.port), targetAt(steady.port)],
      upstream: { health },
    });
    await until(() => asked > 2 && state(front) === wanted);
    if (wanted === "ill") for (let i = 0; i < 3; i++) assert.equal(await ask(front.port), "200 ok", what);
  }
});

test("with every target ill by its checks a request gets 502, not a wait", async () => {
  const health = { path: null, interval: 20, timeout: 60, fails: 1, passes: 1 };
  const targets = [targetAt(await closedPort()), targetAt(await closedPort())];
  await using front = await proxyStage({ targets, upstream: { health, queueSize: 5 } });
  await until(() => front.upstreams.status()[0]!.targets.every(({ state }) => state === "ill"));
  assert.match(await ask(front.port), /^502 /);
});
