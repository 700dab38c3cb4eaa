import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { brotliCompressSync, gunzipSync, gzipSync } from "node:zlib";
import { createStaticHandler } from "../../src/static/handler.ts";
import { ask } from "./client.ts";
import { BASE } from "./settings.ts";
import { openFilesBelow, openSite, put, type TestSite, until } from "./site.ts";

const SOURCE = "let a = 1;\n".repeat(2000);
const LARGE = "0123456789abcdef".repeat(100_000);
let site: TestSite;

before(async () => {
  site = await openSite();
  put(join(site.root, "app.js"), SOURCE);
  put(join(site.root, "app.js.gz"), gzipSync(SOURCE));
  put(join(site.root, "app.js.br"), brotliCompressSync(SOURCE));
  put(join(site.root, "alone.js"), SOURCE);
  put(join(site.root, "stale.js"), SOURCE, 1_700_000_100);
  put(join(site.root, "stale.js.gz"), gzipSync("old"), 1_700_000_000);
  put(join(site.root, "index.html"), "<p>plain");
  put(join(site.root, "index.html.gz"), gzipSync("<p>plain"));
  put(join(site.root, "folder.js"), SOURCE);
  mkdirSync(join(site.root, "folder.js.gz"));
  put(join(site.root, "large.txt"), LARGE);
  put(join(site.root, "large.txt.gz"), gzipSync(LARGE, { level: 0 }));
  put(join(site.root, "lone.css.gz"), gzipSync("a {}"));
  put(join(site.root, "data.csv.gz"), gzipSync("a,b"));
  put(join(site.root, "data.csv.gz.br"), "never asked for");
});
after(async () => {
  await until("all files are closed", () => openFilesBelow(site.folder) === 0);
  await site.close();
});

const CASES = [
  [undefined, undefined],
  ["gzip, deflate", "gzip"],
  ["gzip, deflate, br", "br"],
  ["gzip, deflate, br, zstd", "br"],
  ["zstd", undefined],
  ["br;q=0, gzip", "gzip"],
  ["br;q=0.2, gzip;q=0.9", "gzip"],
  ["*", "br"],
  ["identity", undefined],
] as const;

for (const [accept, coding] of CASES) {
  test(`Accept-Encoding ${accept} gets ${coding ?? "the plain form"}, with Vary`, async () => {
    const answer = await ask(site.port, "/app.js", accept === undefined ? {} : { "Accept-Encoding": accept });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["content-encoding"], coding);
    assert.equal(answer.headers["vary"], "Accept-Encoding");
    assert.equal(answer.headers["content-type"], "text/javascript; charset=utf-8");
  });
}

test("the forms decode to the same, and differ in their tags", async () => {
  const [plain, gzip, br] = await Promise.all(
    ["identity", "gzip", "br"].map((accept) => ask(site.port, "/app.js", { "Accept-Encoding": accept })),
  );
  assert.equal(gunzipSync(gzip!.body).toString(), SOURCE);
  assert.deepEqual(br!.body, brotliCompressSync(SOURCE));
  assert.equal(new Set([plain, gzip, br].map((answer) => answer!.headers["etag"])).size, 3);
});

test("a tag holds for its own form only", async () => {
  const { headers } = await ask(site.port, "/app.js", { "Accept-Encoding": "gzip" });
  const ifNone = { "If-None-Match": headers["etag"]! };
  const same = await ask(site.port, "/app.js", { ...ifNone, "Accept-Encoding": "gzip" });
  assert.deepEqual(
    [same.status, same.headers["vary"], same.headers["etag"]],
    [304, "Accept-Encoding", headers["etag"]],
  );
  assert.equal((await ask(site.port, "/app.js", ifNone)).status, 200);
});

test("a range is of the form that is sent", async () => {
  const whole = await ask(site.port, "/app.js", { "Accept-Encoding": "gzip" });
  const part = await ask(site.port, "/app.js", { "Accept-Encoding": "gzip", Range: "bytes=4-9" });
  assert.equal(part.status, 206);
  assert.equal(part.headers["content-encoding"], "gzip");
  assert.equal(part.headers["content-range"], `bytes 4-9/${whole.body.length}`);
  assert.deepEqual(part.body, whole.body.subarray(4, 10));
});

test("a large form is streamed with its coding", async () => {
  const answer = await ask(site.port, "/large.txt", { "Accept-Encoding": "gzip" });
  assert.equal(answer.headers["content-encoding"], "gzip");
  assert.equal(gunzipSync(answer.body).toString(), LARGE);
});

test("an index has its forms too", async () => {
  assert.equal((await ask(site.port, "/", { "Accept-Encoding": "gzip" })).headers["content-encoding"], "gzip");
});

const PLAIN = [
  ["alone.js", "a file without forms"],
  ["stale.js", "a file newer than its form"],
  ["folder.js", "a file with a folder in the place of its form"],
  ["data.csv.gz", "a file that is compressed itself"],
] as const;

for (const [name, what] of PLAIN) {
  test(`${what} is sent plain and without Vary`, async () => {
    const answer = await ask(site.port, `/${name}`, { "Accept-Encoding": "gzip, br" });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["content-encoding"], undefined);
    assert.equal(answer.headers["vary"], undefined);
  });
}

test("a form without its original is a file of its own only", async () => {
  assert.equal((await ask(site.port, "/lone.css", { "Accept-Encoding": "gzip" })).status, 404);
  assert.equal((await ask(site.port, "/lone.css.gz")).headers["content-type"], "application/gzip");
});

test("with precompressed off the plain form is sent", async () => {
  site.use(createStaticHandler({ ...BASE, root: site.root, precompressed: false }, site.cache));
  try {
    const answer = await ask(site.port, "/app.js", { "Accept-Encoding": "gzip, br" });
    assert.deepEqual([answer.headers["content-encoding"], answer.headers["vary"]], [undefined, undefined]);
  } finally {
    site.use(createStaticHandler({ ...BASE, root: site.root }, site.cache));
  }
});
