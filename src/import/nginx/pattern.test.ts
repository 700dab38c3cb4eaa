import assert from "node:assert/strict";
import { test } from "node:test";
import { toJavaScript } from "./pattern.ts";

function source(pcre: string): string {
  const pattern = toJavaScript(pcre);
  assert.ok("source" in pattern, `${pcre}: ${JSON.stringify(pattern)}`);
  return pattern.source;
}

test("what JavaScript writes otherwise is translated", () => {
  for (const [pcre, javascript] of [
    ["^/a/(\\d+)\\.php$", "^/a/(\\d+)\\.php$"],
    ["^/(?P<name>\\w+)/(?'other'.)(?P=name)", "^/(?<name>\\w+)/(?<other>.)\\k<name>"],
    ["\\A/x\\z", "^/x$"],
    ["[[:digit:][:alpha:]_-]+", "[0-9A-Za-z_-]+"],
    ["[]a[]", "[\\]a\\[]"],
    ["\\-\\_\\/\\:", "-_\\/:"],
    ["\\Qa.b\\E+", "a\\.b+"],
    ["a{2}b{x}", "a{2}b\\{x\\}"],
    ["\\x{e9}\\h", "\\u00e9[ \\t]"],
    ["a(?#note)b", "ab"],
    ["(?:a|b)(?=c)(?!d)(?<=e)", "(?:a|b)(?=c)(?!d)(?<=e)"],
  ] as const)
    assert.equal(source(pcre), javascript);
});

test("translated patterns find what they should, with and without the unicode flag", () => {
  for (const flags of ["", "u"]) {
    assert.ok(new RegExp(source("^/[\\w.-]+\\.(?:js|css)$"), flags).test("/app.min-1.js"));
    assert.ok(new RegExp(source("\\@2x\\-"), flags).test("a@2x-"));
  }
});

test("flags at the front become ignore_case", () => {
  const pattern = toJavaScript("(?i)^/a");
  assert.ok("source" in pattern && pattern.ignoreCase && pattern.source === "^/a");
});

test("possessive quantifiers and atomic groups match as plain ones, and that is said", () => {
  const pattern = toJavaScript("a++(?>b|bc)");
  assert.ok("source" in pattern);
  assert.equal(pattern.source, "a+(?:b|bc)");
  assert.equal(pattern.differences.length, 2);
});

test("what has no counterpart is named, what PCRE refuses too is told apart", () => {
  for (const pcre of ["(?R)", "(?(1)a|b)", "a\\Kb", "(*COMMIT)a", "(?x) a", "\\G"])
    assert.equal((toJavaScript(pcre) as { kind?: string }).kind, "untranslatable", pcre);
  assert.equal((toJavaScript("(a") as { kind?: string }).kind, "broken");
});
