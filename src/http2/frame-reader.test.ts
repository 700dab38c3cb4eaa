import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { frameHead, MAX_PAYLOAD } from "./frame.ts";
import { FrameReader } from "./frame-reader.ts";

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: string;
}

/** The frames in these reads. */
function read(pieces: readonly Buffer[]): Frame[] {
  const reader = new FrameReader();
  const frames: Frame[] = [];
  for (const piece of pieces) {
    let at = 0;
    for (;;) {
      at = reader.read(piece, at);
      if (at < 0) break;
      const { type, flags, stream, payload } = reader;
      frames.push({ type, flags, stream, payload: payload.latin1Slice() });
    }
  }
  return frames;
}

test("frames are the same however their bytes come", () => {
  const frame = fc.record(
    {
      type: fc.nat(255),
      flags: fc.nat(255),
      stream: fc.nat(0x7fffffff),
      payload: fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes).latin1Slice()),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 6 }), fc.array(fc.nat(300), { maxLength: 8 }), (frames, cuts) => {
      const text = frames
        .map((one) => frameHead(one.payload.length, one.type, one.flags, one.stream) + one.payload)
        .join("");
      const bytes = Buffer.from(text, "latin1");
      const marks = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
      const pieces = marks.slice(1).map((mark, i) => bytes.subarray(marks[i], mark));
      assert.deepEqual(read(pieces), frames);
    }),
  );
});

test("a frame that is too long is not waited for", () => {
  for (const length of [MAX_PAYLOAD + 1, 0xffffff]) {
    for (const cut of [3, 9]) {
      const reader = new FrameReader();
      const head = Buffer.from(frameHead(length, 0, 0, 1), "latin1");
      assert.equal(reader.read(head.subarray(0, cut), 0), -1);
      if (cut < 9) assert.equal(reader.read(head.subarray(cut), 0), -1);
      assert.equal(reader.oversized, true);
    }
  }
});

test("the reserved bit of a stream's number is ignored", () => {
  const bytes = Buffer.from(frameHead(0, 6, 0, 5), "latin1");
  bytes[5] = 0x80;
  assert.equal(read([bytes])[0]!.stream, 5);
});
