import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { Refusal } from "../http/refusal.ts";
import { packetSize, parseVariables } from "./packet.ts";

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value, "latin1");
  return Buffer.concat([Buffer.from([bytes.length & 0xff, bytes.length >> 8]), bytes]);
};

test("what was written is read, and every cut within a variable is refused", () => {
  const pairs = fc.array(fc.tuple(fc.stringMatching(/^[A-Z_]{1,20}$/), fc.stringMatching(/^[ -~]{0,40}$/)), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(pairs, (list) => {
      const block = Buffer.concat(list.flatMap(([name, value]) => [text(name), text(value)]));
      assert.deepEqual(parseVariables(block), new Map(list));
      const ends = new Set([0]);
      let end = 0;
      for (const [name, value] of list) {
        end += 4 + name.length + value.length;
        ends.add(end);
      }
      for (let cut = 0; cut <= block.length; cut++)
        assert.equal(parseVariables(block.subarray(0, cut)) instanceof Refusal, !ends.has(cut), `cut at ${cut}`);
    }),
    { numRuns: 50 },
  );
});

test("no bytes make the parser read beyond them or fail", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const read = parseVariables(Buffer.from(bytes));
      if (read instanceof Refusal) return;
      let size = 0;
      for (const [name, value] of read) size += 4 + name.length + value.length;
      assert.ok(size <= bytes.length);
    }),
    { numRuns: 500 },
  );
});

test("no modifier but 0 is served", () => {
  for (let modifier = 1; modifier < 256; modifier++)
    assert.ok(packetSize(Buffer.from([modifier, 0, 0, 0])) instanceof Refusal);
  assert.equal(packetSize(Buffer.from([0, 2, 1, 0])), 258);
});
