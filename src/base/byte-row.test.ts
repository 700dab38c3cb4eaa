import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { ByteRow } from "./byte-row.ts";

test("whatever is put in, and taken out in between, comes in order and as it was", () => {
  const step = fc.oneof(
    fc.record({ put: fc.uint8Array({ maxLength: 3000 }), owned: fc.boolean() }),
    fc.constantFrom("shift", "whole"),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const row = new ByteRow();
      let expected = Buffer.alloc(0);
      for (const one of steps) {
        if (one === "whole") assert.ok(row.whole().equals(expected));
        else if (one === "shift") {
          const piece = row.shift();
          assert.ok(piece.equals(expected.subarray(0, piece.length)) && (piece.length > 0 || expected.length === 0));
          expected = expected.subarray(piece.length);
        } else {
          const piece = Buffer.from(one.put);
          row.append(piece, one.owned);
          expected = Buffer.concat([expected, Buffer.from(piece)]);
          if (!one.owned) piece.fill(0);
        }
        assert.equal(row.length, expected.length);
      }
      assert.ok(row.whole().equals(expected));
      row.clear();
      assert.equal(row.length + row.whole().length, 0);
    }),
  );
});

test("single bytes lie together: their row has few pieces", () => {
  const row = new ByteRow();
  for (let at = 0; at < 100_000; at++) row.append(Buffer.from([at & 255]));
  let pieces = 0;
  for (let at = 0; row.length > 0; pieces++) for (const byte of row.shift()) assert.equal(byte, at++ & 255);
  assert.ok(pieces < 20, `${pieces} pieces`);
});
