import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { describe } from "../../src/base/errors.ts";
import { inspectConfig } from "../../src/config/load.ts";
import { folderWith } from "../config/files.ts";
import { PLAIN } from "./stage.ts";

function inspect(t: TestContext, text: string) {
  const directory = folderWith(t, { "propylon.yaml": text });
  return inspectConfig({ file: ".", profile: null, environment: {}, flags: {}, directory });
}

function routesOf(t: TestContext, text: string) {
  const { loaded, errors } = inspect(t, text);
  assert.deepEqual(errors, []);
  return loaded!.config.sites[0]!.routes;
}

const TO = `proxy: "http://127.0.0.1:81"`;

test("cache: true is the safe default, off without it, and a route has its own in place of the site's", (t) => {
  const [inherits, without, own] = routesOf(
    t,
    `sites: [{cache: true, routes: [{path: /a, ${TO}}, {path: /b, cache: false, ${TO}}, {cache: {ttl: 1m}, ${TO}}]}]`,
  );
  assert.deepEqual(inherits!.cache, PLAIN);
  assert.equal(without!.cache, null);
  assert.deepEqual(own!.cache, { ...PLAIN, ttl: { 200: 60_000, 301: 60_000, 302: 60_000 } });
  assert.equal(routesOf(t, `sites: [{routes: [{${TO}}]}]`)[0]!.cache, null);
});

test("every key has its effect", (t) => {
  const [route] = routesOf(
    t,
    `caches: {pages: {size: 2MB}}
sites: [{routes: [{${TO}, cache: {store: pages, key: "{host}{uri}", methods: GET, ttl: {200 404: 1s, any: 0}, heuristics: true,
  stale_while_revalidate: 1m, stale_if_error: 1h, ignore: [vary, set-cookie], accel_expires: true, min_uses: 2, max_entry: 1KB, wait: 0, revalidate: false,
  request_directives: false, status: false, bypass: {header: X-A}, refresh: [{query: a}, {value: "{cookie_b}"}], no_store: {client: 10.0.0.0/8}}}]}]`,
  );
  const { bypass, refresh, noStore, ...rest } = route!.cache!;
  assert.deepEqual(rest, {
    store: "pages",
    key: "{host}{uri}",
    methods: ["GET"],
    ttl: { 200: 1000, 404: 1000, any: 0 },
    heuristics: true,
    staleWhileRevalidate: 60_000,
    staleIfError: 3_600_000,
    ignore: ["vary", "set-cookie"],
    accelExpires: true,
    minUses: 2,
    maxEntry: 1024,
    wait: 0,
    revalidate: false,
    requestDirectives: false,
    status: false,
  });
  assert.deepEqual([bypass.length, refresh.length, noStore.length], [1, 2, 1]);
});

for (const [what, cache, expected] of [
  ["a store that is not there", "{store: page}", `there is no store page\n  did you mean "pages"?`],
  ["a name like no other", "{store: zzz}", "there is no store zzz\n  add caches: {zzz: {size: 64MB}}"],
  [
    "an answer larger than the store",
    "{store: pages, max_entry: 3MB}",
    "one answer may be larger than the whole store\n  make the store pages larger, or max_entry smaller",
  ],
  ["a status twice", "{ttl: {200 301: 1m, 200: 2m}}", "the status 200 is given twice\n  give it one time"],
  ["a variable that is not there", `{key: "{hots}"}`, "there is no variable {hots}\n  did you mean {host}?"],
] as const)
  test(`${what} is refused at its place, with what to write`, (t) => {
    const { errors } = inspect(t, `caches: {pages: {size: 2MB}}\nsites: [{routes: [{cache: ${cache}, ${TO}}]}]\n`);
    assert.equal(errors.length, 1);
    assert.match(describe(errors[0]!), /^propylon\.yaml:2:\d+: sites\[0\]\.routes\[0\]\.cache/);
    assert.ok(describe(errors[0]!).includes(expected), describe(errors[0]!));
  });
