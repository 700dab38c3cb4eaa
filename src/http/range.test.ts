import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { contentRange, evaluateRange, MAX_RANGES } from "./range.ts";

type Expected = "whole" | "unsatisfiable" | readonly (readonly [start: number, end: number])[];

// The examples of RFC 9110 §14.1.2 use 10000 bytes.
const CASES: readonly (readonly [field: string, size: number, expected: Expected])[] = [
  ["bytes=0-499", 10_000, [[0, 499]]],
  ["bytes=500-999", 10_000, [[500, 999]]],
  ["bytes=-500", 10_000, [[9500, 9999]]],
  ["bytes=9500-", 10_000, [[9500, 9999]]],
  [
    "bytes=0-0,-1",
    10_000,
    [
      [0, 0],
      [9999, 9999],
    ],
  ],
  [
    "bytes= 0-999, 4500-5499, -1000",
    10_000,
    [
      [0, 999],
      [4500, 5499],
      [9000, 9999],
    ],
  ],
  [
    "bytes=500-600,601-999",
    10_000,
    [
      [500, 600],
      [601, 999],
    ],
  ],
  [
    "bytes=500-700,601-999",
    10_000,
    [
      [500, 700],
      [601, 999],
    ],
  ],
  ["BYTES=0-1", 10, [[0, 1]]],
  ["bytes=0-", 10, [[0, 9]]],
  ["bytes=9-", 10, [[9, 9]]],
  ["bytes=5-99", 10, [[5, 9]]],
  ["bytes=-99", 10, [[0, 9]]],
  ["bytes=0-99999999999999999999999999", 10, [[0, 9]]],
  ["bytes=-99999999999999999999999999", 10, [[0, 9]]],
  ["bytes=,0-1,,", 10, [[0, 1]]],
  ["bytes=0-1,50-60", 10, [[0, 1]]],
  [
    "bytes=5-6,0-1",
    10,
    [
      [5, 6],
      [0, 1],
    ],
  ],
  // Not satisfiable.
  ["bytes=10-", 10, "unsatisfiable"],
  ["bytes=10-20", 10, "unsatisfiable"],
  ["bytes=-0", 10, "unsatisfiable"],
  ["bytes=99999999999999999999999999-", 10, "unsatisfiable"],
  ["bytes=50-60,-0", 10, "unsatisfiable"],
  ["bytes=0-", 0, "whole"],
  ["bytes=0-0", 0, "whole"],
  ["bytes=-5", 0, "whole"],
  // Invalid: ignored (§14.2).
  ["bytes=5-4", 10, "whole"],
  ["bytes=0-1,5-4", 10, "whole"],
  ["bytes=", 10, "whole"],
  ["bytes=,", 10, "whole"],
  ["bytes=-", 10, "whole"],
  ["bytes=--1", 10, "whole"],
  ["bytes=a-b", 10, "whole"],
  ["bytes=0x1-2", 10, "whole"],
  ["bytes=+1-2", 10, "whole"],
  ["bytes=1.0-2", 10, "whole"],
  ["bytes=0 -1", 10, "whole"],
  ["bytes=0-1;5-6", 10, "whole"],
  ["bytes =0-1", 10, "whole"],
  ["bytes 0-1", 10, "whole"],
  ["bytes=0-1, bytes=5-6", 10, "whole"],
  ["lines=0-1", 10, "whole"],
  ["0-1", 10, "whole"],
  ["", 10, "whole"],
  // More than there is: abuse (§17.15).
  ["bytes=0-,0-", 10, "whole"],
  ["bytes=0-9,9-9", 10, "whole"],
];

for (const [field, size, expected] of CASES) {
  test(`Range ${JSON.stringify(field)} of ${size} bytes: ${JSON.stringify(expected)}`, () => {
    const outcome = evaluateRange(field, size);
    const got = outcome.kind === "partial" ? outcome.ranges.map(({ start, end }) => [start, end]) : outcome.kind;
    assert.deepEqual(got, expected);
  });
}

test(`more than ${MAX_RANGES} ranges are answered with the whole`, () => {
  const ranges = (count: number) => `bytes=${Array.from({ length: count }, (_, i) => `${i * 2}-${i * 2}`).join(",")}`;
  assert.equal(evaluateRange(ranges(MAX_RANGES), 1000).kind, "partial");
  assert.equal(evaluateRange(ranges(MAX_RANGES + 1), 1000).kind, "whole");
});

test("no field makes a range outside the representation, or more bytes than it has", () => {
  const bound = fc.oneof(fc.constant(""), fc.nat(40).map(String));
  const field = fc
    .array(fc.tuple(bound, bound), { maxLength: 6 })
    .map((specs) => `bytes=${specs.map((spec) => spec.join("-")).join(",")}`);
  fc.assert(
    fc.property(fc.oneof(field, fc.string()), fc.nat(30), (text, size) => {
      const outcome = evaluateRange(text, size);
      if (outcome.kind !== "partial") return true;
      const total = outcome.ranges.reduce((sum, { start, end }) => sum + end - start + 1, 0);
      return total <= size && outcome.ranges.every(({ start, end }) => start >= 0 && start <= end && end < size);
    }),
  );
});

test("Content-Range names the part and the size", () => {
  assert.equal(contentRange({ start: 42, end: 1233 }, 1234), "bytes 42-1233/1234");
});
