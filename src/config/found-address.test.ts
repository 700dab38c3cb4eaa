import assert from "node:assert/strict";
import { test } from "node:test";
import { foundAddress, hostAndPort } from "./found-address.ts";

test("what variables came to is taken apart into protocol, server and path", () => {
  for (const [text, ...parts] of [
    ["a", null, "a", ""],
    ["a:80/x?y", null, "a:80", "/x?y"],
    ["HTTPS://a?y", "https", "a", "?y"],
    ["http://[::1]:8/", "http", "[::1]:8", "/"],
    ["http://unix:/run/a.sock:/x", "http", "unix:/run/a.sock", "/x"],
    ["unix:/run/a.sock", null, "unix:/run/a.sock", ""],
    ["", null, "", ""],
  ] as const) {
    const { protocol, authority, path } = foundAddress(text);
    assert.deepEqual([protocol, authority, path], parts, text);
  }
});

test("the port of a proxy is left out of its host where the protocol implies it, and always known", () => {
  for (const [text, usual, host, port] of [
    ["a", 80, "a", "80"],
    ["a:80/x", 80, "a", "80"],
    ["https://a:80", 80, "a:80", "80"],
    ["https://a:443/", 80, "a", "443"],
    ["a:9000", 0, "a:9000", "9000"],
    ["a", 0, "a", ""],
    ["unix:/x:", 80, "localhost", ""],
  ] as const)
    assert.deepEqual(hostAndPort(text, usual), { host, port }, text);
});
