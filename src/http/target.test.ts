import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Refusal } from "./refusal.ts";
import { parseTarget } from "./target.ts";

describe("parseTarget", () => {
  test("splits origin-form at the first question mark", () => {
    assert.deepEqual(parseTarget("GET", "/a%20b?c?d=%20"), {
      text: "/a%20b?c?d=%20",
      path: "/a b",
      query: "c?d=%20",
      authority: null,
      host: "",
    });
  });

  test("takes an absolute-form apart", () => {
    assert.deepEqual(parseTarget("GET", "HTTPS://Example.org:81/a/../b?c"), {
      text: "/a/../b?c",
      path: "/b",
      query: "c",
      authority: "Example.org:81",
      host: "example.org",
    });
  });

  test("knows * for OPTIONS, and as the absolute-form without a path", () => {
    for (const text of ["*", "http://a"]) {
      const target = parseTarget("OPTIONS", text);
      assert.ok(!(target instanceof Refusal));
      assert.deepEqual([target.text, target.path, target.query], ["*", "*", ""]);
    }
  });

  for (const text of [
    "",
    "a",
    "a:80",
    "*",
    "?a",
    "/a#",
    "/\x80",
    "/ ",
    "/\t",
    "ftp://a/",
    "http:/a",
    "http:a",
    "//",
    "http://",
    "http://@/",
  ]) {
    const allowed = text === "//";
    test(`GET of ${JSON.stringify(text)} is ${allowed ? "a path" : "refused"}`, () => {
      assert.equal(parseTarget("GET", text) instanceof Refusal, !allowed);
    });
  }
});
