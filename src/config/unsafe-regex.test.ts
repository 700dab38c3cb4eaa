import assert from "node:assert/strict";
import { test } from "node:test";
import { isUnsafeRegex } from "./unsafe-regex.ts";

test("repetition within repetition is unsafe", () => {
  for (const pattern of ["(a+)+", "^(a*)*$", "((a+)b?)*", "(\\w{2,})+", "(?:x|y+)*", "([)]+)+"])
    assert.ok(isUnsafeRegex(pattern), pattern);
});

test("flat repetition, classes and escapes are not", () => {
  for (const pattern of ["^/a+/b*$", "(a|b)+", "[(a+)+]", "\\(a+\\)+", "(a+){3}", "(a+)b", "\\.(css|js)$", ")*", "("]) {
    assert.ok(!isUnsafeRegex(pattern), pattern);
  }
});
