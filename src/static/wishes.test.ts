import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestHeaders } from "../http/request-headers.ts";
import { wishesOf } from "./wishes.ts";

test("headers without any wish all share one", () => {
  const [one, other] = [new RequestHeaders("", ["host"], ["a"]), new RequestHeaders("", ["accept"], ["*/*"])];
  assert.equal(wishesOf(one), wishesOf(other));
  assert.equal(wishesOf(one).special, null);
});

test("wishes are read once for each header block", () => {
  const headers = new RequestHeaders("", ["accept-encoding", "range"], ["gzip", "bytes=0-1"]);
  assert.equal(wishesOf(headers), wishesOf(headers));
  assert.equal(wishesOf(headers).special?.range, "bytes=0-1");
  assert.equal(wishesOf(headers).weights.gzip, 1);
});

test("another handler's memo is left alone, and never taken for wishes", () => {
  const headers = new RequestHeaders("", ["range"], ["bytes=0-1"]);
  const owner = {};
  headers.memoOwner = owner;
  headers.memo = "theirs";
  assert.equal(wishesOf(headers).special?.range, "bytes=0-1");
  assert.deepEqual([headers.memoOwner, headers.memo], [owner, "theirs"]);
});

test("a field given twice counts as one list, so a second Range makes both invalid", () => {
  const headers = new RequestHeaders(
    "",
    ["range", "if-none-match", "range", "if-none-match"],
    ["bytes=0-1", '"a"', "bytes=2-3", '"b"'],
  );
  const special = wishesOf(headers).special;
  assert.equal(special?.range, "bytes=0-1, bytes=2-3");
  assert.equal(special?.ifNoneMatch, '"a", "b"');
});
