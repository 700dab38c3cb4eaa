import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { test } from "node:test";
import zlib from "node:zlib";
import { NGINX, startNginx } from "../proxy/programs.ts";
import { folder, run, start } from "../support/instance.ts";

const APP = `
import itertools
count = itertools.count(1)

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/private":
        start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Cache-Control", "max-age=60")])
        return [b"private %d" % next(count)]
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain"), ("Cache-Control", "max-age=60")])
        number = next(count)
        return (b"piece %d " % number for _ in range(3))
    fields = [("Content-Type", "text/plain"), ("Cache-Control", "max-age=60"), ("ETag", '"one"')]
    start_response("200 OK", fields)
    return [(b"answer %d " % next(count)) * 200]
`;

const CONFIG = `
listeners: ["127.0.0.1:0"]
apps: { web: { wsgi: "app:app", workers: 1 } }
sites:
  - cache: true
    routes:
      - { path: /packed, app: web, compress: true }
      - { path: /noted, app: web, response_headers: { set: { X-Was: "{cache_status}" } } }
      - { app: web }
`;

test("one line caches an app: hits, purge by the command line, metrics; a reload keeps what is stored", {
  timeout: 120_000,
}, async (t) => {
  const cwd = folder(t, { "app.py": APP, "propylon.yaml": CONFIG });
  const instance = start(t, ["run"], { cwd });
  const url = await instance.url;
  const text = async (target: string): Promise<string> => (await instance.get(target)).body.slice(0, 9);
  assert.equal(await text("/page"), "answer 1 ");
  assert.equal(await text("/page"), "answer 1 ");
  assert.equal((await instance.get("/page", { headers: { "If-None-Match": '"one"' } })).status, 304);
  assert.equal(await text("/private"), "private 2");
  assert.equal(await text("/private"), "private 3");
  assert.equal((await instance.get("/stream")).body, "piece 4 piece 4 piece 4 ");
  assert.equal((await instance.get("/stream")).body, "piece 4 piece 4 piece 4 ");
  const noted = [await instance.get("/noted"), await instance.get("/noted")];
  assert.deepEqual(
    noted.map(({ headers }) => headers["x-was"]),
    ["MISS", "HIT"],
  );

  const gzip = { headers: { "Accept-Encoding": "gzip" } };
  const plain = await instance.get("/packed");
  const packed = await fetchRaw(`${url}/packed`, gzip.headers);
  assert.equal(packed.headers.get("content-encoding"), "gzip");
  assert.match(packed.headers.get("vary")!, /accept-encoding/i);
  assert.match(packed.headers.get("cache-status")!, /; hit/);
  assert.equal(packed.text, plain.body, "what was stored is what the app gave");

  const listed = await run(["cache", "list", "--json"], cwd);
  const urls = (JSON.parse(listed.out) as { url: string }[]).map((one) => one.url).sort();
  assert.deepEqual(urls, [`${url}/noted`, `${url}/packed`, `${url}/page`, `${url}/stream`]);
  fs.appendFileSync(path.join(cwd, "propylon.yaml"), "limits: { header_count: 99 }\n");
  const reloaded = await run(["reload"], cwd);
  assert.equal(reloaded.code, 0, reloaded.err);
  assert.equal(await text("/page"), "answer 1 ", "the reload replaced the app's workers, not what is stored");

  assert.match((await run(["cache", "purge", `${url}/page`], cwd)).out, /^1 answer removed\n$/);
  assert.match(String((await instance.get("/page")).headers["cache-status"]), /fwd=uri-miss/);
});

/** The answer as it was sent, unpacked. */
async function fetchRaw(url: string, headers: Record<string, string>) {
  return new Promise<{ headers: Headers; text: string }>((resolve, reject) => {
    http
      .get(url, { headers, agent: false }, (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("end", () => {
          const fields = new Headers(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
          resolve({ headers: fields, text: zlib.gunzipSync(Buffer.concat(pieces)).toString() });
        });
      })
      .on("error", reject);
  });
}

const noNginx = NGINX === undefined ? "nginx is not installed" : false;

test("in front of nginx: files are stored by its Expires, validated by its ETag, parts cut from them", {
  skip: noNginx,
}, async (t) => {
  await using nginx = await startNginx(
    "location / { root FOLDER/www; expires 1h; } location /old/ { alias FOLDER/www/; expires epoch; }",
  );
  fs.mkdirSync(path.join(nginx.folder, "www"));
  fs.writeFileSync(path.join(nginx.folder, "www/page.txt"), "0123456789");
  const cwd = folder(t, {
    "propylon.yaml": `
listeners: ["127.0.0.1:0"]
sites: [{ cache: true, routes: [{ proxy: "http://127.0.0.1:${nginx.port}" }] }]
`,
  });
  const instance = start(t, ["run"], { cwd });
  const note = async (target: string, headers: Record<string, string> = {}) => {
    const answer = await instance.get(target, { headers });
    return [answer.status, answer.body, String(answer.headers["cache-status"]).replace(/; ttl=.*/, "")];
  };
  assert.deepEqual(await note("/page.txt"), [200, "0123456789", "propylon; fwd=uri-miss; fwd-status=200; stored"]);
  assert.deepEqual(await note("/page.txt"), [200, "0123456789", "propylon; hit"]);
  assert.deepEqual(await note("/page.txt", { Range: "bytes=2-4" }), [206, "234", "propylon; hit"]);
  assert.deepEqual(await note("/old/page.txt"), [200, "0123456789", "propylon; fwd=uri-miss; fwd-status=200; stored"]);
  assert.deepEqual(await note("/old/page.txt"), [200, "0123456789", "propylon; fwd=stale; fwd-status=304; stored"]);
  fs.writeFileSync(path.join(nginx.folder, "www/page.txt"), "another content");
  assert.equal((await note("/old/page.txt"))[1], "another content");
  assert.equal((await note("/page.txt"))[1], "0123456789");
});
