import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import type { ResponseBody, ResponseSink, StreamBody } from "./exchange.ts";
import { paced } from "./paced-body.ts";

/** A stream of these pieces that obeys what `write` returns. */
class Pieces implements StreamBody {
  readonly kind = "stream";
  readonly length = -1;
  readonly #pieces: Buffer[];
  #sink: ResponseSink | null = null;
  cancelled = 0;

  constructor(pieces: readonly Buffer[]) {
    this.#pieces = [...pieces];
  }

  start(sink: ResponseSink): void {
    this.#sink = sink;
    this.resume();
  }

  resume(): void {
    for (let piece = this.#pieces.shift(); piece !== undefined; piece = this.#pieces.shift())
      if (!this.#sink!.write(piece)) return;
    this.#sink!.end([["x-end", "1"]]);
  }

  cancel(): void {
    this.cancelled++;
  }
}

interface Outcome {
  readonly bytes: Buffer;
  readonly trailers: number;
  /** Bytes and the ms they came at. */
  readonly times: readonly (readonly [number, number])[];
}

/** All of a body, read by a client that takes a while for every `slow`th piece. */
function collect(body: ResponseBody, slow: number): Promise<Outcome> {
  assert.ok(body !== null && !Buffer.isBuffer(body) && body.kind === "stream");
  const came: Buffer[] = [];
  const times: (readonly [number, number])[] = [];
  const began = performance.now();
  return new Promise((resolve, reject) => {
    let count = 0;
    body.start({
      write: (chunk) => {
        came.push(Buffer.from(chunk));
        times.push([chunk.length, performance.now() - began]);
        if (++count % slow !== 0) return true;
        setImmediate(() => body.resume());
        return false;
      },
      end: (trailers) => resolve({ bytes: Buffer.concat(came), trailers: trailers?.length ?? 0, times }),
      fail: (reason) => reject(new Error(reason)),
    });
  });
}

/** No second, nor any other span of time, has more than its due. */
function assertPaced({ times }: Outcome, rate: number, after: number): void {
  let sent = 0;
  for (const [bytes, at] of times) {
    sent += bytes;
    assert.ok(sent <= after + rate * 0.25 + (at / 1000) * rate + 1, `${sent} bytes after ${at} ms`);
  }
}

test("a body in memory, in a file and from a stream goes out whole, and no faster than its pace", async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "propylon-pace-"));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const content = randomBytes(60_000);
  fs.writeFileSync(path.join(folder, "file"), content);
  const fd = fs.openSync(path.join(folder, "file"), "r");
  let closed = 0;
  const file = { kind: "file" as const, fd, start: 1000, length: 50_000, close: () => closed++ };
  const pace = { rate: 80_000, after: 5000 };
  const pieces = [content.subarray(0, 1), content.subarray(1, 40_000), content.subarray(40_000)];
  const [memory, read, streamed] = await Promise.all([
    collect(paced(content, pace), 2),
    collect(paced(file, pace), 1000),
    collect(paced(new Pieces(pieces), pace), 3),
  ]);
  fs.closeSync(fd);
  assert.ok(memory.bytes.equals(content) && streamed.bytes.equals(content));
  assert.ok(read.bytes.equals(content.subarray(1000, 51_000)));
  assert.deepEqual([closed, streamed.trailers], [1, 1]);
  for (const outcome of [memory, read, streamed]) assertPaced(outcome, pace.rate, pace.after);
});

test("what its pace does not hold up is left as it is", () => {
  const content = Buffer.alloc(1000);
  assert.equal(paced(content, { rate: 10, after: 1000 }), content);
  assert.equal(paced(content, { rate: 4000, after: 0 }), content);
  assert.equal(paced(content, { rate: 0, after: 0 }), content);
  assert.equal(paced(null, { rate: 1, after: 0 }), null);
  assert.notEqual(paced(content, { rate: 3999, after: 0 }), content);
});

test("a client that leaves, before the first byte or while its pace is waited for, lets go of everything", async () => {
  for (const starts of [false, true]) {
    const inner = new Pieces([Buffer.alloc(100)]);
    const body = paced(inner, { rate: 8, after: 0 }) as StreamBody;
    let written = 0;
    const write = (chunk: Buffer): boolean => {
      written += chunk.length;
      return true;
    };
    const sink = { write, end: () => {}, fail: () => {} };
    if (starts) body.start(sink);
    body.cancel();
    assert.deepEqual([inner.cancelled, written], [1, starts ? 2 : 0]);
  }
});

test("whatever the pieces and however the client reads, the bytes and their order stay", async () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(pieces, fc.integer({ min: 1, max: 5 }), async (arrays, slow) => {
      const buffers = arrays.map((one) => Buffer.from(one));
      const { bytes } = await collect(paced(new Pieces(buffers), { rate: 1e8, after: 0 }), slow);
      assert.ok(bytes.equals(Buffer.concat(buffers)));
    }),
  );
});
