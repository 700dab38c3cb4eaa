import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseChunkLine } from "./chunk-line.ts";
import { ChunkedDecoder } from "./chunked-decoder.ts";
import { DEFAULT_LIMITS } from "./settings.ts";

describe("parseChunkLine", () => {
  const sizes: Record<string, number> = {
    "0": 0,
    a: 10,
    FF: 255,
    "000010": 16,
    "1;a": 1,
    "1;a=b;c": 1,
    '1;a="b;c=\\"d"': 1,
    "1; a =\tb ; c": 1,
    fffffffffffff: 2 ** 52 - 1,
  };
  for (const [line, size] of Object.entries(sizes)) {
    test(`${JSON.stringify(line)} is ${size}`, () => assert.equal(parseChunkLine(line), size));
  }
  for (const line of [
    "",
    " 1",
    "1 ",
    "1\t",
    "0x1",
    "+1",
    "-1",
    "1_0",
    "1.0",
    "g",
    "1g",
    "1;",
    "1;;a",
    "1;=b",
    "1;a=",
    '1;a="',
    "1;a b",
    "1 ;a",
    "10000000000000",
    "1,1",
    "1;a=\0",
    "1;a\x01",
  ]) {
    test(`${JSON.stringify(line)} is malformed`, () => assert.equal(parseChunkLine(line), -1));
  }
});

function decode(
  text: string,
  step: number,
  limits = DEFAULT_LIMITS,
): { body: string; used: number; decoder: ChunkedDecoder } {
  const decoder = new ChunkedDecoder(limits);
  const bytes = Buffer.from(text, "latin1");
  let body = "";
  let used = 0;
  for (let from = 0; from < bytes.length && !decoder.done && decoder.refusal === null; from += step) {
    const input = bytes.subarray(from, from + step);
    let at = 0;
    while (at < input.length && !decoder.done && decoder.refusal === null) {
      at = decoder.decode(input, at);
      if (decoder.piece !== null) body += decoder.piece.latin1Slice();
    }
    used = from + at;
  }
  return { body, used, decoder };
}

describe("ChunkedDecoder", () => {
  const message = "4\r\nWiki\r\n6;a=b\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\nX-Sum: 1\r\n\r\n";

  test("gives the data and stops at the end, in steps of any size", () => {
    for (let step = 1; step <= message.length + 5; step++) {
      const { body, used, decoder } = decode(`${message}GET /`, step);
      assert.deepEqual(
        [body, used, decoder.done, decoder.refusal],
        ["Wikipedia in \r\n\r\nchunks.", message.length, true, null],
        `step ${step}`,
      );
    }
  });

  test("a fault is found in steps of any size, and not later than its line's end", () => {
    for (const text of [
      "4\nWiki",
      "4\r\nWikiX",
      "4 \r\n",
      "0\r\nHost: a\r\n\r\n",
      "0\r\nbad\r\n\r\n",
      "4\r\nWiki\n",
      "x",
      "1;\r\n",
      "4\rX",
    ]) {
      for (let step = 1; step <= text.length; step++) {
        assert.equal(decode(text, step).decoder.refusal?.status, 400, `${JSON.stringify(text)} in steps of ${step}`);
      }
    }
  });

  test("the sizes are added up against the limit before the data comes", () => {
    const { decoder, body } = decode("4\r\nWiki\r\n6\r\n", 3, { ...DEFAULT_LIMITS, body: 9 });
    assert.deepEqual([decoder.refusal?.status, body], [413, "Wiki"]);
    assert.equal(decode(message, 7, { ...DEFAULT_LIMITS, body: 0 }).decoder.refusal, null);
  });

  test("an endless line is refused long before it ends", () => {
    assert.equal(decode(`1;a=${"b".repeat(5000)}`, 100).decoder.refusal?.status, 400);
    assert.equal(decode(`0\r\nX: ${"b".repeat(50_000)}`, 1000).decoder.refusal?.status, 431);
  });
});
