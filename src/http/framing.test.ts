import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { declaredLength, refuseCoding } from "./framing.ts";
import { Refusal } from "./refusal.ts";

describe("declaredLength", () => {
  for (const [value, length] of [
    ["0", 0],
    ["12", 12],
    ["0012", 12],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ] as const) {
    test(`${value} is ${length}`, () => assert.equal(declaredLength(value), length));
  }
  for (const value of ["", "-1", "+1", "1.0", "1e3", "0x1", "1,1", "1 1", "1_0", "\u0661", "a", "1;"]) {
    test(`${JSON.stringify(value)} is refused with 400`, () => {
      const refusal = declaredLength(value);
      assert.ok(refusal instanceof Refusal && refusal.status === 400);
    });
  }
  test("what a number can't hold exactly is refused with 413", () => {
    const refusal = declaredLength("9007199254740992");
    assert.ok(refusal instanceof Refusal && refusal.status === 413);
  });
});

describe("refuseCoding", () => {
  test("chunked alone, in any case, is read", () => {
    for (const value of ["chunked", "Chunked", "CHUNKED"]) assert.equal(refuseCoding(value), null);
  });
  const statuses: Record<string, number> = {
    gzip: 501,
    identity: 501,
    "gzip, chunked": 501,
    "gzip,chunked": 501,
    chunkedd: 501,
    "chunked, gzip": 400,
    "chunked, chunked": 400,
    "chunked,chunked, gzip": 400,
    "chunked,": 400,
    ",chunked": 400,
    "": 400,
    "chunked;a": 400,
    "chun ked": 400,
    '"chunked"': 400,
    "\xa0chunked": 400,
  };
  for (const [value, status] of Object.entries(statuses)) {
    test(`${JSON.stringify(value)} is refused with ${status}`, () => assert.equal(refuseCoding(value)?.status, status));
  }
});
