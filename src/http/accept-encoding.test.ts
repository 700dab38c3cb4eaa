import assert from "node:assert/strict";
import { test } from "node:test";
import { type Coding, chooseCoding, parseAcceptEncoding } from "./accept-encoding.ts";

const ALL: readonly Coding[] = ["br", "zstd", "gzip"];

const CASES: readonly (readonly [field: string | undefined, available: readonly Coding[], expected: Coding | null])[] =
  [
    [undefined, ALL, null],
    ["", ALL, null],
    ["gzip", ALL, "gzip"],
    ["gzip, deflate, br, zstd", ALL, "br"],
    ["gzip, deflate, br, zstd", ["gzip", "br"], "gzip"],
    ["gzip, deflate", ["br", "zstd"], null],
    ["br;q=0.5, gzip;q=0.8", ALL, "gzip"],
    ["br;q=0.5, gzip;q=0.500", ALL, "br"],
    ["br;q=0, gzip", ALL, "gzip"],
    ["br;q=0.000", ["br"], null],
    ["br;q=0.001", ["br"], "br"],
    ["*", ALL, "br"],
    ["*;q=0.1", ["gzip"], "gzip"],
    ["br;q=0, *", ALL, "zstd"],
    ["*;q=0", ALL, null],
    ["gzip, *;q=0", ALL, "gzip"],
    ["identity", ALL, null],
    ["identity;q=1, gzip;q=0.5", ALL, null],
    ["identity;q=0.5, gzip;q=0.5", ALL, "gzip"],
    ["identity;q=0", ALL, null],
    ["identity;q=0, gzip;q=0.1", ALL, "gzip"],
    ["GZIP", ALL, "gzip"],
    ["x-gzip", ALL, "gzip"],
    ["gzip;Q=0.5", ALL, "gzip"],
    ["gzip ; q=0.5 ,\tbr ; q=0.4", ALL, "gzip"],
    ["gzip;q=2", ALL, null],
    ["gzip;q=0.1234", ALL, null],
    ["gzip;q=-1", ALL, null],
    ["gzip;q=", ALL, null],
    ["gzip;level=9", ALL, null],
    ["gzip br", ALL, null],
    [";;;, ,gzip", ALL, "gzip"],
    ["deflate, compress", ALL, null],
    ["gzip", [], null],
  ];

for (const [field, available, expected] of CASES) {
  test(`Accept-Encoding ${JSON.stringify(field)} of ${available.join(" ") || "nothing"} gets ${expected ?? "the plain form"}`, () => {
    assert.equal(chooseCoding(parseAcceptEncoding(field), available), expected);
  });
}
