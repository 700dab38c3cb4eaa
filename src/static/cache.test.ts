import assert from "node:assert/strict";
import { test } from "node:test";
import { ResponseHead } from "../http/response-head.ts";
import { type Found, StaticCache } from "./cache.ts";
import type { Representation } from "./representation.ts";

test("what was kept is found, in its own shelf only", () => {
  const cache = new StaticCache({ cacheSize: 100_000, cacheFile: 10_000 });
  const [one, other] = [cache.createShelf(), cache.createShelf()];
  const found = file(100);
  cache.set(one, "/a", found);
  assert.equal(cache.get(one, "/a"), found);
  assert.equal(cache.get(one, "/b"), undefined);
  assert.equal(cache.get(other, "/a"), undefined);
});

test("the least recently used go first, over all shelves", () => {
  const cache = new StaticCache({ cacheSize: 40_000, cacheFile: 20_000 });
  const [one, other] = [cache.createShelf(), cache.createShelf()];
  cache.set(one, "/a", file(10_000));
  cache.set(other, "/b", file(10_000));
  cache.set(one, "/c", file(10_000));
  cache.get(one, "/a");
  cache.set(other, "/d", file(10_000));
  assert.notEqual(cache.get(one, "/a"), undefined);
  assert.equal(cache.get(other, "/b"), undefined);
  assert.notEqual(cache.get(one, "/c"), undefined);
  assert.notEqual(cache.get(other, "/d"), undefined);
});

test("the limit holds whatever is put in, and all bytes come back when all is taken out", () => {
  const limit = 50_000;
  const cache = new StaticCache({ cacheSize: limit, cacheFile: 20_000 });
  const shelf = cache.createShelf();
  for (let i = 0; i < 500; i++) {
    const key = `/${(i * 7) % 40}`;
    if (i % 11 === 0) cache.delete(shelf, key);
    else cache.set(shelf, key, file((i * 997) % 20_000, i % 3 === 0 ? 500 : null));
    cache.get(shelf, `/${i % 40}`);
    assert.ok(cache.bytes <= limit);
  }
  assert.ok(shelf.size > 0);
  for (const key of [...shelf.keys()]) cache.delete(shelf, key);
  assert.equal(cache.bytes, 0);
});

test("files without content count too, so that names alone can't fill the memory", () => {
  const cache = new StaticCache({ cacheSize: 100_000, cacheFile: 1000 });
  const shelf = cache.createShelf();
  for (let i = 0; i < 1000; i++) cache.set(shelf, `/${i}`, file(null));
  assert.ok(shelf.size < 100);
});

test("putting a path in again replaces it", () => {
  const cache = new StaticCache();
  const shelf = cache.createShelf();
  cache.set(shelf, "/a", file(10));
  const before = cache.bytes;
  const found = file(10);
  cache.set(shelf, "/a", found);
  assert.equal(cache.bytes, before);
  assert.equal(cache.get(shelf, "/a"), found);
});

test("a smaller limit applies at once, and none at all keeps nothing", () => {
  const cache = new StaticCache();
  const shelf = cache.createShelf();
  for (let i = 0; i < 10; i++) cache.set(shelf, `/${i}`, file(10_000));
  cache.configure({ cacheSize: 30_000, cacheFile: 5000 });
  assert.ok(cache.bytes <= 30_000);
  assert.deepEqual([...shelf.keys()], ["/8", "/9"]);
  assert.ok(cache.admits(5000));
  assert.ok(!cache.admits(5001));
  cache.configure({ cacheSize: 0, cacheFile: 5000 });
  assert.equal(shelf.size, 0);
  assert.ok(!cache.admits(1));
});

function file(size: number | null, variant: number | null = null): Found {
  const variants = variant === null ? [] : [form(variant)];
  return { plain: form(size), variants, codings: [], absent: [], missing: [], racy: false, checked: 0, searched: 0 };
}

function form(size: number | null): Representation {
  const head = new ResponseHead(200, []);
  const body = size === null ? null : Buffer.alloc(size);
  const path = Buffer.from("/x");
  return {
    path,
    identity: "",
    coding: null,
    type: "",
    size: 0,
    etag: '""',
    lastModified: 0,
    head,
    notModified: head,
    body,
  };
}
