import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { CompressedCopies } from "./compressed-copies.ts";

test("a body is compressed once for each coding and level", () => {
  const copies = new CompressedCopies();
  const body = Buffer.from("a text, ".repeat(100));
  const gzip = copies.get(body, "gzip", 5);
  assert.equal(copies.get(body, "gzip", 5), gzip);
  assert.notEqual(copies.get(body, "gzip", 9), gzip);
  assert.ok(gunzipSync(gzip).equals(body));
  assert.ok(zstdDecompressSync(copies.get(body, "zstd", 5)).equals(body));
  assert.ok(copies.bytes >= body.length + gzip.length);
});

test("the copies that were used longest ago go first, and the bytes stay within the limit", () => {
  const copies = new CompressedCopies(10_000);
  const bodies = Array.from({ length: 20 }, (_, i) => Buffer.alloc(1000, `${i} `));
  const first = copies.get(bodies[0]!, "gzip", 5);
  for (const body of bodies) {
    copies.get(body, "gzip", 5);
    assert.equal(copies.get(bodies[0]!, "gzip", 5), first);
    assert.ok(copies.bytes <= 10_000);
  }
  const second = copies.get(bodies[1]!, "gzip", 5);
  assert.equal(copies.get(bodies[1]!, "gzip", 5), second);
});
