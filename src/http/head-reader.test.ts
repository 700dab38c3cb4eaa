import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HeadReader } from "./head-reader.ts";
import { DEFAULT_LIMITS } from "./settings.ts";

const A = "GET /a HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n";

describe("HeadReader", () => {
  test("the same bytes give the same head, in whatever place", () => {
    const reader = new HeadReader(DEFAULT_LIMITS);
    assert.equal(reader.read(A, 0), A.length);
    const { head } = reader;
    assert.equal(reader.read(`....${A}GET`, 4), 4 + A.length);
    assert.equal(reader.head, head);
  });

  test("another request line with the same fields is another request with the same headers", () => {
    const reader = new HeadReader(DEFAULT_LIMITS);
    reader.read(A, 0);
    const { headers } = reader.head!;
    const other = A.replace("/a", "/b");
    assert.equal(reader.read(other, 0), other.length);
    assert.equal(reader.head!.path, "/b");
    assert.equal(reader.head!.headers, headers);
  });

  test("fields that begin alike are told apart", () => {
    const reader = new HeadReader(DEFAULT_LIMITS);
    const heads = [
      A,
      A.replace("\r\n\r\n", "\r\nY: 2\r\n\r\n"),
      A.replace("X: 1\r\n", ""),
      A,
      A.replace("X: 1", "X: 12"),
    ];
    for (const head of heads) {
      assert.equal(reader.read(head, 0), head.length);
      assert.equal(reader.head!.headers.raw, head.slice(head.indexOf("\r\n") + 2, -4));
    }
  });

  test("what depends on both is judged again when one of them repeats", () => {
    const reader = new HeadReader(DEFAULT_LIMITS);
    const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert.equal(reader.read(chunked, 0), chunked.length);
    assert.equal(reader.read(chunked.replace("1.1", "1.0"), 0), -1);
    assert.equal(reader.refusal?.status, 400);
  });

  test("a head without fields is a head", () => {
    const reader = new HeadReader(DEFAULT_LIMITS);
    const bare = "GET / HTTP/1.0\r\n\r\n";
    assert.equal(reader.read(bare + bare, 0), bare.length);
    assert.equal(reader.read(bare + bare, bare.length), 2 * bare.length);
    assert.equal(reader.read(A, 0), A.length);
    assert.deepEqual(reader.head!.headers.names, ["host", "x"]);
  });

  test("a head that is not complete is none, and no refusal", () => {
    const reader = new HeadReader(DEFAULT_LIMITS);
    for (let length = 0; length < A.length; length++) assert.equal(reader.read(A.slice(0, length), 0), -1);
    assert.equal(reader.refusal, null);
  });
});
