import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import * as frames from "./frames.ts";

interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly type: keyof typeof TYPES;
  readonly stream: number;
  readonly [field: string]: unknown;
}

const { REQUEST, RESPONSE, HEAD, HELLO, HELP, FOLLOW, BODY, END, ABORT, PULL, MESSAGE, CLOSE, INTERRUPT } = frames;
const TYPES = { REQUEST, RESPONSE, HEAD, HELLO, HELP, FOLLOW, BODY, END, ABORT, PULL, MESSAGE, CLOSE, INTERRUPT };

const file = path.join(import.meta.dirname, "..", "..", "protocol", "vectors", "frames.json");
const vectors = JSON.parse(fs.readFileSync(file, "utf8")) as Vector[];

function read(bytes: Buffer): { type: number; stream: number; payload: Buffer } {
  const found: { type: number; stream: number; payload: Buffer }[] = [];
  const reader = new frames.FrameReader((type, stream, payload) => found.push({ type, stream, payload }));
  assert.equal(reader.push(bytes), true);
  assert.equal(found.length, 1);
  return found[0]!;
}

for (const vector of vectors) {
  test(`golden vector: ${vector.name}`, () => {
    const bytes = Buffer.from(vector.hex, "hex");
    const { type, stream, payload } = read(bytes);
    assert.equal(type, TYPES[vector.type]);
    assert.equal(stream, vector.stream);
    switch (vector.type) {
      case "REQUEST": {
        const body = Buffer.from(vector["body"] as string, "hex");
        const frame = { ...(vector as unknown as frames.RequestFrame), body: body.length === 0 ? null : body };
        const written = Buffer.alloc(frames.requestSize(frame));
        assert.equal(frames.writeRequest(written, 0, frame), written.length);
        assert.equal(written.toString("hex"), vector.hex);
        return;
      }
      case "RESPONSE": {
        const headEnd = frames.RESPONSE_PREFIX + payload.readUInt16LE(6);
        assert.equal(payload.readUInt32LE(0), vector["service"]);
        assert.equal(payload[5], vector["mode"]);
        assert.equal(payload.latin1Slice(frames.RESPONSE_PREFIX, headEnd), vector["head"]);
        assert.equal(payload.subarray(headEnd).toString("hex"), vector["body"]);
        return;
      }
      case "HEAD":
        assert.deepEqual(frames.decodeAnswerHead(payload), {
          length: vector["length"],
          streaming: vector["flags"] === 1,
          head: vector["head"],
        });
        return;
      case "HELLO": {
        const { version, kind, lane, worker, lanes } = vector;
        assert.deepEqual(frames.decodeHello(payload), { version, kind, lane, worker, lanes });
        return;
      }
      default:
        assert.equal(frames.encodeFrame(type, stream, payload).toString("hex"), vector.hex);
        assert.equal(payload.toString("hex"), vector["payload"]);
    }
  });
}

test("frames come whole, whatever pieces their bytes come in", () => {
  const all = Buffer.concat(vectors.map((vector) => Buffer.from(vector.hex, "hex")));
  for (const size of [1, 7, 64]) {
    const heads: string[] = [];
    const reader = new frames.FrameReader((type, stream, payload) => heads.push(`${type} ${stream} ${payload.length}`));
    for (let at = 0; at < all.length; at += size) reader.push(all.subarray(at, at + size));
    assert.deepEqual(
      heads,
      vectors.map((vector) => {
        const bytes = Buffer.from(vector.hex, "hex");
        return `${bytes[8]} ${vector.stream} ${bytes.length - 9}`;
      }),
    );
  }
});

test("a large piece of a body passes as it is read, whatever pieces its bytes come in", () => {
  const body = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251));
  const small = frames.encodeFrame(BODY, 7, body.subarray(0, 100));
  const all = Buffer.concat([small, frames.encodeFrame(BODY, 7, body), frames.encodeFrame(HEAD, 9, body), small]);
  for (const size of [1, 1000, 16_384, 65_536, 400_000]) {
    const bodies: Buffer[] = [];
    const others: number[] = [];
    const reader = new frames.FrameReader((type, stream, payload) => {
      if (type === BODY && stream === 7) bodies.push(payload);
      else others.push(type, stream, payload.length);
      assert.ok(type !== BODY || size >= payload.length || payload.length <= frames.WHOLE, `${payload.length} waited`);
    });
    for (let at = 0; at < all.length; at += size) assert.equal(reader.push(all.subarray(at, at + size)), true);
    assert.deepEqual(Buffer.concat(bodies), Buffer.concat([body.subarray(0, 100), body, body.subarray(0, 100)]));
    assert.deepEqual(others, [HEAD, 9, body.length]);
  }
});

test("a payload longer than the protocol allows is refused before it is read", () => {
  const head = Buffer.alloc(9);
  head.writeUInt32LE(frames.MAX_PAYLOAD + 1);
  assert.equal(new frames.FrameReader(() => assert.fail("a frame was read")).push(head), false);
});
