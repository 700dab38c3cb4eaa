import assert from "node:assert/strict";
import { type ChildProcess, fork, spawn } from "node:child_process";
import { existsSync, lstatSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { PropylonError } from "../../src/base/errors.ts";
import { handlesWork, ListeningSocket } from "../../src/supervisor/listening.ts";
import type { SocketSpec } from "../../src/supervisor/socket-address.ts";
import { until } from "./instance.ts";

function tcp(host: string, port = 0): SocketSpec {
  return { address: `${host}:${port}`, host, port, path: null, mode: 0o666, owner: null, group: null, unlink: true };
}

function unix(path: string, more: Partial<SocketSpec> = {}): SocketSpec {
  return {
    address: `unix:${path}`,
    host: "",
    port: 0,
    path,
    mode: 0o660,
    owner: null,
    group: null,
    unlink: true,
    ...more,
  };
}

async function bind(t: TestContext, spec: SocketSpec): Promise<ListeningSocket> {
  const socket = await ListeningSocket.bind(spec);
  t.after(() => socket.close());
  return socket;
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "propylon-listening-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A process that accepts on what it is sent and answers with its name. */
function accepter(t: TestContext, name: string): ChildProcess {
  const child = fork(fileURLToPath(new URL("fixtures/accepter.ts", import.meta.url)), [name]);
  t.after(() => child.kill("SIGKILL"));
  return child;
}

async function lend(socket: ListeningSocket, child: ChildProcess): Promise<void> {
  await socket.lend(
    (handle) =>
      new Promise<void>((resolve) => {
        child.once("message", () => resolve());
        child.send("listen", handle as net.Server);
      }),
  );
}

function ask(where: net.TcpNetConnectOpts | net.IpcNetConnectOpts): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = net.connect(where);
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("end", () => resolve(text));
    socket.on("error", reject);
  });
}

async function problem(promise: Promise<unknown>): Promise<PropylonError> {
  const error = await promise.then(
    () => assert.fail("it was bound"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof PropylonError, String(error));
  assert.equal(error.kind, "user");
  assert.ok(error.remedy, "there is a remedy");
  return error;
}

test("this Node makes handles as we need them", () => {
  assert.equal(handlesWork(), true);
});

test("a client that comes while one edge follows another waits and is answered", async (t) => {
  const socket = await bind(t, tcp("127.0.0.1"));
  const first = accepter(t, "first");
  await lend(socket, first);
  assert.equal(await ask({ host: "127.0.0.1", port: socket.port }), "first");
  const gone = new Promise((resolve) => first.once("exit", resolve));
  first.kill("SIGKILL");
  await gone;
  const waiting = ask({ host: "127.0.0.1", port: socket.port });
  await lend(socket, accepter(t, "second"));
  assert.equal(await waiting, "second");
});

test("the same goes for a Unix socket, which has its mode from the start", async (t) => {
  const path = join(folder(t), "web.sock");
  const socket = await bind(t, unix(path, { mode: 0o600 }));
  assert.equal(lstatSync(path).mode & 0o777, 0o600);
  const first = accepter(t, "first");
  await lend(socket, first);
  assert.equal(await ask({ path }), "first");
  const gone = new Promise((resolve) => first.once("exit", resolve));
  first.kill("SIGKILL");
  await gone;
  const waiting = ask({ path });
  await lend(socket, accepter(t, "second"));
  assert.equal(await waiting, "second");
});

test("a star listens on every network, IPv6 too where there is any", async (t) => {
  const socket = await bind(t, tcp("*"));
  await lend(socket, accepter(t, "all"));
  assert.equal(await ask({ host: "127.0.0.1", port: socket.port }), "all");
  assert.equal(socket.url, `http://127.0.0.1:${socket.port}`);
});

test("a host name of this machine is looked up, an unknown one is told", async (t) => {
  const socket = await bind(t, tcp("localhost"));
  assert.ok(socket.port > 0);
  assert.match(
    (await problem(ListeningSocket.bind(tcp("no-such-host.invalid", 80)))).message,
    /no address is known for "no-such-host\.invalid"/,
  );
});

test("a port in use is told before anything is started, with who has it", async (t) => {
  const server = net.createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as net.AddressInfo;
  const { message } = await problem(ListeningSocket.bind(tcp("127.0.0.1", port)));
  assert.match(
    message,
    new RegExp(`^Cannot listen on 127\\.0\\.0\\.1:${port}: it is in use by .+ \\(pid ${process.pid}\\)$`),
  );
});

test("an address that is not this machine's is told", async () => {
  const { message } = await problem(ListeningSocket.bind(tcp("192.0.2.1", 8000)));
  assert.match(message, /192\.0\.2\.1 is no address of this machine/);
});

test("a Unix socket that a process listens on is left to it", async (t) => {
  const path = join(folder(t), "web.sock");
  const server = net.createServer().listen(path);
  t.after(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  assert.match((await problem(ListeningSocket.bind(unix(path)))).message, /it is in use/);
  assert.ok(existsSync(path));
});

test("a Unix socket that a dead process has left is replaced", async (t) => {
  const path = join(folder(t), "web.sock");
  const dead = spawn(process.execPath, [
    "-e",
    `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 9))`,
  ]);
  await new Promise((resolve) => dead.once("exit", resolve));
  assert.ok(lstatSync(path).isSocket());
  const socket = await bind(t, unix(path));
  await lend(socket, accepter(t, "new"));
  assert.equal(await ask({ path }), "new");
});

test("a file that is no socket is never removed, nor what a link points to", async (t) => {
  const directory = folder(t);
  const file = join(directory, "data");
  writeFileSync(file, "precious");
  const link = join(directory, "link.sock");
  symlinkSync(file, link);
  for (const path of [file, link]) {
    assert.match((await problem(ListeningSocket.bind(unix(path)))).message, /there is a file that is no socket/);
  }
  assert.ok(existsSync(file));
});

test("a Unix socket in a folder that does not exist is told", async (t) => {
  const { message, remedy } = await problem(ListeningSocket.bind(unix(join(folder(t), "none", "web.sock"))));
  assert.match(message, /there is no folder .*none$/);
  assert.equal(remedy, "make it");
});

test("closing removes our own Unix socket, not one that has taken its place, and not when told to leave it", async (t) => {
  const directory = folder(t);
  const path = join(directory, "web.sock");
  const first = await ListeningSocket.bind(unix(path));
  const second = await ListeningSocket.bind(unix(path), { replace: true });
  first.close();
  assert.ok(existsSync(path));
  second.close();
  assert.equal(existsSync(path), false);
  const left = await ListeningSocket.bind(unix(path, { unlink: false }));
  left.close();
  assert.ok(existsSync(path));
});

test("without bound handles a listener is lent all the same, and bound again for the next edge", async (t) => {
  for (const spec of [tcp("127.0.0.1"), unix(join(folder(t), "web.sock"))]) {
    const socket = await ListeningSocket.bind(spec, { plain: true });
    t.after(() => socket.close());
    const where = spec.path === null ? { host: "127.0.0.1", port: socket.port } : { path: spec.path };
    const first = accepter(t, "first");
    await lend(socket, first);
    assert.equal(await ask(where), "first");
    const gone = new Promise((resolve) => first.once("exit", resolve));
    first.kill("SIGKILL");
    await gone;
    await lend(socket, accepter(t, "second"));
    await until("the second answers", () =>
      ask(where).then(
        (text) => text === "second",
        () => false,
      ),
    );
  }
});
