import assert from "node:assert/strict";
import { test } from "node:test";
import { LineSplitter } from "./lines.ts";

/** The lines of these chunks. */
function split(chunks: readonly (string | Buffer)[], longest?: number): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line), longest);
  for (const chunk of chunks) splitter.push(Buffer.from(chunk as string));
  splitter.end();
  return lines;
}

test("lines are whole whichever way the chunks fall, characters of several bytes too", () => {
  const bytes = Buffer.from("één\nzwei €\r\n\n😀 last");
  for (let cut = 0; cut <= bytes.length; cut++) {
    assert.deepEqual(split([bytes.subarray(0, cut), bytes.subarray(cut)]), ["één", "zwei €", "", "😀 last"]);
  }
  assert.deepEqual(split([...bytes].map((byte) => Buffer.from([byte]))), ["één", "zwei €", "", "😀 last"]);
});

test("a line that is too long comes in pieces, so that memory is bounded", () => {
  assert.deepEqual(split(["abcdefghij\nk\n"], 4), ["abcd", "efgh", "ij", "k"]);
  assert.deepEqual(split(["ab", "cd", "ef", "\n"], 4), ["abcd", "ef"]);
  assert.deepEqual(split(["abcd\nefgh\n"], 4), ["abcd", "efgh"]);
});

test("a piece never ends within a character", () => {
  const lines = split(["ab€€€€\n"], 4);
  assert.equal(lines.join(""), "ab€€€€");
  for (const line of lines) assert.ok(!line.includes("\ufffd"), line);
});

test("bytes that are no UTF-8 are shown as such and lose nothing else", () => {
  assert.deepEqual(split([Buffer.from([0x61, 0xff, 0x62, 0x0a])]), ["a\ufffdb"]);
});

test("a chunk's memory may be reused after push", () => {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  const chunk = Buffer.from("abc");
  splitter.push(chunk);
  chunk.fill("x");
  splitter.push(Buffer.from("\n"));
  assert.deepEqual(lines, ["abc"]);
});
