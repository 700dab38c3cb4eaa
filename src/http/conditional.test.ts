import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluatePreconditions, formatHttpDate, parseHttpDate, rangeApplies, type Verdict } from "./conditional.ts";

const MODIFIED = 784_111_777;
const AT = "Sun, 06 Nov 1994 08:49:37 GMT";
const BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT";
const AFTER = "Sun, 06 Nov 1994 08:49:38 GMT";
const CURRENT = { etag: '"a"', lastModified: MODIFIED };
const NONE = { ifMatch: undefined, ifUnmodifiedSince: undefined, ifNoneMatch: undefined, ifModifiedSince: undefined };

type Asked = Partial<Record<keyof typeof NONE, string>>;

const CASES: readonly (readonly [asked: Asked, expected: Verdict])[] = [
  [{}, "perform"],
  // §13.1.1 If-Match: strong comparison.
  [{ ifMatch: '"a"' }, "perform"],
  [{ ifMatch: '"b", "a"' }, "perform"],
  [{ ifMatch: "*" }, "perform"],
  [{ ifMatch: '"b"' }, "failed"],
  [{ ifMatch: 'W/"a"' }, "failed"],
  [{ ifMatch: "nonsense" }, "failed"],
  // §13.1.4 If-Unmodified-Since.
  [{ ifUnmodifiedSince: AT }, "perform"],
  [{ ifUnmodifiedSince: AFTER }, "perform"],
  [{ ifUnmodifiedSince: BEFORE }, "failed"],
  [{ ifUnmodifiedSince: "yesterday" }, "perform"],
  [{ ifMatch: '"a"', ifUnmodifiedSince: BEFORE }, "perform"],
  [{ ifMatch: '"b"', ifUnmodifiedSince: AFTER }, "failed"],
  // §13.1.2 If-None-Match: weak comparison.
  [{ ifNoneMatch: '"a"' }, "not-modified"],
  [{ ifNoneMatch: 'W/"a"' }, "not-modified"],
  [{ ifNoneMatch: '"b", W/"a"' }, "not-modified"],
  [{ ifNoneMatch: "*" }, "not-modified"],
  [{ ifNoneMatch: '"b"' }, "perform"],
  [{ ifNoneMatch: "nonsense" }, "perform"],
  // §13.1.3 If-Modified-Since.
  [{ ifModifiedSince: AT }, "not-modified"],
  [{ ifModifiedSince: AFTER }, "not-modified"],
  [{ ifModifiedSince: BEFORE }, "perform"],
  [{ ifModifiedSince: "" }, "perform"],
  [{ ifModifiedSince: `${AT}, ${AT}` }, "perform"],
  [{ ifNoneMatch: '"b"', ifModifiedSince: AFTER }, "perform"],
  [{ ifNoneMatch: '"a"', ifModifiedSince: BEFORE }, "not-modified"],
  // §13.2.2: steps 1 and 2 come before 3 and 4.
  [{ ifMatch: '"b"', ifNoneMatch: '"a"' }, "failed"],
  [{ ifMatch: '"a"', ifNoneMatch: '"a"' }, "not-modified"],
  [{ ifUnmodifiedSince: BEFORE, ifNoneMatch: '"a"' }, "failed"],
  [{ ifUnmodifiedSince: BEFORE, ifModifiedSince: AFTER }, "failed"],
  [{ ifUnmodifiedSince: AFTER, ifModifiedSince: AFTER }, "not-modified"],
];

for (const [asked, expected] of CASES) {
  test(`preconditions ${JSON.stringify(asked)}: ${expected}`, () => {
    assert.equal(evaluatePreconditions({ ...NONE, ...asked }, CURRENT), expected);
  });
}

const IF_RANGE: readonly (readonly [field: string | undefined, applies: boolean])[] = [
  [undefined, true],
  ['"a"', true],
  ['W/"a"', false],
  ['"b"', false],
  ['"a", "b"', false],
  [AT, true],
  ["Sunday, 06-Nov-94 08:49:37 GMT", true],
  [BEFORE, false],
  [AFTER, false],
  ["nonsense", false],
  ["*", false],
];

for (const [field, applies] of IF_RANGE) {
  test(`If-Range ${field} ${applies ? "lets the range through" : "asks for the whole"}`, () => {
    assert.equal(rangeApplies(field, CURRENT), applies);
  });
}

const DATES: readonly (readonly [text: string, expected: number | null])[] = [
  [AT, MODIFIED],
  ["Sunday, 06-Nov-94 08:49:37 GMT", MODIFIED],
  ["Sun Nov  6 08:49:37 1994", MODIFIED],
  ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
  ["Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_800],
  ["Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800],
  ["Friday, 01-Jan-99 00:00:00 GMT", 915_148_800],
  ["Wednesday, 01-Jan-70 00:00:00 GMT", 3_155_760_000],
  ["Wed, 29 Feb 2023 00:00:00 GMT", null],
  ["Sun, 31 Nov 1994 08:49:37 GMT", null],
  ["Sun, 00 Nov 1994 08:49:37 GMT", null],
  ["Sun, 06 Foo 1994 08:49:37 GMT", null],
  ["Xyz, 06 Nov 1994 08:49:37 GMT", null],
  ["Sun, 06 Nov 1994 24:49:37 GMT", null],
  ["Sun, 06 Nov 1994 08:60:37 GMT", null],
  ["Sun, 06 Nov 1994 08:49:37 UTC", null],
  ["Sun, 06 Nov 1994 08:49:37", null],
  ["Sun, 6 Nov 1994 08:49:37 GMT", null],
  ["sun, 06 nov 1994 08:49:37 gmt", null],
  ["1994-11-06T08:49:37Z", null],
  ["784111777", null],
  [" ", null],
  ["", null],
];

for (const [text, expected] of DATES) {
  test(`the date ${JSON.stringify(text)} reads as ${expected}`, () => {
    assert.equal(parseHttpDate(text, new Date("2026-06-01T00:00:00Z")), expected);
  });
}

test("dates are written in the form that all accept", () => {
  assert.equal(formatHttpDate(MODIFIED), AT);
  assert.equal(parseHttpDate(formatHttpDate(1_234_567_890)), 1_234_567_890);
});
