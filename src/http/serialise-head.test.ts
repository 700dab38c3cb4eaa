import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ResponseHead } from "./response-head.ts";
import { CHUNKED, completeHead, serialiseHead, UNFRAMED } from "./serialise-head.ts";

const DATE = "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";

describe("serialiseHead", () => {
  test("is made once for a head", () => {
    const head = new ResponseHead(200, [["X", "1"]]);
    assert.equal(serialiseHead(head), serialiseHead(head));
    assert.equal(head.http1, serialiseHead(head));
  });

  test("leaves out framing and connection fields, and remembers the length", () => {
    const head = serialiseHead(
      new ResponseHead(404, [
        ["content-LENGTH", "5"],
        ["Connection", "x"],
        ["Transfer-Encoding", "y"],
        ["A", "b"],
      ]),
    );
    assert.deepEqual([head?.text, head?.declared], ["HTTP/1.1 404 Not Found\r\nA: b\r\n", 5]);
  });

  test("a reason of its own takes the place of the standard one", () => {
    assert.equal(serialiseHead(new ResponseHead(200, [], "Fine"))?.text, "HTTP/1.1 200 Fine\r\n");
    assert.equal(serialiseHead(new ResponseHead(299, []))?.text, "HTTP/1.1 299 Unknown\r\n");
  });

  for (const value of ["a\rb", "a\nb", "a\0b", "\u010a", "\u2028", "a\x7f"]) {
    test(`${JSON.stringify(value)} is no value, name or reason`, () => {
      assert.equal(serialiseHead(new ResponseHead(200, [["X", value]])), null);
      assert.equal(serialiseHead(new ResponseHead(200, [[value, "x"]])), null);
      assert.equal(serialiseHead(new ResponseHead(200, [], value)), null);
    });
  }
});

describe("completeHead", () => {
  test("adds what is asked for, and nothing that is there", () => {
    const plain = serialiseHead(new ResponseHead(200, []))!;
    const line = "HTTP/1.1 200 OK\r\n";
    assert.equal(completeHead(plain, DATE, "", 3, ""), `${line}${DATE}Content-Length: 3\r\n\r\n`);
    assert.equal(completeHead(plain, DATE, "", 4, ""), `${line}${DATE}Content-Length: 4\r\n\r\n`);
    assert.equal(
      completeHead(plain, DATE, "Server: x\r\n", CHUNKED, ""),
      `${line}${DATE}Server: x\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    assert.equal(
      completeHead(plain, DATE, "", UNFRAMED, "Connection: close\r\n"),
      `${line}${DATE}Connection: close\r\n\r\n`,
    );
    assert.equal(completeHead(plain, "Date: later\r\n", "", 0, ""), `${line}Date: later\r\nContent-Length: 0\r\n\r\n`);
    const own = serialiseHead(
      new ResponseHead(200, [
        ["Date", "mine"],
        ["Server", "mine"],
      ]),
    )!;
    assert.equal(
      completeHead(own, DATE, "Server: x\r\n", 0, ""),
      `${line}Date: mine\r\nServer: mine\r\nContent-Length: 0\r\n\r\n`,
    );
  });
});
