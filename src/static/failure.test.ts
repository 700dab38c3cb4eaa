import assert from "node:assert/strict";
import { test } from "node:test";
import { failureOf } from "./failure.ts";

const CASES: readonly (readonly [code: string, status: number, told: boolean])[] = [
  ["ENOENT", 404, false],
  ["ENOTDIR", 404, false],
  ["ENAMETOOLONG", 404, false],
  ["ELOOP", 404, false],
  ["ENXIO", 404, false],
  ["EACCES", 403, true],
  ["EPERM", 403, true],
  ["EMFILE", 503, true],
  ["ENFILE", 503, true],
  ["ENOMEM", 503, true],
  ["EIO", 500, true],
  ["ESTALE", 500, true],
];

for (const [code, status, told] of CASES) {
  test(`${code} is answered ${status}${told ? " and told to the log" : ""}`, () => {
    const failure = failureOf(Object.assign(new Error("failed"), { code }));
    assert.deepEqual([failure.status, failure.code], [status, told ? code : null]);
  });
}

test("an error without a code is ours", () => {
  assert.deepEqual([failureOf(new Error("odd")).status, failureOf("text").status], [500, 500]);
});
