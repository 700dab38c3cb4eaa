import assert from "node:assert/strict";
import dgram from "node:dgram";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import type { ResolverConfig } from "../../src/config/proxy-model.ts";
import { nameServerLookup } from "../../src/proxy/name-server-lookup.ts";
import { talk } from "../http/client.ts";
import { proxyStage, scripted } from "./stage.ts";

/** Answers questions for A records (RFC 1035 §4); every other kind has none, and every other name does not exist. */
async function nameServer(t: TestContext, names: Map<string, { address: string; ttl: number }>) {
  const asked: string[] = [];
  const socket = dgram.createSocket("udp4");
  socket.on("message", (query, from) => {
    const labels: string[] = [];
    let at = 12;
    for (; query[at]! > 0; at += query[at]! + 1) labels.push(query.latin1Slice(at + 1, at + 1 + query[at]!));
    const question = query.subarray(12, at + 5);
    const isA = query.readUInt16BE(at + 1) === 1;
    const name = labels.join(".");
    if (isA) asked.push(name);
    const known = names.get(name);
    const head = Buffer.from(query.subarray(0, 12));
    head.writeUInt16BE(known === undefined ? 0x8183 : 0x8180, 2);
    head.fill(0, 4, 12);
    head[5] = 1;
    const record = Buffer.alloc(isA && known !== undefined ? 16 : 0);
    if (record.length > 0) {
      head[7] = 1;
      record.writeUInt32BE(0xc00c0001, 0);
      record.writeUInt16BE(1, 4);
      record.writeUInt32BE(known!.ttl, 6);
      record.writeUInt16BE(4, 10);
      for (const [i, part] of known!.address.split(".").entries()) record[12 + i] = Number(part);
    }
    socket.send(Buffer.concat([head, question, record]), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  t.after(() => socket.close());
  return { asked, server: `127.0.0.1:${socket.address().port}` };
}

const settings = (server: string, more: Partial<ResolverConfig> = {}): ResolverConfig => ({
  servers: [server],
  valid: null,
  timeout: 10_000,
  ipv4: true,
  ipv6: true,
  ...more,
});

const lookUp = (config: ResolverConfig, host: string) =>
  new Promise((resolve) => {
    nameServerLookup(config)(host, (error, addresses, lasts) => resolve(error?.message ?? [addresses, lasts]));
  });

test("addresses are those of the name server that is named, for as long as it says", async (t) => {
  const { server } = await nameServer(t, new Map([["app.internal", { address: "10.1.2.3", ttl: 7 }]]));
  assert.deepEqual(await lookUp(settings(server), "app.internal"), [["10.1.2.3"], 7000]);
  assert.deepEqual(await lookUp(settings(server, { valid: 500 }), "app.internal"), [["10.1.2.3"], 500]);
  assert.deepEqual(await lookUp(settings(server.replace("127.0.0.1", "localhost"), { ipv6: false }), "app.internal"), [
    ["10.1.2.3"],
    7000,
  ]);
  assert.match(String(await lookUp(settings(server), "other.internal")), /ENOTFOUND/);
  assert.match(String(await lookUp(settings(server, { ipv4: false }), "app.internal")), /ENODATA/);
});

test("a name that moves is followed once its time is over, and is asked for no sooner", async (t) => {
  const names = new Map([["app.internal", { address: "127.0.0.1", ttl: 60 }]]);
  const { server, asked } = await nameServer(t, names);
  await using target = await scripted((socket) => socket.end("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhere"));
  const get = async (resolver: ResolverConfig): Promise<number[]> => {
    await using front = await proxyStage({
      targets: [],
      proxy: { upstream: null, target: `{host}:${target.port}`, name: "{host}", resolver },
    });
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) {
      const { responses } = await talk(front.port, [
        "GET / HTTP/1.1\r\nHost: app.internal\r\nConnection: close\r\n\r\n",
      ]);
      statuses.push(responses[0]!.status);
      // Nothing listens there.
      names.set("app.internal", { address: "127.0.0.2", ttl: 60 });
    }
    names.set("app.internal", { address: "127.0.0.1", ttl: 60 });
    return statuses;
  };
  assert.deepEqual(await get(settings(server)), [200, 200, 200]);
  assert.equal(asked.length, 1);
  assert.deepEqual(await get(settings(server, { valid: 0 })), [200, 502, 502]);
});

test("a name that no server knows is 502, and is asked for again", async (t) => {
  const names = new Map<string, { address: string; ttl: number }>();
  const { server } = await nameServer(t, names);
  await using target = await scripted((socket) => socket.end("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhere"));
  await using front = await proxyStage({
    targets: [],
    proxy: { upstream: null, target: `{host}:${target.port}`, name: "{host}", resolver: settings(server) },
  });
  const get = async (): Promise<number> => {
    const { responses } = await talk(front.port, ["GET / HTTP/1.1\r\nHost: app.internal\r\nConnection: close\r\n\r\n"]);
    return responses[0]!.status;
  };
  assert.equal(await get(), 502);
  names.set("app.internal", { address: "127.0.0.1", ttl: 60 });
  assert.equal(await get(), 200);
});
