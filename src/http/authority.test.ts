import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseAuthority } from "./authority.ts";
import { Refusal } from "./refusal.ts";

describe("parseAuthority", () => {
  const becomes: Record<string, string> = {
    a: "a",
    "Example.ORG": "example.org",
    "example.org:8080": "example.org",
    "example.org:": "example.org",
    "example.org.": "example.org.",
    a_b: "a_b",
    "127.0.0.1:0": "127.0.0.1",
    "[::1]": "[::1]",
    "[2001:DB8::1]:443": "[2001:db8::1]",
    "a%20b": "a%20b",
    "xn--bcher-kva.example": "xn--bcher-kva.example",
  };
  for (const [authority, host] of Object.entries(becomes)) {
    test(`the host of ${authority} is ${host}`, () => assert.equal(parseAuthority(authority), host));
  }

  const refused = [
    "",
    ":80",
    "a b",
    "a/b",
    "a?b",
    "a#b",
    "u@a",
    "a:b",
    "a:65536",
    "a:-1",
    "a:1:2",
    "::1",
    "[::1",
    "::1]",
    "[g::1]",
    "[::1%25eth0]",
  ];
  for (const authority of [
    ...refused,
    "[1.2.3.4]",
    "a%2",
    "a\\b",
    "\xe9",
    "a\0",
    "a,b ",
    "[::1]x",
    "a:000080",
    '"a"',
    "<a>",
  ]) {
    test(`${JSON.stringify(authority)} is refused`, () => assert.ok(parseAuthority(authority) instanceof Refusal));
  }
});
