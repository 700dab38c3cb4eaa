import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { normalisePath } from "./path.ts";
import { Refusal } from "./refusal.ts";

describe("normalisePath", () => {
  const becomes: Record<string, string> = {
    "/": "/",
    "/a/b": "/a/b",
    "/a/b/": "/a/b/",
    "/%41": "/A",
    "/%c3%A9": "/\xc3\xa9",
    "/a%2Fb": "/a/b",
    "/a/./b": "/a/b",
    "/a/.": "/a/",
    "/.": "/",
    "/a/../b": "/b",
    "/a/..": "/",
    "/a/b/..": "/a/",
    "/a/b/../..": "/",
    "/a/%2e%2e/b": "/b",
    "/a%2f..%2fb": "/b",
    "/a/.%2E/b": "/b",
    "//a//b": "//a//b",
    "/a//../b": "/a/b",
    "/...": "/...",
    "/..a": "/..a",
    "/a..": "/a..",
    "/.well-known/x": "/.well-known/x",
    "/a\\..\\b": "/a\\..\\b",
    "/a%5c..%5cb": "/a\\..\\b",
    "/%252e%252e/a": "/%2e%2e/a",
    "/a%0ab": "/a\nb",
  };
  for (const [path, expected] of Object.entries(becomes)) {
    test(`${path} becomes ${JSON.stringify(expected)}`, () => assert.equal(normalisePath(path), expected));
  }

  for (const path of [
    "/..",
    "/../a",
    "/a/../..",
    "/%2e%2e",
    "/a/..%2f..",
    "/%00",
    "/a%00b",
    "/%",
    "/%a",
    "/%zz",
    "/%4g",
    "/% 1",
    "/%u0041",
  ]) {
    test(`${path} is refused with 400`, () => {
      const refusal = normalisePath(path);
      assert.ok(refusal instanceof Refusal && refusal.status === 400);
    });
  }

  test("what comes out has no dot segment, whatever goes in", () => {
    const piece = fc.constantFrom("/", ".", "..", "%2e", "%2F", "%2f", "a", "%61", "\\", "%25", "2e", "%5c");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const path = normalisePath(`/${pieces.join("")}`);
        if (path instanceof Refusal) return;
        assert.ok(path.startsWith("/"));
        assert.ok(!path.split("/").some((segment) => segment === "." || segment === ".."), path);
      }),
      { numRuns: 2000 },
    );
  });
});
