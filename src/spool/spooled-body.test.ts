import assert from "node:assert/strict";
import { test } from "node:test";
import type { BodySink, RequestBody } from "../http/exchange.ts";
import { SpooledBody } from "./spooled-body.ts";

/** A client's body whose pieces the test hands over. */
class HandedBody implements RequestBody {
  readonly length = -1;
  paused = 0;
  resumed = 0;
  sink: BodySink | null = null;
  read(sink: BodySink): void {
    this.sink = sink;
  }
  pause(): void {
    this.paused++;
  }
  resume(): void {
    this.resumed++;
  }
}

async function collect(pieces: readonly Buffer[], memoryLimit: number): Promise<SpooledBody> {
  const source = new HandedBody();
  return new Promise((resolve, reject) => {
    const body = new SpooledBody(source, memoryLimit, {
      ready: () => resolve(body),
      failed: (_status, reason) => reject(new Error(reason)),
    });
    body.start();
    for (const piece of pieces) source.sink!.data(piece);
    source.sink!.end();
  });
}

async function readAll(body: SpooledBody, piece: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (;;) {
    const part = await new Promise<Buffer>((resolve) => body.next(piece, resolve));
    if (part.length === 0) return Buffer.concat(parts);
    parts.push(part);
  }
}

const pieces = Array.from({ length: 50 }, (_, i) => Buffer.alloc(10_000, i));
const whole = Buffer.concat(pieces);

for (const [where, limit] of [
  ["memory", 1_000_000],
  ["a file", 25_000],
] as const) {
  test(`a body in ${where} is given out whole, in pieces of any size, and again after a rewind`, async () => {
    const body = await collect(pieces, limit);
    assert.equal(body.length, whole.length);
    assert.deepEqual(await readAll(body, 7_777), whole);
    body.rewind();
    assert.deepEqual(await readAll(body, 1 << 20), whole);
    body.close();
  });
}

test("a piece whose memory the source uses again is kept as it was", async () => {
  const source = new HandedBody();
  const body = await new Promise<SpooledBody>((resolve, reject) => {
    const b: SpooledBody = new SpooledBody(source, 100, {
      ready: () => resolve(b),
      failed: () => reject(new Error("failed")),
    });
    b.start();
    const piece = Buffer.from("abc");
    source.sink!.data(piece);
    piece.fill(0);
    source.sink!.end();
  });
  assert.equal(body.inline?.toString(), "abc");
});

test("a source that is faster than the disk is held back and let go on", async () => {
  const source = new HandedBody();
  await new Promise<void>((resolve, reject) => {
    const body: SpooledBody = new SpooledBody(source, 0, {
      ready: () => {
        body.close();
        resolve();
      },
      failed: (_status, reason) => reject(new Error(reason)),
    });
    body.start();
    for (let i = 0; i < 64; i++) source.sink!.data(Buffer.alloc(100_000));
    assert.equal(source.paused, 1);
    const wait = setInterval(() => {
      if (source.resumed === 0) return;
      clearInterval(wait);
      source.sink!.end();
    }, 1);
  });
  assert.equal(source.resumed, 1);
});
