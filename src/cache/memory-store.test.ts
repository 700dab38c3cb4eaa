import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { RequestHeaders } from "../http/request-headers.ts";
import { Entry } from "./entry.ts";
import { MemoryStore } from "./memory-store.ts";
import { selectEntry } from "./select.ts";
import { variantOf } from "./vary.ts";

const TERMS = {
  lifetime: 60_000,
  noCache: false,
  neverStale: false,
  shared: false,
  staleWhileRevalidate: 0,
  staleIfError: 0,
};

function request(language: string): RequestHeaders {
  return new RequestHeaders(`accept-language: ${language}`, ["accept-language"], [language]);
}

function entry(key: string, size = 100, language: string | null = null): Entry {
  const variant = variantOf(language === null ? undefined : "Accept-Language", request(language ?? ""))!;
  const content = Buffer.alloc(size);
  const parts = { key, url: `http://a.example/${key}`, variant, status: 200, reason: "", fields: [], content };
  return new Entry({ ...parts, terms: TERMS, initialAge: 0, received: 0 });
}

test("whatever is put, used and removed, the bytes are those of the entries, and within the limit", () => {
  const key = fc.integer({ min: 0, max: 12 }).map(String);
  const step = fc.oneof(
    fc.record({
      do: fc.constant("put"),
      key,
      size: fc.integer({ min: 0, max: 4000 }),
      language: fc.constantFrom(null, "de", "fr"),
    }),
    fc.record({ do: fc.constant("use"), key }),
    fc.record({ do: fc.constant("remove"), key }),
    fc.record({ do: fc.constant("purge"), key }),
    fc.record({ do: fc.constant("resize"), size: fc.integer({ min: 3000, max: 20_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const store = new MemoryStore(12_000);
      for (const one of steps) {
        if ("language" in one) store.put(entry(one.key, one.size, one.language));
        else if (one.do === "use" && "key" in one) for (const found of [...store.get(one.key)]) store.used(found);
        else if (one.do === "remove" && "key" in one) for (const found of [...store.get(one.key)]) store.remove(found);
        else if (one.do === "purge" && "key" in one) store.removeUrl(`http://a.example/${one.key}`);
        else if ("size" in one) store.resize(one.size);
        const all = [...store.entries()];
        assert.equal(
          all.reduce((sum, found) => sum + found.bytes, 0),
          store.bytes,
        );
        assert.equal(all.length, store.count);
        assert.ok(store.bytes <= store.limit);
        for (const found of all) assert.ok(store.get(found.key).includes(found));
      }
      store.removeWhere(() => true);
      assert.deepEqual([store.bytes, store.count], [0, 0]);
    }),
  );
});

test("what was used again outlives a walk through many that are asked for once", () => {
  const store = new MemoryStore(20_000);
  store.put(entry("loved"));
  store.used(store.get("loved")[0]!);
  for (let i = 0; i < 100; i++) store.put(entry(`once-${i}`, 1000));
  assert.equal(store.get("loved").length, 1);
  assert.ok(store.evicted > 80);
});

test("an entry takes the place of the same variant, and stands beside others", () => {
  const store = new MemoryStore(1_000_000);
  const [german, french, newer] = [entry("x", 1, "de"), entry("x", 1, "fr"), entry("x", 2, "de")];
  for (const one of [german, french, newer]) store.put(one);
  assert.equal(store.count, 2);
  assert.equal(selectEntry(store.get("x"), request("de")), newer);
  assert.equal(selectEntry(store.get("x"), request("fr")), french);
  assert.equal(selectEntry(store.get("x"), request("it")), null);
});

test("a key has 64 variants at most", () => {
  const store = new MemoryStore(1_000_000);
  for (let i = 0; i < 100; i++) store.put(entry("x", 1, `l${i}`));
  assert.equal(store.count, 64);
});

test("what is larger than the store is not taken, and costs nothing that is there", () => {
  const store = new MemoryStore(5000);
  store.put(entry("x"));
  assert.equal(store.put(entry("large", 6000)), false);
  assert.equal(store.count, 1);
});
