import assert from "node:assert/strict";
import { test } from "node:test";
import { describe, ProblemList } from "../base/errors.ts";
import { readYaml } from "./read.ts";
import { describeOrigin, originAt, toPlain } from "./sourced.ts";

const ORIGIN = { layer: "config", place: { file: "p.yaml" } } as const;

function problemsOf(text: string): string {
  try {
    readYaml(text, ORIGIN);
  } catch (error) {
    if (error instanceof ProblemList) return describe(error);
    throw error;
  }
  return "";
}

test("values and keys remember their line and column", () => {
  const document = readYaml("apps:\n  person:\n    wsgi: app:app\n    args: [1, two]\n", ORIGIN);
  assert.equal(describeOrigin(originAt(document, ["apps", "person", "wsgi"])), "p.yaml:3:11");
  assert.equal(describeOrigin(originAt(document, ["apps", "person", "wsgi"], "key")), "p.yaml:3:5");
  assert.equal(describeOrigin(originAt(document, ["apps", "person", "args", 1])), "p.yaml:4:15");
  assert.equal(describeOrigin(originAt(document, ["apps", "person", "missing"])), "p.yaml:2:3");
});

test("numbers and truth values that are written in an unusual way stay as they are written", () => {
  const document = readYaml("{a: 1.10, b: 007, c: 0o660, d: True, e: 4, f: 1.5, g: true, h: yes, i: 0660}", ORIGIN);
  assert.deepEqual(toPlain(document), {
    a: "1.10",
    b: "007",
    c: "0o660",
    d: "True",
    e: 4,
    f: 1.5,
    g: true,
    h: "yes",
    i: "0660",
  });
});

test("an empty file is an empty document", () => {
  assert.deepEqual(toPlain(readYaml("# nothing\n", ORIGIN)), {});
});

test("every syntax error is given with its place", () => {
  assert.match(problemsOf("a: [1\nb: }\n"), /^p\.yaml:2:\d+: This is not YAML: /m);
  assert.equal(problemsOf("a: 1\nb: 2\na: 3\n"), "p.yaml:3:1: This key stands twice in the same section");
  assert.match(problemsOf("a:\n\tb: 1\n"), /^p\.yaml:2:1: Tabs cannot indent YAML/m);
});

test("aliases are followed, within bounds", () => {
  assert.deepEqual(toPlain(readYaml("a: &x {k: 1}\nb: *x\n", ORIGIN)), { a: { k: 1 }, b: { k: 1 } });
  const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(",")}]`);
  assert.match(problemsOf(`l0: &l0 x\n${levels.join("\n")}\n`), /more than 50000 values/);
  assert.match(problemsOf("a: &a [*a]"), /nested more than 64 deep/);
  assert.match(problemsOf("a: *nowhere"), /nowhere/);
});

test("a document that is too deep or too long is refused, not a crash", () => {
  assert.notEqual(problemsOf("[".repeat(100_000)), "");
  assert.match(problemsOf("x".repeat(1024 ** 2 + 1)), /at most 1048576/);
});

test("merge keys are a key like any other", () => {
  assert.deepEqual(toPlain(readYaml("a: &x {k: 1}\nb: {<<: *x}\n", ORIGIN)), { a: { k: 1 }, b: { "<<": { k: 1 } } });
});
