import assert from "node:assert/strict";
import { test } from "node:test";
import { fileEtag, isEtag, parseEtagList, strongMatch, weakMatch } from "./etag.ts";

test("a file's tag is strong, and differs with time, size and coding", () => {
  const tags = [fileEtag(1n, 1n), fileEtag(2n, 1n), fileEtag(1n, 2n), fileEtag(1n, 1n, "br"), fileEtag(1n, 1n, "gzip")];
  assert.equal(new Set(tags).size, tags.length);
  for (const tag of tags) assert.match(tag, /^"[0-9a-z-]+"$/);
  assert.equal(fileEtag(1_700_000_000_123_456_789n, 255n), `"${(1_700_000_000_123_456_789n).toString(16)}-ff"`);
});

const LISTS: readonly (readonly [value: string, expected: "*" | readonly string[] | null])[] = [
  ["*", "*"],
  ['"a"', ['"a"']],
  ['W/"a"', ['W/"a"']],
  ['"a", "b"', ['"a"', '"b"']],
  ['"a","b",W/"c"', ['"a"', '"b"', 'W/"c"']],
  ['"a" \t,\t "b"', ['"a"', '"b"']],
  [', "a",, ,"b",', ['"a"', '"b"']],
  ['"a,b"', ['"a,b"']],
  ['""', ['""']],
  ['"\xe9"', ['"\xe9"']],
  ["a", null],
  ['"a" "b"', null],
  ['"a', null],
  ['w/"a"', null],
  ['"a b"', null],
  ['"a", *', null],
  ["", null],
  [",", null],
];

for (const [value, expected] of LISTS) {
  test(`the entity-tag list ${JSON.stringify(value)} reads as ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(parseEtagList(value), expected);
  });
}

test("a list of many commas is read in linear time", () => {
  assert.deepEqual(parseEtagList(`${",".repeat(30_000)}"a"`), ['"a"']);
  assert.equal(parseEtagList(" ".repeat(30_000)), null);
});

// The table of RFC 9110 §8.8.3.2.
const COMPARISONS: readonly (readonly [a: string, b: string, strong: boolean, weak: boolean])[] = [
  ['W/"1"', 'W/"1"', false, true],
  ['W/"1"', 'W/"2"', false, false],
  ['W/"1"', '"1"', false, true],
  ['"1"', '"1"', true, true],
];

for (const [a, b, strong, weak] of COMPARISONS) {
  test(`${a} and ${b}: strong ${strong}, weak ${weak}`, () => {
    assert.equal(strongMatch(a, b), strong);
    assert.equal(strongMatch(b, a), strong);
    assert.equal(weakMatch(a, b), weak);
    assert.equal(weakMatch(b, a), weak);
  });
}

test("one entity tag is told from a date and from a list", () => {
  assert.ok(isEtag('"a"'));
  assert.ok(isEtag('W/"a"'));
  assert.ok(!isEtag('"a", "b"'));
  assert.ok(!isEtag("Sun, 06 Nov 1994 08:49:37 GMT"));
});
