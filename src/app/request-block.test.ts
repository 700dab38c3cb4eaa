import assert from "node:assert/strict";
import { test } from "node:test";
import { cgiFields } from "./request-block.ts";

const fields = (list: readonly (readonly [string, string])[], chunked = false) =>
  Object.fromEntries(
    cgiFields(
      list.map(([name]) => name),
      list.map(([, value]) => value),
      chunked,
    ),
  );

test("header fields become CGI variables", () => {
  assert.deepEqual(
    fields([
      ["host", "a"],
      ["content-type", "b"],
      ["content-length", "3"],
      ["x-real-ip", "d"],
    ]),
    {
      HTTP_HOST: "a",
      CONTENT_TYPE: "b",
      CONTENT_LENGTH: "3",
      HTTP_X_REAL_IP: "d",
    },
  );
});

test("a name with an underscore never becomes the variable of the name with a hyphen", () => {
  assert.deepEqual(
    fields([
      ["x_real_ip", "spoofed"],
      ["content_length", "9"],
    ]),
    {},
  );
});

test("Proxy never becomes HTTP_PROXY", () => assert.deepEqual(fields([["proxy", "http://evil"]]), {}));

test("repeated fields are joined, cookies by semicolons", () => {
  assert.deepEqual(
    fields([
      ["accept", "a"],
      ["cookie", "x=1"],
      ["accept", "b"],
      ["cookie", "y=2"],
    ]),
    {
      HTTP_ACCEPT: "a, b",
      HTTP_COOKIE: "x=1; y=2",
    },
  );
});

test("a field that may stand once keeps its first value", () => {
  assert.deepEqual(
    fields([
      ["authorization", "a"],
      ["authorization", "b"],
    ]),
    { HTTP_AUTHORIZATION: "a" },
  );
});

test("framing that the front has undone is not told", () => {
  assert.deepEqual(fields([["transfer-encoding", "chunked"]], true), {});
});
