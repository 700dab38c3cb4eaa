import assert from "node:assert/strict";
import { test } from "node:test";
import { mediaType } from "./media-type.ts";

const CASES: readonly (readonly [name: string, expected: string])[] = [
  ["/srv/index.html", "text/html; charset=utf-8"],
  ["a.css", "text/css; charset=utf-8"],
  ["a.js", "text/javascript; charset=utf-8"],
  ["a.mjs", "text/javascript; charset=utf-8"],
  ["A.TXT", "text/plain; charset=utf-8"],
  ["a.min.js.map", "application/json"],
  ["a.json", "application/json"],
  ["a.xml", "text/xml"],
  ["a.svg", "image/svg+xml"],
  ["a.png", "image/png"],
  ["a.webp", "image/webp"],
  ["favicon.ico", "image/x-icon"],
  ["a.woff2", "font/woff2"],
  ["a.wasm", "application/wasm"],
  ["a.webmanifest", "application/manifest+json"],
  ["a.tar.gz", "application/gzip"],
  ["a.nc", "application/x-netcdf"],
  ["a.py", "application/octet-stream"],
  ["README", "application/octet-stream"],
  ["a.b/README", "application/octet-stream"],
  ["a.", "application/octet-stream"],
  ["a.constructor", "application/octet-stream"],
  ["a.__proto__", "application/octet-stream"],
  ["a.toString", "application/octet-stream"],
];

for (const [name, expected] of CASES) {
  test(`${name} is ${expected}`, () => {
    assert.equal(mediaType(name), expected);
  });
}
