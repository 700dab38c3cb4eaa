import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HeadBuffer } from "./head-buffer.ts";
import type { Refusal } from "./refusal.ts";
import { DEFAULT_LIMITS } from "./settings.ts";

function append(text: string): { buffer: HeadBuffer; refusal: Refusal | null; at: number } {
  const buffer = new HeadBuffer(DEFAULT_LIMITS);
  for (let at = 0; at < text.length; at++) {
    const refusal = buffer.append(Buffer.from(text[at]!, "latin1"));
    if (refusal !== null || buffer.complete) return { buffer, refusal, at };
  }
  return { buffer, refusal: null, at: text.length };
}

describe("HeadBuffer", () => {
  test("knows that a head is complete with its last byte", () => {
    const head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const { buffer, at } = append(`${head}more`);
    assert.deepEqual([at, buffer.line()], [head.length - 1, "GET / HTTP/1.1"]);
    assert.equal(buffer.take().latin1Slice(), head);
    assert.equal(buffer.empty, true);
  });

  test("keeps what came behind the head", () => {
    const buffer = new HeadBuffer(DEFAULT_LIMITS);
    buffer.append(Buffer.from("GET / HTTP/1.1\r\n"));
    buffer.append(Buffer.from("Host: a\r\n\r\nbody\n"));
    assert.equal(buffer.complete, true);
    assert.equal(buffer.take().latin1Slice(), "GET / HTTP/1.1\r\nHost: a\r\n\r\nbody\n");
  });

  test("skips one empty line before the request line, not two", () => {
    assert.equal(append("\r\nGET / HTTP/1.1\r\n\r\n").buffer.take().latin1Slice(), "GET / HTTP/1.1\r\n\r\n");
    assert.equal(append("\r\n\r\n").refusal?.status, 400);
  });

  const early: readonly [string, string, number][] = [
    ["a wrong request line at its end", "GET /\r\n", 400],
    ["another version at the end of the line", "GET / HTTP/2.0\r\n", 505],
    ["a bare LF at once", "GET / HTTP/1.1\n", 400],
    ["a bare CR at the byte after it", "GET / HTTP/1.1\rX", 400],
    ["a control character at once", "GE\0", 400],
    ["a request line that is too long when it is", `GET /${"a".repeat(8192 - 3)}`, 414],
    ["a header section that is too large when it is", `GET / HTTP/1.1\r\nX: ${"y".repeat(32_768)}`, 431],
  ];
  for (const [name, text, status] of early) {
    test(`refuses ${name}`, () => {
      const { refusal, at } = append(text);
      assert.deepEqual([refusal?.status, at], [status, text.length - 1]);
    });
  }
});
