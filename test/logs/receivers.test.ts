import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import dgram from "node:dgram";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { type TestContext, test } from "node:test";
import type { SyslogConfig } from "../../src/config/log-model.ts";
import { syslogMessage } from "../../src/log/syslog-message.ts";
import { endedExchange } from "../metrics/fake-exchange.ts";
import { waitUntil } from "../metrics/wait-until.ts";
import { folder } from "../support/instance.ts";
import { type OpenLog, openLog } from "./open-log.ts";

const PLAIN = { kind: "text", text: "{request_uri}", escape: "default" } as const;
const LOCAL7_INFO = 23 * 8 + 6;

function syslog(to: SyslogConfig["to"], more: Partial<SyslogConfig> = {}): SyslogConfig {
  return {
    kind: "syslog",
    to,
    facility: 23,
    severity: 6,
    tag: "shop",
    format: "rfc5424",
    hostname: true,
    pid: true,
    ...more,
  };
}

function open(t: TestContext, destination: SyslogConfig | { kind: "journald"; tag: string }, journal?: string) {
  const warnings: string[] = [];
  const log = openLog({ destination, format: PLAIN }, (message) => warnings.push(message), journal);
  t.after(() => log.stop());
  return { log, warnings };
}

function say(log: OpenLog, from: number, to: number): void {
  for (let i = from; i < to; i++) log.ended(endedExchange({ target: `/${i}` }), 200, 5);
}

/** Takes what connections send; `port` or a path; ends with the test. */
async function takeStream(t: TestContext, where: number | string) {
  const got = { text: "", connections: 0 };
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    got.connections++;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.setEncoding("latin1").on("data", (text: string) => {
      got.text += text;
    });
  });
  if (typeof where === "string") server.listen(where);
  else server.listen(where, "127.0.0.1");
  await once(server, "listening");
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  t.after(close);
  const address = server.address();
  return { got, close, port: typeof address === "object" && address !== null ? address.port : 0 };
}

test("each line is a message of RFC 5424 in a datagram of its own", async (t) => {
  const receiver = dgram.createSocket("udp4");
  const messages: string[] = [];
  receiver.on("message", (message) => messages.push(message.toString("latin1")));
  receiver.bind(0, "127.0.0.1");
  await once(receiver, "listening");
  t.after(() => receiver.close());
  const { log } = open(t, syslog({ kind: "udp", host: "127.0.0.1", port: receiver.address().port }));
  say(log, 0, 20);
  await waitUntil("all came", () => messages.length === 20);
  for (const [i, message] of messages.sort((a, b) => numberIn(a) - numberIn(b)).entries())
    assert.match(message, new RegExp(`^<${LOCAL7_INFO}>1 \\d{4}-\\d\\d-\\d\\dT\\S+Z \\S+ shop \\d+ - - /${i}$`));
});

function numberIn(message: string): number {
  return Number(/\/(\d+)$/.exec(message)![1]);
}

test("over TCP messages are counted in octets, and what can't be sent waits for the receiver to come back", async (t) => {
  const first = await takeStream(t, 0);
  const { log, warnings } = open(t, syslog({ kind: "tcp", host: "127.0.0.1", port: first.port }));
  say(log, 0, 100);
  await waitUntil("the first came", () => framed(first.got.text).length === 100);
  await first.close();
  await waitUntil("it is noticed", () => warnings.length === 1);
  say(log, 100, 200);
  const second = await takeStream(t, first.port);
  await waitUntil("the rest came", () => framed(second.got.text).length === 100);
  const all = [...framed(first.got.text), ...framed(second.got.text)].map(numberIn);
  assert.deepEqual(
    all,
    Array.from({ length: 200 }, (_, i) => i),
  );
  await waitUntil("it says so", () => warnings.length === 2);
  assert.match(warnings[0]!, /^syslog tcp:127\.0\.0\.1:\d+: .*; lines wait in memory, then are dropped$/);
  assert.match(warnings[1]!, /it works again, 0 lines were lost$/);
});

/** RFC 6587 §3.4.1. */
function framed(text: string): string[] {
  const messages: string[] = [];
  let rest = text;
  for (;;) {
    const length = /^(\d+) /.exec(rest);
    if (length === null) return messages;
    const start = length[0].length;
    const end = start + Number(length[1]);
    if (rest.length < end) return messages;
    messages.push(rest.slice(start, end));
    rest = rest.slice(end);
  }
}

test("a receiver that is never there costs lines, counted, and bounded memory", async (t) => {
  const { port, close } = await takeStream(t, 0);
  await close();
  const { log, warnings } = open(t, syslog({ kind: "tcp", host: "127.0.0.1", port }));
  say(log, 0, 100_000);
  await waitUntil("it is noticed", () => warnings.length > 0);
  assert.ok(log.dropped > 0);
  await log.stop();
  assert.equal(log.dropped, 100_000);
});

/** A local daemon: a Unix datagram socket, in a program that can have one. */
async function startDaemon(t: TestContext, socket: string, out: string): Promise<ChildProcess> {
  const child = spawn("python3", ["-c", DAEMON, socket, out], { stdio: "ignore" });
  t.after(() => child.kill());
  await waitUntil("the daemon listens", () => fs.existsSync(socket));
  return child;
}

const DAEMON = `
import os, socket, sys
if os.path.exists(sys.argv[1]): os.unlink(sys.argv[1])
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    with open(sys.argv[2], "ab", buffering=0) as f: f.write(s.recv(65536) + b"\\n")
`;

test("a local daemon gets messages of the older form, also after it was started anew", async (t) => {
  const made = folder(t);
  const [socket, out] = [path.join(made, "log"), path.join(made, "out")];
  const daemon = await startDaemon(t, socket, out);
  const { log } = open(t, syslog({ kind: "unix", path: socket }, { format: "rfc3164", hostname: false }));
  const got = (): string[] => (fs.existsSync(out) ? fs.readFileSync(out, "latin1").split("\n").slice(0, -1) : []);
  say(log, 0, 50);
  await waitUntil("all came", () => got().length === 50);
  for (const [i, message] of got().entries())
    assert.match(message, new RegExp(`^<${LOCAL7_INFO}>\\w{3} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d shop\\[\\d+\\]: /${i}$`));
  daemon.kill();
  await once(daemon, "exit");
  say(log, 50, 60);
  fs.rmSync(socket);
  await startDaemon(t, socket, out);
  await waitUntil("the rest came", () => got().length === 60);
  assert.deepEqual(
    got().map(numberIn),
    Array.from({ length: 60 }, (_, i) => i),
  );
});

test("a local daemon that listens on a stream gets a line for each message", async (t) => {
  const socket = path.join(folder(t), "log");
  const { got } = await takeStream(t, socket);
  const { log } = open(t, syslog({ kind: "unix", path: socket }, { format: "rfc3164" }));
  say(log, 0, 30);
  await waitUntil("all came", () => got.text.split("\n").length === 31);
});

test("the journal is told who speaks, then gets the lines", async (t) => {
  const socket = path.join(folder(t), "stdout");
  const { got } = await takeStream(t, socket);
  const { log } = open(t, { kind: "journald", tag: "shop" }, socket);
  say(log, 0, 3);
  await waitUntil("all came", () => got.text.endsWith("/2\n"));
  assert.equal(got.text, "shop\n\n6\n1\n0\n0\n0\n/0\n/1\n/2\n");
});

test("stop waits for the last lines, and no longer than a second for a receiver that takes none", async (t) => {
  const socket = path.join(folder(t), "stdout");
  const { got } = await takeStream(t, socket);
  const { log } = open(t, { kind: "journald", tag: "shop" }, socket);
  await waitUntil("it is connected", () => got.connections === 1);
  say(log, 0, 1000);
  await log.stop();
  await waitUntil("all came", () => got.text.endsWith("/999\n"));
  assert.equal(log.dropped, 0);
});

test("a message names neither host nor process where it is not to", () => {
  const config = { facility: 23, severity: 6, tag: "shop", hostname: false, pid: false };
  const sender = { hostname: "here", pid: 7 };
  const now = new Date(2026, 10, 5, 8, 9, 7);
  const old = syslogMessage({ ...config, format: "rfc3164" }, sender, "text\n", now);
  assert.equal(old, "<190>Nov  5 08:09:07 shop: text");
  const recent = syslogMessage({ ...config, format: "rfc5424" }, sender, "text\n", now);
  assert.match(recent, /^<190>1 [\d-]+T[\d:.]+Z - shop - - - text$/);
});
