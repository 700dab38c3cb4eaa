import assert from "node:assert/strict";
import { test } from "node:test";
import { boundsOf, murmurHash2 } from "./shares.ts";

/** As the author's implementation in C gives them. */
const HASHES: readonly (readonly [string, number])[] = [
  ["", 0],
  ["a", 2_456_313_694],
  ["ab", 446_775_395],
  ["abc", 324_500_635],
  ["abcd", 646_393_889],
  ["abcde", 1_594_468_574],
  ["10.0.0.1", 2_670_052_029],
  ["192.0.2.77Mozilla/5.0", 1_262_240_943],
  ["\xc3\xa9\xff", 1_747_197_013],
];

test("MurmurHash2 of texts of every length is that of the reference implementation", () => {
  for (const [text, hash] of HASHES) assert.equal(murmurHash2(Buffer.from(text, "latin1")), hash, text);
});

test("shares end where NGINX lets them end", () => {
  assert.deepEqual(boundsOf([0.5, 20, 79.5]), [21474836, 880468295, 4294967294]);
  assert.deepEqual(boundsOf([100]), [4294967295]);
});
