import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { CLOSE, closePayload, frameHead, mayBeSent, TEXT } from "./frame.ts";
import { acceptKey } from "./handshake.ts";
import { MessageReader } from "./message-reader.ts";

/** A client's frame. */
function masked(opcode: number, payload: Buffer, final = true, mask = Buffer.from([7, 200, 0, 91])): Buffer {
  const head = frameHead(opcode, payload.length, final);
  head[1]! |= 0x80;
  return Buffer.concat([head, mask, payload.map((byte, at) => byte ^ mask[at & 3]!)]);
}

/** What a reader says of these bytes, cut into pieces of the given sizes. */
function read(bytes: Buffer, sizes: readonly number[], limit = 100_000): string[] {
  const said: string[] = [];
  const reader = new MessageReader(limit, {
    message: (text, data) => said.push(`${text ? "text" : "binary"} ${data.toString("hex")}`),
    ping: (data) => said.push(`ping ${data.toString("hex")}`),
    pong: () => said.push("pong"),
    closed: (code, reason) => said.push(`closed ${code} ${reason}`),
    failed: (code) => said.push(`failed ${code}`),
  });
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    reader.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return said;
}

const message = fc.record({
  text: fc.boolean(),
  pieces: fc.array(fc.string({ maxLength: 300 }), { minLength: 1, maxLength: 4 }),
  ping: fc.boolean(),
});
const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 });

test("messages come whole, however they are fragmented and cut", () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), sizes, (messages, cuts) => {
      const frames: Buffer[] = [];
      const expected: string[] = [];
      for (const { text, pieces, ping } of messages) {
        const whole = pieces.map((piece) => Buffer.from(piece.toWellFormed()));
        whole.forEach((piece, at) => {
          frames.push(masked(at > 0 ? 0 : text ? 1 : 2, piece, at === whole.length - 1));
          if (ping && at === 0) frames.push(masked(9, Buffer.from("p")));
        });
        if (ping) expected.push("ping 70");
        expected.push(`${text ? "text" : "binary"} ${Buffer.concat(whole).toString("hex")}`);
      }
      // A ping in the midst of a message is told before it; behind a message of one piece, after it.
      const order = (list: string[]): string[] => [...list].sort();
      const said = read(Buffer.concat(frames), cuts);
      assert.deepEqual(order(said), order(expected));
      assert.deepEqual(
        said.filter((one) => !one.startsWith("ping")),
        expected.filter((one) => !one.startsWith("ping")),
      );
    }),
  );
});

test("no bytes make it throw, and nothing is said after a fault or a close", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), sizes, (bytes, cuts) => {
      const said = read(Buffer.from(bytes), cuts, 500);
      const end = said.findIndex((one) => /^(?:failed|closed)/.test(one));
      assert.ok(end < 0 || end === said.length - 1);
      assert.deepEqual(read(Buffer.from(bytes), [1], 500), said);
    }),
  );
});

test("the sum of a message's pieces is what its limit counts, told by the head alone", () => {
  const first = masked(2, Buffer.alloc(60), false);
  assert.deepEqual(read(Buffer.concat([first, masked(0, Buffer.alloc(41)).subarray(0, 6)]), [1000], 100), [
    "failed 1009",
  ]);
  assert.equal(read(Buffer.concat([first, masked(0, Buffer.alloc(40))]), [1000], 100).length, 1);
});

test("lengths are in their shortest form", () => {
  for (const bytes of ["81fe0001", "82fe007d", "81ff000000000000ffff", "81ff8000000000000000"])
    assert.deepEqual(read(Buffer.concat([Buffer.from(bytes, "hex"), Buffer.alloc(10)]), [100]), ["failed 1002"]);
});

test("a close has a code that may be sent, and a reason in UTF-8, or nothing", () => {
  assert.deepEqual(read(masked(CLOSE, closePayload(1000, "grüße")), [3]), ["closed 1000 grüße"]);
  assert.deepEqual(read(masked(CLOSE, Buffer.alloc(0)), [3]), ["closed 1005 "]);
  assert.deepEqual(read(masked(CLOSE, Buffer.from([3])), [3]), ["failed 1002"]);
  assert.deepEqual(read(masked(CLOSE, Buffer.from([3, 232, 0xc3])), [3]), ["failed 1007"]);
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535]) assert.equal(mayBeSent(code), false);
  for (const code of [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999]) assert.equal(mayBeSent(code), true);
});

test("a close reason is cut to fit, at the end of a character", () => {
  const payload = closePayload(4000, "ä".repeat(100));
  assert.equal(payload.length, 124);
  assert.equal(payload.toString("utf8", 2), "ä".repeat(61));
  assert.deepEqual(closePayload(1005, "unsaid"), Buffer.alloc(0));
});

test("heads have the length's shortest form", () => {
  assert.equal(frameHead(TEXT, 125, true).toString("hex"), "817d");
  assert.equal(frameHead(TEXT, 126, true).toString("hex"), "817e007e");
  assert.equal(frameHead(TEXT, 65_535, false).toString("hex"), "017effff");
  assert.equal(frameHead(TEXT, 65_536, true).toString("hex"), "817f0000000000010000");
  assert.equal(frameHead(TEXT, 2 ** 32 + 1, true).toString("hex"), "817f0000000100000001");
});

test("the answer to the handshake's key is RFC 6455's", () => {
  assert.equal(acceptKey("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});
