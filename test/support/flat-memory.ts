import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import path from "node:path";
import type { Readable } from "node:stream";
import type { TestContext } from "node:test";
import tls from "node:tls";
import { makeCertificate } from "../tls/certificates.ts";
import { folder, freePort, type Instance, start, until } from "./instance.ts";

const MIB = 1024 * 1024;

/** What the edge may take at its peak beyond what it had before, bytes, whatever the size of a body: reads that wait for the garbage collector above all. */
const ALLOWED = 96 * MIB;

/** A running Propylon with a large sparse file, and an upstream that gives and takes bodies of that size. */
export interface LargeBodies {
  readonly size: number;
  readonly ports: { readonly plain: number; readonly secure: number };
  /** Does `what`, and fails when the edge's resident memory rose by more than `ALLOWED` at any moment meanwhile. */
  flat(name: string, what: () => Promise<void>): Promise<void>;
}

export async function largeBodies(t: TestContext, size: number): Promise<LargeBodies> {
  const behind = await upstream(t, size);
  const ports = { plain: await freePort(), secure: await freePort() };
  const cwd = folder(t, { "files/small": "s" });
  fs.closeSync(fs.openSync(path.join(cwd, "files", "large"), "w"));
  fs.truncateSync(path.join(cwd, "files", "large"), size);
  const { certificate, key } = makeCertificate(cwd, "a", ["127.0.0.1"]);
  fs.writeFileSync(
    path.join(cwd, "propylon.yaml"),
    `listeners: ["127.0.0.1:${ports.plain}", { address: "127.0.0.1:${ports.secure}", tls: { certificate: "${certificate}", key: "${key}" } }]
limits: { body: 2GB }
access_log: false
sites:
  - routes:
      - { path: /files, static: files }
      - { path: /buffered, proxy: "http://127.0.0.1:${behind}" }
      - { path: /streamed, proxy: { to: "http://127.0.0.1:${behind}", buffering: false, request_buffering: false } }
`,
  );
  const instance = start(t, ["run"], { cwd });
  await instance.url;
  const edge = await edgeOf(instance);
  return {
    size,
    ports,
    flat: async (name, what) => {
      // The peak begins anew (proc(5)).
      fs.writeFileSync(`/proc/${edge}/clear_refs`, "5");
      const before = resident(edge, "VmRSS");
      await what();
      const grown = resident(edge, "VmHWM") - before;
      assert.ok(grown < ALLOWED, `${name}: ${Math.round(grown / MIB)} MiB more for ${Math.round(size / MIB)} MiB`);
      t.diagnostic(`${name}: ${Math.round(grown / MIB)} MiB at the peak above ${Math.round(before / MIB)} MiB`);
    },
  };
}

/** Every way that a large body takes through the edge, each with a client that reads as fast as it can and one that stops for a while. */
export async function passAll(t: TestContext, stage: LargeBodies): Promise<void> {
  const { size, ports } = stage;
  const plain = (): net.Socket => net.connect(ports.plain, "127.0.0.1");
  const secure = (): net.Socket => tls.connect({ port: ports.secure, host: "127.0.0.1", rejectUnauthorized: false });
  for (const [name, connect] of [
    ["HTTP/1.1", plain],
    ["TLS", secure],
  ] as const)
    for (const [from, target] of [
      ["a file", "/files/large"],
      ["a proxied answer, buffered", "/buffered/large"],
      ["a proxied answer, streamed", "/streamed/large"],
    ] as const) {
      if (connect === secure && target !== "/files/large") continue;
      await t.test(`${name}: ${from} to a quick and a slow client`, () =>
        stage.flat(`${name}, ${from}`, () => twice((slow) => download(connect(), target, size, slow))),
      );
    }
  for (const [from, target] of [
    ["a file", "/files/large"],
    ["a proxied answer, buffered", "/buffered/large"],
  ] as const)
    await t.test(`HTTP/2: ${from} to a quick and a slow client`, () =>
      stage.flat(`HTTP/2, ${from}`, () => twice((slow) => downloadHttp2(ports.secure, target, size, slow))),
    );
  for (const how of ["buffered", "streamed"])
    await t.test(`an upload, ${how}, to an upstream`, () =>
      stage.flat(`upload, ${how}`, () => upload(ports.plain, `/${how}/take`, size)),
    );
}

// --- internal ---

async function upstream(t: TestContext, size: number): Promise<number> {
  const piece = Buffer.alloc(256 * 1024, 0x78);
  const server = http.createServer((request, response) => {
    if (request.method === "POST") {
      let taken = 0;
      request.on("data", (chunk: Buffer) => {
        taken += chunk.length;
      });
      request.on("end", () => response.end(String(taken)));
      return;
    }
    response.writeHead(200, { "Content-Length": size });
    let left = size;
    const more = (): void => {
      while (left > 0) {
        left -= piece.length;
        if (!response.write(piece)) return;
      }
      response.end();
    };
    response.on("drain", more);
    more();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as net.AddressInfo).port;
}

async function edgeOf({ output }: Instance): Promise<number> {
  const ready = /edge 0: is ready pid=(\d+)/;
  await until(() => ready.test(output.err));
  return Number(ready.exec(output.err)![1]);
}

/** Bytes. */
function resident(pid: number, field: "VmRSS" | "VmHWM"): number {
  const found = new RegExp(`${field}:\\s+(\\d+) kB`).exec(fs.readFileSync(`/proc/${pid}/status`, "latin1"));
  return Number(found![1]) * 1024;
}

/** One client that reads all, and one that stops after an eighth until the other has all. */
async function twice(get: (slow: Promise<void> | null) => Promise<void>): Promise<void> {
  let over = (): void => {};
  const quick = new Promise<void>((resolve) => {
    over = resolve;
  });
  await Promise.all([get(quick), get(null).finally(over)]);
}

async function download(socket: net.Socket, target: string, size: number, slow: Promise<void> | null): Promise<void> {
  socket.write(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  let head = 0;
  const count = await countBytes(socket, size, slow, (chunk) => {
    head = chunk.indexOf("\r\n\r\n") + 4;
    assert.match(chunk.latin1Slice(0, head), /^HTTP\/1\.1 200 /);
  });
  socket.destroy();
  assert.equal(count - head, size);
}

async function downloadHttp2(port: number, target: string, size: number, slow: Promise<void> | null): Promise<void> {
  const session = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  const stream = session.request({ ":path": target });
  const count = await countBytes(stream, size, slow, () => {});
  session.destroy();
  assert.equal(count, size);
}

/** Reads to the end; `first` is given the first piece. */
async function countBytes(
  from: Readable,
  size: number,
  slow: Promise<void> | null,
  first: (chunk: Buffer) => void,
): Promise<number> {
  let count = 0;
  let stopped = slow === null;
  from.on("data", (chunk: Buffer) => {
    if (count === 0) first(chunk);
    count += chunk.length;
    if (stopped || count < size / 8) return;
    stopped = true;
    from.pause();
    void slow!.then(() => from.resume());
  });
  await once(from, "end");
  return count;
}

async function upload(port: number, target: string, size: number): Promise<void> {
  const request = http.request({
    port,
    host: "127.0.0.1",
    path: target,
    method: "POST",
    agent: false,
    headers: { "Content-Length": size },
  });
  const piece = Buffer.alloc(256 * 1024, 0x79);
  for (let left = size; left > 0; left -= piece.length) if (!request.write(piece)) await once(request, "drain");
  request.end();
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  let text = "";
  for await (const chunk of response) text += String(chunk);
  assert.deepEqual([response.statusCode, text], [200, String(size)]);
}
