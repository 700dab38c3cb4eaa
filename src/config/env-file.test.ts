import assert from "node:assert/strict";
import { test } from "node:test";
import { parseEnvFile } from "./env-file.ts";

test("variables are read with comments, export, quotes and values over several lines", () => {
  const text = [
    "# comment",
    "",
    "A=1",
    "export B = two words # why",
    "C='$x # y'",
    'D="a\\n\\"b\\"" # c',
    "E=",
    'F="one',
    'two"',
    "G=a#b",
    "H=last",
  ].join("\n");
  const found = parseEnvFile(text).map((line) =>
    line.kind === "variable" ? [line.name, line.value, line.line] : line,
  );
  assert.deepEqual(found, [
    ["A", "1", 3],
    ["B", "two words", 4],
    ["C", "$x # y", 5],
    ["D", 'a\n"b"', 6],
    ["E", "", 7],
    ["F", "one\ntwo", 8],
    ["G", "a#b", 10],
    ["H", "last", 11],
  ]);
});

test("Windows line ends and a byte order mark don't reach the values", () => {
  assert.deepEqual(parseEnvFile("\uFEFFA=1\r\nB=2\r\n"), [
    { kind: "variable", name: "A", value: "1", line: 1 },
    { kind: "variable", name: "B", value: "2", line: 2 },
  ]);
});

test("a line that is no variable is named with its number", () => {
  assert.deepEqual(parseEnvFile("A=1\nnonsense here\nB='open\n"), [
    { kind: "variable", name: "A", value: "1", line: 1 },
    { kind: "bad", message: '"nonsense here" is not NAME=value', line: 2 },
    { kind: "bad", message: "the value of B has no closing quote, or text after it", line: 3 },
  ]);
});
