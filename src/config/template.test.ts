import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { leadingText, parseTemplate, plainText } from "./template.ts";

test("braces around one word are a variable, doubled ones are text, all others too", () => {
  assert.deepEqual(parseTemplate("a{host}b{1}"), [
    { kind: "text", text: "a" },
    { kind: "variable", name: "host" },
    { kind: "text", text: "b" },
    { kind: "variable", name: "1" },
  ]);
  for (const text of ["", "body{color: red}", '{"a": 1}', "{}", "{ host }", "{a-b}", "{", "}}"])
    assert.equal(plainText(text), text);
  assert.equal(plainText("{{host}} {{1}}"), "{host} {1}");
  assert.deepEqual(parseTemplate("{{{host}}}"), [{ kind: "text", text: "{{host}}" }]);
  assert.equal(plainText("x{host}"), null);
});

test("what stands before the first variable is known", () => {
  assert.equal(leadingText("/data/{1}/x"), "/data/");
  assert.equal(leadingText("/a/{{b}}/{1}"), "/a/{b}/");
  assert.equal(leadingText("{1}"), "");
});

test("any text can be written by doubling its braces", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("{", "}", "a", "host", " ", "1")), (pieces) => {
      const text = pieces.join("");
      assert.equal(plainText(text.replace(/\{(\w+)\}/g, "{{$1}}")), text);
    }),
  );
});
