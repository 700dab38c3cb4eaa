import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTcpAddress, parseAddress } from "./address.ts";

test("addresses of every form are taken apart", () => {
  assert.deepEqual(parseAddress("127.0.0.1:8000"), { kind: "tcp", host: "127.0.0.1", port: 8000 });
  assert.deepEqual(parseAddress("*:80"), { kind: "tcp", host: "*", port: 80 });
  assert.deepEqual(parseAddress(":80"), { kind: "tcp", host: "*", port: 80 });
  assert.deepEqual(parseAddress("localhost:0"), { kind: "tcp", host: "localhost", port: 0 });
  assert.deepEqual(parseAddress("[::1]:443"), { kind: "tcp", host: "::1", port: 443 });
  assert.deepEqual(parseAddress("unix:/run/app.sock"), { kind: "unix", path: "/run/app.sock" });
  assert.deepEqual(parseAddress("unix:///run/app.sock"), { kind: "unix", path: "/run/app.sock" });
  assert.deepEqual(parseAddress("unix:./app.sock"), { kind: "unix", path: "./app.sock" });
});

test("what is no address is refused with what to write", () => {
  const reasons = {
    "http://x:80": /without a scheme/,
    "8000": /127\.0\.0\.1:8000/,
    "/run/x.sock": /unix:\/run\/x\.sock/,
    "x:99999": /above 65535/,
    "::1:80": /not an address/,
    "[x]:80": /IPv6/,
    "unix:": /no path/,
    "a b:80": /bad host/,
    x: /not an address/,
    "": /not an address/,
  };
  for (const [text, reason] of Object.entries(reasons)) {
    const parsed = parseAddress(text);
    assert.ok(parsed.kind === "bad", text);
    assert.match(parsed.reason, reason);
  }
});

test("IPv6 is written with brackets", () => {
  assert.deepEqual([formatTcpAddress("::1", 80), formatTcpAddress("*", 80)], ["[::1]:80", "*:80"]);
});
