import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { createLog } from "../../src/base/log.ts";
import { UpstreamMetrics } from "../../src/metrics/upstream-metrics.ts";
import type { Choice } from "../../src/proxy/choice.ts";
import { UpstreamRegistry } from "../../src/proxy/registry.ts";
import type { Target } from "../../src/proxy/target.ts";
import type { Upstream } from "../../src/proxy/upstream.ts";
import { connect, talk } from "../http/client.ts";
import { get } from "../http/fixtures.ts";
import { closedPort, proxyStage, type ScriptedTarget, scripted, targetAt, upstreamOf } from "./stage.ts";

const CLOSE = "Connection: close\r\n";

function named(name: string): Promise<ScriptedTarget> {
  return scripted((socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`));
}

async function body(port: number, request = get("/", CLOSE)): Promise<string> {
  const { responses } = await talk(port, [request]);
  return `${responses[0]!.status} ${responses[0]!.body.latin1Slice()}`;
}

/** An upstream of numbered targets that nobody connects to. */
function upstream(count: number, more: Parameters<typeof upstreamOf>[1], weights: readonly number[] = []): Upstream {
  const registry = new UpstreamRegistry(createLog("test", () => {}));
  const targets = Array.from({ length: count }, (_, i) => targetAt(1000 + i, { weight: weights[i] ?? 1 }));
  registry.configure({ up: upstreamOf(targets, more) });
  return registry.named("up");
}

function choose(from: Upstream, key = "", tried: readonly Target[] = []): Target {
  let found: Target | null = null;
  const choice: Choice = { key, tried };
  from.acquire(choice, performance.now(), (target) => {
    found = target;
  });
  assert.ok(found !== null);
  return found;
}

test("round robin gives each target its weight, and spreads the turns of heavy ones", () => {
  const from = upstream(3, {}, [5, 1, 1]);
  const ports = Array.from({ length: 7 }, () => choose(from).address.port - 1000);
  assert.deepEqual(ports, [0, 0, 1, 0, 2, 0, 0]);
  from.close();
});

test("least connections counts what is in flight against the weight", () => {
  const from = upstream(2, { balance: "least-connections" }, [2, 1]);
  const ports = Array.from({ length: 6 }, () => choose(from).address.port - 1000);
  assert.deepEqual(
    [0, 1].map((one) => ports.filter((port) => port === one).length),
    [4, 2],
  );
  from.close();
});

test("random-two never chooses the busiest of all", () => {
  const from = upstream(3, { balance: "random-two" });
  from.targets[1]!.inFlight = 1000;
  for (let i = 0; i < 100; i++) {
    const target = choose(from);
    assert.notEqual(target, from.targets[1]);
    from.release(target);
  }
  from.close();
});

test("a consistent hash sends a key to one target, and one target less moves its keys alone", () => {
  const five = upstream(5, { balance: "hash" });
  const keys = Array.from({ length: 2000 }, (_, i) => `/page/${i}`);
  const before = new Map(keys.map((key) => [key, choose(five, key).text]));
  for (const target of five.targets) {
    const share = [...before.values()].filter((text) => text === target.text).length / keys.length;
    assert.ok(share > 0.12 && share < 0.28, `${target.text} has ${share}`);
  }
  const four = upstream(4, { balance: "hash" });
  const lost = "127.0.0.1:1004";
  const moved = keys.filter((key) => before.get(key) !== lost && choose(four, key).text !== before.get(key));
  assert.deepEqual(moved, []);
  five.close();
  four.close();
});

test("a hash without a key takes the targets in turn", () => {
  for (const consistent of [true, false]) {
    const from = upstream(3, { balance: "hash", consistent });
    assert.deepEqual(new Set([1, 2, 3].map(() => choose(from).address.port)), new Set([1000, 1001, 1002]));
    from.close();
  }
});

test("ip-hash keeps clients of one network together", () => {
  const from = upstream(7, { balance: "ip-hash" });
  assert.equal(choose(from, "192.0.2.1"), choose(from, "192.0.2.254"));
  const targets = new Set(Array.from({ length: 50 }, (_, i) => choose(from, `10.0.${i}.1`)));
  assert.ok(targets.size >= 5);
  from.close();
});

test("a target that fails is left out for a while, its request goes to the next", async () => {
  await using good = await named("good");
  const dead = targetAt(await closedPort());
  await using front = await proxyStage({ targets: [dead, targetAt(good.port)] });
  for (let i = 0; i < 4; i++) assert.equal(await body(front.port), "200 good");
  assert.equal(front.logged.filter((record) => record.message.includes("ECONNREFUSED")).length, 1);
  assert.equal(front.upstreams.status()[0]!.targets[0]!.state, "failing");
});

test("when every target has failed the one that is nearest to coming back is asked all the same", async () => {
  await using good = await named("good");
  await using front = await proxyStage({ targets: [targetAt(good.port), targetAt(await closedPort())] });
  for (const target of front.upstreams.named("up").targets) target.failed("connect", performance.now());
  assert.equal(await body(front.port), "200 good");
});

test("backups answer only while no other target can, and targets that are down never do", async () => {
  await using main = await named("main");
  await using spare = await named("spare");
  await using off = await named("off");
  const targets = [targetAt(main.port), targetAt(spare.port, { backup: true }), targetAt(off.port, { down: true })];
  await using front = await proxyStage({ targets });
  for (let i = 0; i < 3; i++) assert.equal(await body(front.port), "200 main");
  front.upstreams.change("up", { kind: "set", address: `127.0.0.1:${main.port}`, settings: { down: true } });
  for (let i = 0; i < 3; i++) assert.equal(await body(front.port), "200 spare");
});

test("targets are added and removed while it runs, and a reload of the same configuration keeps that", async () => {
  await using one = await named("one");
  await using two = await named("two");
  await using front = await proxyStage({ targets: [targetAt(one.port)] });
  assert.equal(await body(front.port), "200 one");
  front.upstreams.change("up", { kind: "add", address: `127.0.0.1:${two.port}` });
  front.upstreams.change("up", { kind: "remove", address: `127.0.0.1:${one.port}` });
  front.upstreams.configure({ up: upstreamOf([targetAt(one.port)]) });
  assert.equal(await body(front.port), "200 two");
  assert.throws(
    () => front.upstreams.change("up", { kind: "remove", address: "127.0.0.1:1" }),
    /there is no such target/,
  );
  assert.throws(
    () => front.upstreams.change("down", { kind: "remove", address: "127.0.0.1:1" }),
    /there is no such upstream/,
  );
  front.upstreams.configure({ up: upstreamOf([targetAt(one.port, { weight: 2 })]) });
  assert.equal(await body(front.port), "200 one");
});

test("statuses that lead to the next target do so, and the last target's answer is passed on", async () => {
  await using bad = await scripted((socket) => socket.write("HTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\nbad"));
  await using good = await named("good");
  const retry = { on: ["error", "503"] as const, tries: 0, timeout: 0 };
  const targets = [targetAt(bad.port, { maxFails: 0 }), targetAt(good.port)];
  await using front = await proxyStage({ targets, proxy: { retry } });
  for (let i = 0; i < 2; i++) assert.equal(await body(front.port), "200 good");
  await using alone = await proxyStage({ targets: [targetAt(bad.port)], proxy: { retry } });
  assert.equal(await body(alone.port), "503 bad");
  // What could do something twice is passed on as it is.
  const post = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n${CLOSE}\r\n`;
  assert.deepEqual(
    new Set([await body(front.port, post), await body(front.port, post)]),
    new Set(["503 bad", "200 good"]),
  );
});

test("a connection carries as many requests as it may, for as long as it may, and then another is made", async () => {
  await using target = await scripted((socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  for (const [more, connections] of [
    [{}, 1],
    [{ keepaliveRequests: 2 }, 3],
    [{ keepaliveTime: 0.001 }, 5],
  ] as const) {
    const before = target.sockets.length;
    await using front = await proxyStage({ targets: [targetAt(target.port)], upstream: more });
    for (let i = 0; i < 5; i++) assert.equal(await body(front.port), "200 ");
    assert.equal(target.sockets.length - before, connections);
  }
});

test("a target without what was asked for is as well as before", async () => {
  await using lacks = await scripted((socket) => socket.write("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"));
  await using front = await proxyStage({
    targets: [targetAt(lacks.port), targetAt(lacks.port), targetAt(lacks.port)],
    proxy: { retry: { on: ["404"], tries: 0, timeout: 0 } },
  });
  for (let i = 1; i <= 3; i++) {
    assert.equal(await body(front.port), "404 ");
    assert.equal(lacks.received.join("").split("GET ").length - 1, 3 * i);
  }
});

test("a sticky cookie keeps a client with its target, and is given anew when that can't be used", async () => {
  await using one = await named("one");
  await using two = await named("two");
  const targets = [targetAt(one.port), targetAt(two.port)];
  await using front = await proxyStage({ targets, upstream: { balance: "sticky", key: "lane" } });
  const first = (await talk(front.port, [get("/", CLOSE)])).responses[0]!;
  const cookie = first.headers.find(([name]) => name === "set-cookie")![1].split(";")[0]!;
  assert.match(cookie, /^lane=[0-9a-f]{16}$/);
  for (let i = 0; i < 3; i++) {
    const { responses } = await talk(front.port, [get("/", `${CLOSE}Cookie: x=y; ${cookie}\r\n`)]);
    assert.equal(responses[0]!.body.latin1Slice(), first.body.latin1Slice());
    assert.equal(
      responses[0]!.headers.find(([name]) => name === "set-cookie"),
      undefined,
    );
  }
  const address = `127.0.0.1:${first.body.latin1Slice() === "one" ? one.port : two.port}`;
  front.upstreams.change("up", { kind: "set", address, settings: { down: true } });
  const { responses } = await talk(front.port, [get("/", `${CLOSE}Cookie: ${cookie}\r\n`)]);
  assert.notEqual(responses[0]!.body.latin1Slice(), first.body.latin1Slice());
  assert.ok(responses[0]!.headers.some(([name]) => name === "set-cookie"));
});

test("requests beyond max_connections wait in the queue, beyond the queue they get 503 with Retry-After", async () => {
  await using target = await scripted(() => {});
  const targets = [targetAt(target.port, { maxConnections: 1 })];
  await using front = await proxyStage({ targets, upstream: { queueSize: 1 } });
  const clients = await Promise.all([connect(front.port), connect(front.port)]);
  clients[0]!.write(get("/1", CLOSE));
  await target.until(() => target.received.join("").includes("GET /1"));
  clients[1]!.write(get("/2", CLOSE));
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (front.upstreams.named("up").queued === 1) resolve();
      else setImmediate(look);
    };
    look();
  });
  const refused = (await talk(front.port, [get("/3", CLOSE)])).responses[0]!;
  assert.equal(refused.status, 503);
  assert.ok(refused.headers.some(([name]) => name === "retry-after"));
  target.sockets[0]!.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  assert.equal((await clients[0]!.finished()).responses[0]!.status, 200);
  await target.until(() => target.received.join("").includes("GET /2"));
  target.sockets.at(-1)!.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  assert.equal((await clients[1]!.finished()).responses[0]!.status, 200);
});

test("a request that waits too long in the queue gets 503", async () => {
  await using target = await scripted(() => {});
  const targets = [targetAt(target.port, { maxConnections: 1 })];
  await using front = await proxyStage({ targets, upstream: { queueSize: 1, queueTimeout: 50 } });
  const first = await connect(front.port);
  first.write(get("/1"));
  await target.until(() => target.received.length === 1);
  assert.match(await body(front.port), /^503 /);
  first.socket.destroy();
});

test("active checks take a target out and bring it back", async () => {
  let status = 200;
  await using sick = await scripted((socket, request) => {
    const code = request.startsWith("GET /health ") ? status : 200;
    socket.write(`HTTP/1.1 ${code} X\r\nContent-Length: 4\r\n\r\nsick`);
  });
  await using good = await named("good");
  const health = { path: "/health", interval: 20, timeout: 1000, fails: 2, passes: 2 };
  await using front = await proxyStage({ targets: [targetAt(sick.port), targetAt(good.port)], upstream: { health } });
  const state = (): string => front.upstreams.status()[0]!.targets[0]!.state;
  const until = async (wanted: string): Promise<void> => {
    while (state() !== wanted) await new Promise((resolve) => setImmediate(resolve));
  };
  status = 500;
  await until("ill");
  for (let i = 0; i < 3; i++) assert.equal(await body(front.port), "200 good");
  status = 200;
  await until("up");
  assert.deepEqual(new Set([await body(front.port), await body(front.port)]), new Set(["200 sick", "200 good"]));
});

test("a check without a path is a connection; a target that is not there is ill", async () => {
  await using good = await named("good");
  const health = { path: null, interval: 20, timeout: 1000, fails: 1, passes: 1 };
  const targets = [targetAt(await closedPort()), targetAt(good.port)];
  await using front = await proxyStage({ targets, upstream: { health } });
  while (front.upstreams.status()[0]!.targets[0]!.state !== "ill")
    await new Promise((resolve) => setImmediate(resolve));
  assert.equal(front.upstreams.status()[0]!.targets[1]!.state, "up");
});

test("a target that comes back gets its share slowly", () => {
  const from = upstream(2, { slowStart: 10_000 });
  const now = performance.now();
  from.targets[0]!.setHealthy(false, now);
  from.targets[0]!.setHealthy(true, now);
  const weights = [1, 5_000, 9_999, 20_000].map((after) => from.targets[0]!.weight(now + after, 10_000));
  assert.deepEqual(weights, [0.01, 0.5, 0.9999, 1]);
  from.close();
});

test("all addresses of a name are targets, and they follow what the name says", () => {
  const found: ((error: Error | null, addresses: readonly string[]) => void)[] = [];
  const registry = new UpstreamRegistry(
    createLog("test", () => {}),
    (_host, done) => found.push(done),
  );
  registry.configure({ up: upstreamOf([targetAt(80, { host: "app.internal" })]) });
  const from = registry.named("up");
  let given = "";
  from.acquire({ key: "", tried: [] }, 0, (target) => {
    given = target!.text;
  });
  assert.equal(given, "", "waits for the addresses");
  found.shift()!(null, ["10.0.0.2", "10.0.0.1"]);
  assert.equal(given, "10.0.0.1:80");
  assert.deepEqual(
    from.targets.map((target) => target.text),
    ["10.0.0.1:80", "10.0.0.2:80"],
  );
  const kept = from.targets[1]!;
  registry.configure({ up: upstreamOf([targetAt(80, { host: "app.internal" })], { keepalive: 1 }) });
  found.shift()!(null, ["10.0.0.2", "fd00::1"]);
  assert.deepEqual(
    from.targets.map((target) => target.text),
    ["10.0.0.2:80", "[fd00::1]:80"],
  );
  assert.equal(from.targets[0], kept);
  registry.configure({ up: upstreamOf([targetAt(80, { host: "app.internal" })]) });
  found.shift()!(new Error("no such name"), []);
  assert.equal(from.targets.length, 2, "what was known is kept");
  registry.close();
});

test("tries, failures and times are counted for each target", async () => {
  await using good = await named("good");
  await using front = await proxyStage({ targets: [targetAt(await closedPort()), targetAt(good.port)] });
  for (let i = 0; i < 3; i++) await body(front.port);
  const families = new Map(front.upstreams.families().map((family) => [family.name, family.samples]));
  const values = (name: string): number[] => families.get(name)!.map((sample) => sample.value);
  assert.deepEqual(values("propylon_upstream_requests_total"), [1, 3]);
  assert.deepEqual(
    families.get("propylon_upstream_failures_total")!.map((sample) => [sample.labels.kind, sample.value]),
    [["connect", 1]],
  );
  assert.deepEqual(values("propylon_upstream_healthy"), [0, 1]);
  assert.deepEqual(values("propylon_upstream_in_flight"), [0, 0]);
  const counts = families.get("propylon_upstream_response_seconds")!.filter((sample) => sample.name.endsWith("_count"));
  assert.deepEqual(
    counts.map((sample) => sample.value),
    [0, 3],
  );
});

test("docs/metrics.md has every metric of upstreams, with its type", () => {
  const page = fs.readFileSync(path.join(import.meta.dirname, "../../docs/metrics.md"), "utf8");
  for (const { name, type } of new UpstreamMetrics().families())
    assert.ok(page.includes(`| \`${name}\` | ${type} |`), `${name} is documented as ${type}`);
});
