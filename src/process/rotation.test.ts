import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { bytesForFile } from "./rotation.ts";

const cut = (text: string, size: number, atLineStart: boolean, limit: number): number =>
  bytesForFile(Buffer.from(text), { size, atLineStart, limit });

test("what fits is written, and everything fits where there is no limit", () => {
  assert.equal(cut("one\n", 6, true, 10), 4);
  assert.equal(cut("one\n", 1e9, true, 0), 4);
});

test("a new file begins between two lines", () => {
  assert.equal(cut("one\ntwo\n", 4, true, 10), 4);
  assert.equal(cut("two\n", 8, true, 10), 0);
  assert.equal(cut("rest\ntwo\n", 9, false, 10), 5);
});

test("a line longer than a file is kept whole, up to twice the limit", () => {
  assert.equal(cut("a very long line\nnext\n", 0, true, 10), 17);
  assert.equal(cut("x".repeat(50), 0, true, 10), 20);
  assert.equal(cut("x".repeat(50), 20, false, 10), 0);
});

/** Writes chunks by the rule; the files, oldest first. */
function files(chunks: readonly string[], limit: number): string[] {
  const all = [""];
  for (const chunk of chunks) {
    let rest = Buffer.from(chunk, "latin1");
    while (rest.length > 0) {
      const text = all.at(-1)!;
      const count = bytesForFile(rest, { size: text.length, atLineStart: text === "" || text.endsWith("\n"), limit });
      if (count === 0) all.push("");
      else all[all.length - 1] += rest.toString("latin1", 0, count);
      rest = rest.subarray(count);
    }
  }
  return all;
}

test("whichever way bytes come, none is lost, no file is empty or above twice the limit, and short lines are never torn", () => {
  const bytes = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "\n"), minLength: 1, maxLength: 30 }), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(bytes, fc.integer({ min: 1, max: 20 }), (chunks, limit) => {
      const all = files(chunks, limit);
      assert.equal(all.join(""), chunks.join(""));
      const longest = Math.max(
        ...chunks
          .join("")
          .split("\n")
          .map((line) => line.length + 1),
      );
      for (const [index, text] of all.entries()) {
        assert.ok(text.length <= Math.max(2 * limit, limit + longest));
        if (index < all.length - 1) {
          assert.ok(text.length > 0);
          if (longest <= limit) assert.ok(text.endsWith("\n") && text.length <= limit + longest, JSON.stringify(all));
        }
      }
    }),
  );
});
