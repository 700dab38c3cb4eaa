// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${...} in plain text is what is tested here
import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { interpolate } from "./interpolate.ts";

const ENVIRONMENT = { PORT: "5000", EMPTY: "", HOST: "example.org", NESTED: "${PORT}" };

const CASES: readonly (readonly [string, string])[] = [
  ["127.0.0.1:${PORT}", "127.0.0.1:5000"],
  ["127.0.0.1:${UNSET:8000}", "127.0.0.1:8000"],
  ["${PORT:8000}", "5000"],
  ["${EMPTY:8000}", "8000"],
  ["[${EMPTY}]", "[]"],
  ["${UNSET:-8000}", "8000"],
  ["${UNSET:http://a:b/}", "http://a:b/"],
  ["${UNSET:}", ""],
  ["${UNSET:${HOST}:${PORT}}", "example.org:5000"],
  ["$${PORT}", "${PORT}"],
  ["$$${PORT}", "$${PORT}"],
  ["${HOST}$${HOST}${PORT}", "example.org${HOST}5000"],
  ["costs $5 {x} $PORT", "costs $5 {x} $PORT"],
  ["${NESTED}", "${PORT}"],
];

test("variables, defaults and escapes are replaced; values are not looked at again", () => {
  for (const [text, expected] of CASES)
    assert.deepEqual(interpolate(text, ENVIRONMENT), { text: expected, problems: [] }, text);
});

test("a variable that is not set and has no default is a problem that says how to give one", () => {
  const { problems } = interpolate("${UNSET}/${ALSO}", ENVIRONMENT);
  assert.deepEqual(problems, [
    { message: "The environment variable UNSET is not set", remedy: "set it, or give a default: ${UNSET:value}" },
    { message: "The environment variable ALSO is not set", remedy: "set it, or give a default: ${ALSO:value}" },
  ]);
});

test("an open brace or a name that can't be one is a problem", () => {
  assert.match(interpolate("a ${PORT", ENVIRONMENT).problems[0]!.message, /"\$\{PORT" has no closing brace/);
  assert.match(interpolate("${1X}", ENVIRONMENT).problems[0]!.message, /"\$\{1X\}" does not name/);
  assert.equal(interpolate("${}", ENVIRONMENT).problems.length, 1);
});

test("names of the object prototype are variables like any other", () => {
  assert.equal(interpolate("${constructor:none}", ENVIRONMENT).text, "none");
});

test("text without ${ is never changed", () => {
  fc.assert(
    fc.property(
      fc.string().filter((text) => !text.includes("${")),
      (text) => assert.equal(interpolate(text, {}).text, text),
    ),
  );
});

test("defaults within defaults end somewhere", () => {
  const nested = (depth: number): string => ["${X:".repeat(depth), "}".repeat(depth)].join("y");
  assert.deepEqual(interpolate(nested(8), {}), { text: "y", problems: [] });
  assert.match(interpolate(nested(100_000), {}).problems[0]!.message, /nested more than 8 deep/);
});
