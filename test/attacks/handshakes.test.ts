import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import { type TestContext, test } from "node:test";
import tls from "node:tls";
import { get, send, serve } from "../front/client.ts";
import { freePort, until } from "../support/instance.ts";

const PAGE = "sites: [{routes: [{respond: {body: hello}}]}]";
const OPENSSL = fs.existsSync("/usr/bin/openssl");

interface Held {
  readonly socket: net.Socket;
  readonly ended: Promise<unknown>;
}

/** A connection that has sent these bytes and waits. */
function hold(t: TestContext, port: number, bytes: Buffer): Held {
  const socket = net.connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
  socket.on("error", () => {});
  if (bytes.length > 0) socket.write(bytes);
  socket.resume();
  return { socket, ended: once(socket, "close") };
}

/** The beginning of a ClientHello, and what is none. */
const BEGINNINGS: readonly Buffer[] = [
  Buffer.alloc(0),
  Buffer.from([0x16]),
  Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]),
  Buffer.from([0x16, 3, 1, 0x40, 0, 1]),
];
const GARBAGE: readonly Buffer[] = [
  Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
  Buffer.alloc(20_000, 0x16),
  Buffer.from([0x16, 3, 1, 0, 4, 1, 0, 0, 0]),
  Buffer.from([0x15, 3, 1, 0, 2, 2, 40]),
  Buffer.from([0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10]),
];

test("handshakes that never end are ended in time, and clients beside them are served", async (t) => {
  const port = await freePort();
  await serve(t, `listeners: [{address: "127.0.0.1:${port}", tls: {internal: true}}]\ntimeouts: {head: 1s}\n${PAGE}\n`);
  const held = Array.from({ length: 60 }, (_, at) => hold(t, port, BEGINNINGS[at % BEGINNINGS.length]!));
  // One byte at a time, for ever, is no progress.
  const drip = hold(t, port, Buffer.from([0x16, 3, 1, 0x3f, 0xff, 1, 0, 0x3f, 0xfb, 3, 3]));
  const timer = setInterval(() => drip.socket.write("x"), 20);
  t.after(() => clearInterval(timer));
  const garbage = GARBAGE.map((bytes) => hold(t, port, bytes));
  await Promise.all(garbage.map((one) => one.ended));
  assert.equal((await send(port, get("/"), { tls: true }))?.body, "hello");
  await Promise.all([...held, drip].map((one) => one.ended));
  assert.equal((await send(port, get("/"), { tls: true }))?.body, "hello");
});

test("whatever name a client asks for by SNI, and whatever protocols it offers, the next one is served", async (t) => {
  const port = await freePort();
  const { output } = await serve(t, `listeners: [{address: "127.0.0.1:${port}", tls: {internal: true}}]\n${PAGE}\n`);
  const names = [
    "a".repeat(250),
    "..",
    "*.example",
    "constructor",
    "__proto__",
    "a b",
    "xn--",
    "-",
    "A.EXAMPLE",
    "a\x1b[2J",
  ];
  for (const name of names) {
    const socket = tls.connect({ port, host: "127.0.0.1", servername: name, rejectUnauthorized: false });
    socket.on("error", () => {});
    socket.once("secureConnect", () => socket.write(get("/")));
    socket.resume();
    await new Promise((resolve) => socket.once("close", resolve));
  }
  for (const ALPNProtocols of [["spdy/3"], ["h3", "x".repeat(200)]]) {
    const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols });
    socket.on("error", () => {});
    await new Promise((resolve) => socket.once("close", resolve));
  }
  assert.equal((await send(port, get("/"), { tls: true }))?.body, "hello");
  assert.doesNotMatch(output.err, /\x1b|Error:|at .*\.ts:\d+/);
});

test("a request in records of one byte each is a request, and no handshake follows the first", {
  skip: !OPENSSL && "openssl is not installed",
}, async (t) => {
  const port = await freePort();
  await serve(t, `listeners: [{address: "127.0.0.1:${port}", tls: {internal: true}}]\n${PAGE}\n`);
  const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  t.after(() => socket.destroy());
  await once(socket, "secureConnect");
  for (const byte of get("/", [`X: ${"y".repeat(500)}`])) socket.write(byte);
  let text = "";
  socket.setEncoding("latin1").on("data", (piece: string) => {
    text += piece;
  });
  await once(socket, "close");
  assert.match(text, /hello$/);

  const client = spawn("openssl", ["s_client", "-connect", `127.0.0.1:${port}`, "-tls1_2"], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  t.after(() => client.kill("SIGKILL"));
  let said = "";
  for (const stream of [client.stdout, client.stderr])
    stream.setEncoding("latin1").on("data", (piece: string) => {
      said += piece;
    });
  client.stdin.on("error", () => {});
  await until(() => said.includes("Verify return code"));
  client.stdin.write("R\n"); // another handshake
  await until(() => client.exitCode !== null);
  assert.match(said, /RENEGOTIATING[\s\S]*no renegotiation/);
  assert.equal((await send(port, get("/"), { tls: true }))?.body, "hello");
});

test("a PROXY protocol header that comes slowly, half or not at all ends its connection in time", async (t) => {
  const port = await freePort();
  await serve(
    t,
    `listeners: [{address: "127.0.0.1:${port}", proxy_protocol: {from: 127.0.0.1}}]\ntimeouts: {head: 1s}\n${PAGE}\n`,
  );
  const signature = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
  const halves = ["", "P", "PROXY TCP4 1.2.3.4", `PROXY ${" ".repeat(90)}`].map((text) => Buffer.from(text));
  const held = [...halves, signature, Buffer.concat([signature, Buffer.from([0x21, 0x11, 0xff, 0xff, 1])])].map(
    (bytes) => hold(t, port, bytes),
  );
  const drip = hold(t, port, Buffer.from("PROXY "));
  const timer = setInterval(() => drip.socket.write("T"), 20);
  t.after(() => clearInterval(timer));
  const wrong = [
    "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
    "PROXY TCP4 1.2.3.4 5.6.7.8 1 99999\r\n",
    `PROXY ${"x".repeat(200)}\r\n`,
    "GET / HTTP/1.1\r\n\r\n",
  ];
  await Promise.all(wrong.map((text) => hold(t, port, Buffer.from(text)).ended));
  assert.equal((await send(port, get("/"), { before: "PROXY TCP4 192.0.2.9 5.6.7.8 1 2\r\n" }))?.body, "hello");
  await Promise.all([...held, drip].map((one) => one.ended));
});
