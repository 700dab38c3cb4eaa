import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { StaticCache } from "../../src/static/cache.ts";
import { createStaticHandler } from "../../src/static/handler.ts";
import { ask, exchange, parse } from "./client.ts";
import { BASE } from "./settings.ts";
import { openFilesBelow, openSite, put, type TestSite, until } from "./site.ts";

let site: TestSite;

before(async () => {
  site = await openSite();
});
after(async () => {
  await until("all files are closed", () => openFilesBelow(site.folder) === 0);
  await site.close();
});

test("a FIFO, a socket and a device are not found, and nobody waits for them", async () => {
  execFileSync("mkfifo", [join(site.root, "fifo")]);
  const server = net.createServer();
  await new Promise<void>((done) => server.listen(join(site.root, "socket"), done));
  try {
    assert.equal((await ask(site.port, "/fifo")).status, 404);
    assert.equal((await ask(site.port, "/socket")).status, 404);
    site.use(createStaticHandler({ ...BASE, root: "/dev", symlinks: true }, site.cache));
    for (const target of ["/null", "/zero", "/tty", "/stdin"]) assert.equal((await ask(site.port, target)).status, 404);
  } finally {
    site.use(createStaticHandler({ ...BASE, root: site.root }, site.cache));
    await new Promise((done) => server.close(done));
  }
});

test("a file that the server's user may not read is answered 403, other users' folders too", {
  skip: !mayChangeUser(),
}, async () => {
  put(join(site.root, "locked.txt"), "locked");
  mkdirSync(join(site.root, "locked"), { mode: 0o700 });
  put(join(site.root, "locked/a.txt"), "locked");
  const said: unknown[] = [];
  const log = { warn: (message: string, fields: unknown) => said.push([message, fields]) };
  const handler = createStaticHandler({ ...BASE, root: site.root }, site.cache, log as never);
  site.use(handler);
  execFileSync("chmod", ["600", join(site.root, "locked.txt")]);
  execFileSync("chmod", ["755", site.folder]);
  process.seteuid!(65_534);
  try {
    // The pool's threads change with the process.
    assert.equal((await ask(site.port, "/locked.txt")).status, 403);
    assert.equal((await ask(site.port, "/locked/a.txt")).status, 403);
    for (let i = 0; i < 20; i++) await ask(site.port, "/locked.txt");
  } finally {
    process.seteuid!(0);
    site.use(createStaticHandler({ ...BASE, root: site.root }, site.cache));
  }
  assert.deepEqual(said[0], ["can't serve a file", { root: site.root, path: "/locked.txt", code: "EACCES" }]);
  assert.equal(said.length, 10);
});

test("without descriptors left the answer is 503, and files are served again afterwards", async () => {
  put(join(site.root, "a.txt"), "again");
  const child = spawn(
    "sh",
    [
      "-c",
      'ulimit -n 128; exec "$0" "$1" "$2"',
      process.execPath,
      join(import.meta.dirname, "exhausted.ts"),
      site.root,
    ],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let output = "";
  child.stdout.on("data", (piece) => {
    output += piece;
  });
  const code = await new Promise((done) => child.once("exit", done));
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(output), { exhausted: 503, retry: "1", relieved: 200 });
});

test("a root behind a moving link follows it within a second", async () => {
  const own = await openSite();
  try {
    for (const release of ["1", "2"]) {
      put(join(own.folder, `releases/${release}/version.txt`), `release ${release}`);
      put(join(own.folder, `releases/${release}/only-${release}.txt`), release);
    }
    const current = join(own.folder, "current");
    symlinkSync("releases/1", current);
    own.use(createStaticHandler({ ...BASE, root: current }, own.cache));
    assert.equal((await ask(own.port, "/version.txt")).body.toString(), "release 1");
    assert.equal((await ask(own.port, "/only-1.txt")).status, 200);
    const began = performance.now();
    symlinkSync("releases/2", `${current}.new`);
    renameSync(`${current}.new`, current);
    await until(
      "release 2 is served",
      async () => (await ask(own.port, "/version.txt")).body.toString() === "release 2",
    );
    assert.ok(performance.now() - began < 2500);
    assert.equal((await ask(own.port, "/only-2.txt")).status, 200);
    await until("release 1 is gone", async () => (await ask(own.port, "/only-1.txt")).status === 404);
  } finally {
    await own.close();
  }
});

test("a link that is swapped back and forth while it is opened never leads out", async () => {
  const own = await openSite({}, new StaticCache({ cacheSize: 0, cacheFile: 0 }));
  const swap = spawn("sh", [
    "-c",
    'while :; do ln -sfn "$0" "$2.a"; mv -T "$2.a" "$2"; ln -sfn "$1" "$2.a"; mv -T "$2.a" "$2"; done',
    join(own.root, "inside"),
    join(own.folder, "outside"),
    join(own.root, "link"),
  ]);
  try {
    put(join(own.root, "inside/a.txt"), "inside");
    put(join(own.folder, "outside/a.txt"), "outside");
    const seen = new Set<string>();
    await until("both ends of the link were met", async () => {
      for (let i = 0; i < 20; i++) {
        const answer = await ask(own.port, "/link/a.txt");
        seen.add(answer.status === 200 ? answer.body.toString() : String(answer.status));
      }
      return seen.has("inside") && seen.has("404");
    });
    for (let i = 0; i < 500; i++) {
      const answer = await ask(own.port, "/link/a.txt");
      seen.add(answer.status === 200 ? answer.body.toString() : String(answer.status));
    }
    assert.deepEqual([...seen].sort(), ["404", "inside"]);
  } finally {
    const ended = new Promise((done) => swap.once("exit", done));
    swap.kill("SIGKILL");
    await ended;
    await own.close();
  }
});

test("a file cut short while it is sent ends the connection, so that the client can tell", async () => {
  const path = join(site.root, "cut.bin");
  put(path, Buffer.alloc(64 * 1024 * 1024));
  for (const range of ["", "Range: bytes=0-1,5-60000000\r\n"]) {
    truncateSync(path, 64 * 1024 * 1024);
    const received = await new Promise<number>((done, failed) => {
      let bytes = 0;
      const socket = net.connect(site.port, "127.0.0.1", () =>
        socket.write(`GET /cut.bin HTTP/1.1\r\nHost: a\r\n${range}\r\n`),
      );
      socket.once("data", () => {
        truncateSync(path, 1000);
      });
      socket.on("data", (piece) => {
        bytes += piece.length;
      });
      socket.once("close", () => done(bytes));
      socket.once("error", (error: NodeJS.ErrnoException) =>
        error.code === "ECONNRESET" ? done(bytes) : failed(error),
      );
    });
    assert.ok(received < 60_000_000);
  }
  rmSync(path);
});

test("a file deleted while it is sent arrives whole", async () => {
  const path = join(site.root, "deleted.bin");
  put(path, Buffer.alloc(20 * 1024 * 1024, 7));
  const raw = await new Promise<Buffer>((done, failed) => {
    const pieces: Buffer[] = [];
    const socket = net.connect(site.port, "127.0.0.1", () =>
      socket.write("GET /deleted.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
    );
    socket.once("data", () => rmSync(path));
    socket.on("data", (piece: Buffer) => pieces.push(piece));
    socket.once("end", () => done(Buffer.concat(pieces)));
    socket.once("error", failed);
  });
  assert.equal(parse(raw).body.length, 20 * 1024 * 1024);
  assert.equal((await ask(site.port, "/deleted.bin")).status, 404);
});

test("clients that leave in the middle leave no file open", async () => {
  put(join(site.root, "left.bin"), Buffer.alloc(20 * 1024 * 1024));
  for (const range of ["", "Range: bytes=0-1,5-9000000,9000010-\r\n"]) {
    for (let i = 0; i < 10; i++) {
      const socket = net.connect(site.port, "127.0.0.1", () =>
        socket.write(`GET /left.bin HTTP/1.1\r\nHost: a\r\n${range}\r\n`),
      );
      await new Promise((done) => socket.once("data", done));
      socket.resetAndDestroy();
    }
  }
  await until("all files are closed", () => openFilesBelow(site.folder) === 0);
});

test("a rush for a file that nobody asked for before gets it, every one", async () => {
  put(join(site.root, "rush.txt"), "rush");
  put(join(site.root, "rush.bin"), Buffer.alloc(2_000_000, 1));
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, i) => ask(site.port, i % 2 === 0 ? "/rush.txt" : "/rush.bin")),
  );
  for (const [i, answer] of answers.entries())
    assert.deepEqual([answer.status, answer.body.length], [200, i % 2 === 0 ? 4 : 2_000_000]);
});

test("answers come in the order of pipelined requests, from memory and from disk", async () => {
  put(join(site.root, "p.txt"), "small");
  put(join(site.root, "p.bin"), Buffer.alloc(2_000_000, 65));
  await ask(site.port, "/p.txt");
  const request = (target: string, close = "") => `GET ${target} HTTP/1.1\r\nHost: a\r\n${close}\r\n`;
  const raw = await exchange(
    site.port,
    request("/p.bin") + request("/p.txt") + request("/none") + request("/p.txt", "Connection: close\r\n"),
  );
  const order = [...raw.toString("latin1").matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => match[1]);
  assert.deepEqual(order, ["200", "200", "404", "200"]);
  assert.ok(raw.toString("latin1").endsWith("small"));
  await setImmediate();
});

/** Giving up root's rights needs root. */
function mayChangeUser(): boolean {
  return process.getuid?.() === 0;
}
