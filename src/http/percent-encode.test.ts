import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { encodePath, encodeQuery } from "./percent-encode.ts";

const PATHS: readonly (readonly [path: string, expected: string])[] = [
  ["/a/b", "/a/b"],
  ["/a b", "/a%20b"],
  ["/50%", "/50%25"],
  ["/a?b#c", "/a%3Fb%23c"],
  ["/\xc3\xa9", "/%C3%A9"],
  ["/a\r\nSet-Cookie: x", "/a%0D%0ASet-Cookie:%20x"],
  ["//evil.example/", "/evil.example/"],
  ["///evil.example", "/evil.example"],
  ["/\\evil.example", "/%5Cevil.example"],
  ["/a//b", "/a//b"],
  ["*", "/*"],
  ["", "/"],
];

for (const [path, expected] of PATHS) {
  test(`the path ${JSON.stringify(path)} is written ${expected}`, () => {
    assert.equal(encodePath(path), expected);
  });
}

test("a query keeps what is encoded and encodes what must be", () => {
  assert.equal(encodeQuery("a=%20b&c=d/e?f"), "a=%20b&c=d/e?f");
  assert.equal(encodeQuery('a="<b>"\r\n#'), "a=%22%3Cb%3E%22%0D%0A%23");
});

test("no path becomes a reference to another host, and all come back when read as a URI", () => {
  const path = fc
    .string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) })
    .map((text) => `/${text}`);
  fc.assert(
    fc.property(path, (text) => {
      const encoded = encodePath(text);
      assert.match(encoded, /^\/(?!\/)[\x21-\x7e]*$/);
      const back = encoded.replace(/%([0-9A-F]{2})/g, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
      assert.equal(back, text.replace(/^\/+/, "/"));
    }),
  );
});
