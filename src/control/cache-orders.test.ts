import assert from "node:assert/strict";
import { test } from "node:test";
import { listing, purge } from "./cache-orders.ts";

test("a purge names a URL, the beginning of URLs, or everything", () => {
  assert.deepEqual(purge({ url: "https://a.example/x" }), { kind: "purge", url: "https://a.example/x" });
  assert.deepEqual(purge({ prefix: "http://a.example", store: "pages" }), {
    kind: "purge",
    prefix: "http://a.example",
    store: "pages",
  });
  assert.deepEqual(purge({ all: true }), { kind: "purge", all: true });
});

test("anything else is refused, so that no slip empties a store", () => {
  for (const values of [{}, { all: false }, { store: "pages" }, { url: "https://a.example/", all: true }])
    assert.throws(() => purge(values), /It is not clear what is to be removed/, JSON.stringify(values));
  for (const url of ["/x", "a.example/x", "", "ftp://a.example/", "https:///x"])
    assert.throws(() => purge({ url }), /is not a URL that clients ask for/, url);
  assert.throws(() => purge({ uri: "https://a.example/x" }), /knows no argument "uri"/);
});

test("without a limit the stores are told, with one what is in them", () => {
  assert.deepEqual(listing(new URLSearchParams()), { kind: "status" });
  assert.deepEqual(listing(new URLSearchParams("limit=5&prefix=http://a")), {
    kind: "list",
    prefix: "http://a",
    limit: 5,
  });
  for (const limit of ["0", "-1", "x", "1e3", ""])
    assert.throws(() => listing(new URLSearchParams({ limit })), /is not a number from 1 on/, limit);
});
