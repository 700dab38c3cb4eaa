import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import net from "node:net";
import { type TestContext, test } from "node:test";
import { connect } from "../http/client.ts";
import { freePort, until } from "../support/instance.ts";
import { get, send, serve } from "./client.ts";

const PAGE = "sites: [{routes: [{respond: {body: hello}}]}]";
const KEPT = get("/").replace("Connection: close\r\n", "");

/** A connection that has had one answer and is kept open; it ends with the test. */
async function kept(t: TestContext, port: number, host = "127.0.0.1"): Promise<net.Socket> {
  const socket = net.connect({ port, host });
  t.after(() => socket.destroy());
  socket.on("error", () => {});
  socket.write(KEPT);
  await once(socket, "data");
  return socket;
}

test("one address has no more connections than it may, and others are let in beside it", async (t) => {
  const port = await freePort();
  await serve(t, `listeners: ["*:${port}"]\nlimits: {connections_per_client: 3}\n${PAGE}\n`);
  const own = [await kept(t, port), await kept(t, port), await kept(t, port)];
  assert.equal((await send(port, get("/")))?.status, 503);
  const other = await kept(t, port, "127.0.0.2");
  other.destroy();
  own[0]!.destroy();
  await until(async () => (await send(port, get("/")))?.status === 200);
});

test("when there is no room, idle connections make some, and requests under way are left alone", async (t) => {
  const port = await freePort();
  await serve(t, `listeners: ["127.0.0.1:${port}"]\nlimits: {connections: 3}\ntimeouts: {head: 100s}\n${PAGE}\n`);
  const clients = await Promise.all([0, 1, 2].map(() => connect(port)));
  for (const client of clients) {
    t.after(() => client.socket.destroy());
    client.write("GET / HTTP/1.1\r\nHost: x\r\nX-Half: ");
  }
  await until(async () => (await send(port, get("/")))?.status === 503);
  for (const client of clients) client.write("b\r\n\r\n");
  for (const client of clients) assert.equal((await client.responses(1))[0]!.status, 200);
  // Now all of them wait for nothing: one makes room.
  await until(async () => (await send(port, get("/")))?.status === 200);
  await Promise.race(clients.map((client) => client.finished()));
});

test("a connection ends after as many requests as it may have, and says so before", async (t) => {
  const port = await freePort();
  await serve(t, `listeners: ["127.0.0.1:${port}"]\nlimits: {requests_per_connection: 3}\n${PAGE}\n`);
  const client = await connect(port);
  client.write(KEPT.repeat(5));
  const { responses } = await client.finished();
  const closes = responses.map(({ headers }) =>
    headers.some(([name, value]) => name === "connection" && value === "close"),
  );
  assert.deepEqual(closes, [false, false, true]);
});

const canLimit = existsSync("/proc/self/task") && existsSync("/usr/bin/prlimit");

test("an edge without file descriptors neither spins nor dies, and goes on when there are some", {
  skip: !canLimit && "neither /proc nor prlimit",
}, async (t) => {
  const port = await freePort();
  const instance = await serve(t, `listeners: ["127.0.0.1:${port}"]\n${PAGE}\n`);
  assert.equal((await send(port, get("/")))?.status, 200);
  const edge = childOf(instance.process.pid!, "edge");
  const open = Math.max(...readdirSync(`/proc/${edge}/fd`).map(Number)) + 1;
  const limit = (files: number): void => {
    execFileSync("prlimit", ["--pid", String(edge), `--nofile=${files}:`]);
  };
  limit(open + 4);
  const clients = Array.from({ length: 40 }, () => {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("error", () => {});
    t.after(() => socket.destroy());
    return socket;
  });
  await until(() => readdirSync(`/proc/${edge}/fd`).length >= open + 2 || clients.some((socket) => socket.destroyed));
  const before = processorTime(edge);
  const began = performance.now();
  await until(() => performance.now() - began > 1000);
  const share = (processorTime(edge) - before) / ((performance.now() - began) / 1000);
  assert.ok(share < 0.5, `the edge used ${(share * 100).toFixed(0)} % of a processor`);
  for (const socket of clients) socket.destroy();
  limit(1024);
  await until(async () => (await send(port, get("/")))?.status === 200);
  assert.equal(childOf(instance.process.pid!, "edge"), edge, "it is the same edge");
});

/** The process id of main's child whose command line holds this word. */
function childOf(parent: number, word: string): number {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim().split(" ").map(Number);
  return children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(word))!;
}

/** Seconds of processor time that a process has used: fields 14 and 15 of its stat, in hundredths. */
function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
