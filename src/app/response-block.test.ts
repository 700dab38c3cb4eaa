import assert from "node:assert/strict";
import { test } from "node:test";
import { ResponseHead } from "../http/response-head.ts";
import { responseHead } from "./response-block.ts";

test("an app's status line and header fields become a response head", () => {
  const head = responseHead("404 Not Found\0Content-Type\0text/plain\0Set-Cookie\0a=1\0Set-Cookie\0b=2");
  assert.ok(head instanceof ResponseHead);
  assert.equal(head.status, 404);
  assert.equal(head.reason, "Not Found");
  assert.deepEqual(head.headers, [
    ["Content-Type", "text/plain"],
    ["Set-Cookie", "a=1"],
    ["Set-Cookie", "b=2"],
  ]);
});

test("equal text gives the same head again", () => {
  const text = "200 OK\0Content-Length\x001";
  assert.equal(responseHead(text), responseHead(text.slice()));
});

test("connection options and the date of an app are left out", () => {
  const head = responseHead("200 OK\0Connection\0close\0Transfer-Encoding\0chunked\0Date\0x\0X-A\0b");
  assert.ok(head instanceof ResponseHead);
  assert.deepEqual(head.headers, [["X-A", "b"]]);
});

const REFUSED: readonly [name: string, text: string][] = [
  ["a value with CRLF, which would split the response", "200 OK\0X\0a\r\nSet-Cookie: b"],
  ["a value with a bare LF", "200 OK\0X\0a\nb"],
  ["a value with a control character", "200 OK\0X\0a\x01"],
  ["a name with a colon", "200 OK\0X:\0a"],
  ["a name with a space", "200 OK\0X Y\0a"],
  ["an empty name", "200 OK\0\0a"],
  ["a name without a value", "200 OK\0X"],
  ["an interim status", "100 Continue"],
  ["a status of two digits", "20 OK"],
  ["a status above 599", "600 X"],
  ["no status", ""],
  ["a reason with CR", "200 O\rK"],
];
for (const [name, text] of REFUSED) {
  test(`${name} is refused`, () => assert.ok("refused" in responseHead(text)));
}
