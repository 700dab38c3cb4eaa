import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type HeaderBlock, parseHeaderBlock } from "./header-block.ts";
import { HeaderMemo } from "./header-memo.ts";
import { Refusal } from "./refusal.ts";

function block(...lines: readonly string[]): HeaderBlock {
  const parsed = parseHeaderBlock(lines.join("\r\n"), 100);
  assert.ok(!(parsed instanceof Refusal), parsed instanceof Refusal ? parsed.reason : "");
  return parsed;
}

describe("parseHeaderBlock", () => {
  test("gives names in lower case, values without the space around them, in the order received", () => {
    const { headers } = block("Host: a", "X-A:\t b\xe9 ", "x-a:c", "Empty:");
    assert.deepEqual(headers.names, ["host", "x-a", "x-a", "empty"]);
    assert.deepEqual(headers.values, ["a", "b\xe9", "c", ""]);
    assert.deepEqual(
      [headers.get("x-a"), headers.list("x-a"), headers.get("y"), headers.list("y")],
      ["b\xe9", "b\xe9, c", undefined, undefined],
    );
  });

  test("an empty block has no fields", () => {
    const { headers, host, length, chunked } = block("");
    assert.deepEqual([headers.names, host, length, chunked], [[], null, -1, false]);
  });

  test("works out framing and what the connection does", () => {
    assert.deepEqual([block("Host: A:1").host, block("Content-Length: 7").length], ["a", 7]);
    assert.deepEqual(
      [block("Transfer-Encoding: chunked").chunked, block("Expect: 100-Continue").expectsContinue],
      [true, true],
    );
    assert.deepEqual(
      [
        block("Connection: a, CLOSE").close,
        block("Connection: closed").close,
        block("Connection: Keep-Alive").keepAlive,
      ],
      [true, false, true],
    );
  });

  test("no byte but a token's is allowed in a name", () => {
    const allowed = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/;
    for (let code = 0; code < 256; code++) {
      const character = String.fromCharCode(code);
      if (character === ":") continue;
      assert.equal(
        parseHeaderBlock(`x${character}y: z`, 100) instanceof Refusal,
        !allowed.test(character),
        `byte ${code}`,
      );
    }
  });

  test("no control byte but the tab is allowed in a value", () => {
    for (let code = 0; code < 256; code++) {
      const refused = parseHeaderBlock(`x: a${String.fromCharCode(code)}b`, 100) instanceof Refusal;
      assert.equal(refused, (code < 32 && code !== 9) || code === 127, `byte ${code}`);
    }
  });

  test("one field more than the limit is refused with 431", () => {
    assert.ok(!(parseHeaderBlock("a: b\r\nc: d", 2) instanceof Refusal));
    const refusal = parseHeaderBlock("a: b\r\nc: d\r\ne: f", 2);
    assert.ok(refusal instanceof Refusal && refusal.status === 431);
  });
});

describe("HeaderMemo", () => {
  test("equal bytes give the same headers, other bytes others", () => {
    const memo = new HeaderMemo();
    const first = memo.parse("Host: a", 100);
    assert.equal(memo.parse(["Host", "a"].join(": "), 100), first);
    assert.notEqual(memo.parse("Host: b", 100), first);
  });

  test("a lower limit of fields holds for what is remembered too", () => {
    const memo = new HeaderMemo();
    assert.ok(!(memo.parse("a: b\r\nc: d", 100) instanceof Refusal));
    assert.ok(memo.parse("a: b\r\nc: d", 1) instanceof Refusal);
  });

  test("it forgets the oldest, and never keeps large ones", () => {
    const memo = new HeaderMemo();
    const first = memo.parse("x: 0", 100);
    for (let i = 1; i <= 600; i++) memo.parse(`x: ${i}`, 100);
    assert.notEqual(memo.parse("x: 0", 100), first);
    const large = `x: ${"y".repeat(5000)}`;
    assert.notEqual(memo.parse(large, 100), memo.parse(large, 100));
  });
});
