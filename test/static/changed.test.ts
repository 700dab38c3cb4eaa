import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFileSync, closeSync, openSync, renameSync, rmSync, truncateSync, writeSync } from "node:fs";
import http2 from "node:http2";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { StaticCache } from "../../src/static/cache.ts";
import { createStaticHandler } from "../../src/static/handler.ts";
import { connect } from "../http/client.ts";
import { get } from "../http/fixtures.ts";
import { serve as serveHttp2, type TestServer } from "../http2/serve.ts";
import { BASE } from "./settings.ts";
import { openFilesBelow, openSite, put, type TestSite, until } from "./site.ts";

// More than the kernel's buffers take, so that most of it is still to be read when the file changes.
const SIZE = 16 * 1024 * 1024;
const OLD = 0x61;

let site: TestSite;
let front: TestServer;

before(async () => {
  site = await openSite();
  const handler = createStaticHandler({ ...BASE, root: site.root }, new StaticCache());
  front = await serveHttp2((exchange) => handler.handle(exchange));
  put(join(site.root, "next.txt"), "next");
});
after(async () => {
  await front[Symbol.asyncDispose]();
  await site.close();
});

/** What happens to the file after the first bytes of it have come; `whole`: the answer is what it began as, all of it. */
const CHANGES: readonly (readonly [what: string, change: (path: string) => void, whole: boolean])[] = [
  ["cut short", (path) => truncateSync(path, 1000), false],
  ["emptied", (path) => truncateSync(path, 0), false],
  ["deleted", (path) => rmSync(path), true],
  [
    "replaced by another",
    (path) => {
      put(`${path}.new`, Buffer.alloc(1000, 0x62));
      renameSync(`${path}.new`, path);
    },
    true,
  ],
  ["made longer", (path) => appendFileSync(path, "b".repeat(10_000)), true],
];

const RANGES: readonly (readonly [what: string, range: string | null, length: number])[] = [
  ["whole", null, SIZE],
  ["in a part", `bytes=1000-${SIZE - 1001}`, SIZE - 2000],
  ["in parts", `bytes=0-9,5000-${SIZE - 5001}`, SIZE - 10_000 + 10],
];

for (const [what, change, whole] of CHANGES)
  for (const [how, range, length] of RANGES) {
    const outcome = whole ? "arrives as it was" : "is visibly cut";
    test(`HTTP/1.1: a file that is ${what} while it is sent ${how} ${outcome}, and what follows it is never mistaken`, async () => {
      const path = join(site.root, "large.bin");
      put(path, Buffer.alloc(SIZE, OLD));
      const client = await connect(site.port);
      client.write(get("/large.bin", range === null ? "" : `Range: ${range}\r\n`));
      client.write(get("/next.txt", "Connection: close\r\n"));
      await client.until(() => client.length > 0);
      client.socket.pause();
      change(path);
      client.socket.resume();
      const { responses } = await client.finished();
      if (!whole) {
        assert.equal(responses.length, 0);
        return;
      }
      const [first, next] = responses;
      assert.deepEqual(
        [first!.status, next!.status, next!.body.latin1Slice()],
        [range === null ? 200 : 206, 200, "next"],
      );
      assert.equal(count(first!.body), length);
    });

    test(`HTTP/2: a file that is ${what} while it is sent ${how} ${outcome}, and other streams go on`, async () => {
      const path = join(site.root, "large.bin");
      put(path, Buffer.alloc(SIZE, OLD));
      const session = http2.connect(`http://127.0.0.1:${front.port}`);
      const stream = session.request({ ":path": "/large.bin", ...(range !== null && { range }) });
      const pieces: Buffer[] = [];
      await once(stream, "readable");
      change(path);
      stream.on("data", (chunk: Buffer) => {
        pieces.push(chunk);
      });
      const ended = await new Promise<string>((resolve) => {
        stream.once("end", () => resolve("ended"));
        stream.once("error", () => resolve("reset"));
      });
      if (whole) assert.deepEqual([ended, count(Buffer.concat(pieces))], ["ended", length]);
      else assert.equal(ended, "reset");
      const next = session.request({ ":path": "/next.txt" });
      let text = "";
      for await (const chunk of next) text += String(chunk);
      assert.equal(text, "next");
      session.destroy();
    });
  }

test("a file that is written over in place keeps the length that it was announced with", async () => {
  const path = join(site.root, "over.bin");
  put(path, Buffer.alloc(SIZE, OLD));
  const client = await connect(site.port);
  client.write(get("/over.bin") + get("/next.txt", "Connection: close\r\n"));
  await client.until(() => client.length > 0);
  client.socket.pause();
  const fd = openSync(path, "r+");
  writeSync(fd, Buffer.alloc(SIZE, 0x62));
  closeSync(fd);
  client.socket.resume();
  const { responses } = await client.finished();
  assert.deepEqual([responses[0]!.body.length, responses[1]!.body.latin1Slice()], [SIZE, "next"]);
});

test("none of it leaves a file open", () => until("all files are closed", () => openFilesBelow(site.root) === 0));

// --- internal ---

/** Bytes of the old file, not of the heads of parts. */
function count(body: Buffer): number {
  let found = 0;
  // Heads of parts have an `a` here and there, too, but only few in a row.
  for (let at = body.indexOf("aaaaaaaaaa"); at >= 0; at = body.indexOf("aaaaaaaaaa", at)) {
    const from = at;
    while (body[at] === OLD) at++;
    found += at - from;
  }
  return found;
}
