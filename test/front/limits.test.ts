import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import net from "node:net";
import { test } from "node:test";
import { NGINX, startNginx } from "../routes/real-nginx.ts";
import { folder, freePort, until } from "../support/instance.ts";
import { field, get, send, serve, serveNginx } from "./client.ts";

test("who asks too often gets 429 with Retry-After, by key, and it is counted and said", async (t) => {
  const [port, admin] = [await freePort(), await freePort()];
  const instance = await serve(
    t,
    `
listeners: ["127.0.0.1:${port}"]
admin: "127.0.0.1:${admin}"
rate_limits:
  slow: {key: "{http_x_key}", rate: 1/h, burst: 2}
  wait: {key: "{remote_addr}", rate: 20/s, burst: 5, delay: true}
  dry: {rate: 1/h, dry_run: true, status: 503}
sites:
  - routes:
      - {path: /wait, rate: wait, respond: {body: waited}}
      - {path: /dry, rate: dry, respond: {body: dry}}
      - {path: /inner, rate: slow, internal: true, respond: {body: inner}}
      - {path: /led, rate: slow, goto: /inner}
      - {rate: [slow], respond: {body: hello}, errors: {429: {path: /page}}}
      - {path: /page, respond: {body: page}}
`,
  );
  const ask = (target: string, key: string) => send(port, get(target, [`X-Key: ${key}`]));
  for (let i = 0; i < 3; i++) assert.equal((await ask("/", "a"))?.status, 200);
  const refused = await ask("/", "a");
  assert.equal(refused?.status, 429);
  assert.ok(Number(field(refused, "retry-after")[0]) > 3000);
  assert.equal((await ask("/", "b"))?.status, 200);
  for (let i = 0; i < 6; i++) assert.equal((await ask("/", ""))?.status, 200, "an empty key has no limit");
  // A request that is led on is counted once.
  for (let i = 0; i < 3; i++) assert.equal((await ask("/led", "c"))?.body, "inner");
  assert.equal((await ask("/led", "c"))?.status, 429);

  const began = performance.now();
  const waited = await Promise.all(Array.from({ length: 4 }, () => send(port, get("/wait"))));
  assert.deepEqual(
    waited.map((one) => one?.body),
    Array(4).fill("waited"),
  );
  assert.ok(performance.now() - began >= 140, "three of them waited for their turn");
  for (let i = 0; i < 3; i++) assert.equal((await send(port, get("/dry")))?.status, 200);

  const metrics = (await send(admin, get("/metrics", [], "127.0.0.1")))!.body;
  assert.match(metrics, /propylon_http_limited_requests_total\{kind="rate",limit="slow",outcome="refused"\} 2/);
  assert.match(metrics, /propylon_http_limited_requests_total\{kind="rate",limit="wait",outcome="delayed"\} 3/);
  assert.match(metrics, /propylon_http_limited_requests_total\{kind="rate",limit="dry",outcome="would_refuse"\} 2/);
  await until(() => /rate limit slow: a request was refused, the last of 127\.0\.0\.1/.test(instance.output.err));
  assert.equal(instance.output.err.match(/rate limit slow/g)?.length, 1, "one line, however many are refused");
});

test("no more requests of a key than may be are answered at the same time", async (t) => {
  const behind = http.createServer((request, response) => {
    if (request.url === "/now") response.end("now");
    else held.push(response);
  });
  const held: http.ServerResponse[] = [];
  await once(behind.listen(0, "127.0.0.1"), "listening");
  t.after(() => behind.close());
  const port = await freePort();
  await serve(
    t,
    `
listeners: ["127.0.0.1:${port}"]
concurrency_limits: {few: {key: "{http_x_key}", most: 2}}
sites: [{routes: [{concurrency: few, proxy: "http://127.0.0.1:${(behind.address() as AddressInfo).port}"}]}]
`,
  );
  const ask = (target = "/", key = "a") => send(port, get(target, [`X-Key: ${key}`]));
  const open = [ask(), ask()];
  await until(() => held.length === 2);
  const refused = await ask("/now");
  assert.equal(refused?.status, 429);
  assert.deepEqual(field(refused, "retry-after"), ["1"]);
  assert.equal((await ask("/now", "b"))?.body, "now");
  for (const response of held.splice(0)) response.end("done");
  assert.deepEqual(
    (await Promise.all(open)).map((one) => one?.body),
    ["done", "done"],
  );
  // One whose client leaves gives its place back too.
  const leaver = net.connect(port, "127.0.0.1");
  leaver.write(get("/", ["X-Key: a"]));
  await until(() => held.length === 1);
  const other = ask();
  await until(() => held.length === 2);
  assert.equal((await ask("/now"))?.status, 429);
  leaver.destroy();
  await until(async () => (await ask("/now"))?.status === 200);
  for (const response of held) response.end("done");
  await other;
});

/** So slow that no request comes back into the bucket while the test runs. */
const ZONES = `
  limit_req_zone $arg_key zone=slow:1m rate=1r/m;
  limit_req_zone $arg_key zone=other:1m rate=1r/m;
  limit_req_zone $arg_key zone=quick:1m rate=4r/s;
  limit_req_status 429;`;
const LOCATIONS = `
  location = /page { return 200 page; }
  location /none/ { limit_req zone=slow; try_files /nothing @ok; }
  location /burst/ { limit_req zone=slow burst=3 nodelay; try_files /nothing @ok; }
  location /status/ { limit_req zone=slow; limit_req_status 418; try_files /nothing @ok; }
  location /dry/ { limit_req zone=slow; limit_req_dry_run on; try_files /nothing @ok; }
  location /two/ { limit_req zone=slow burst=5 nodelay; limit_req zone=other burst=1 nodelay; try_files /nothing @ok; }
  location /delay/ { limit_req zone=quick burst=3; try_files /nothing @ok; }
  location /some/ { limit_req zone=quick burst=3 delay=2; try_files /nothing @ok; }
  location @ok { return 200 ok; }`;

test("limit_req lets through, delays and refuses what nginx does", {
  skip: NGINX === undefined && "nginx is not installed",
}, async (t) => {
  const conf = (port: number): string => `${ZONES} server { listen 127.0.0.1:${port}; ${LOCATIONS} }`;
  const nginx = await startNginx(folder(t), conf);
  t.after(() => nginx.stop());
  const ours = await serveNginx(t, conf);
  const statuses = async (port: number, path: string, key: string, count: number): Promise<readonly number[]> => {
    const found: number[] = [];
    for (let i = 0; i < count; i++) found.push((await send(port, get(`${path}?key=${key}`)))!.status);
    return found;
  };
  for (const path of ["/none/", "/burst/", "/status/", "/dry/", "/two/"])
    for (const key of ["a", ""]) {
      const wanted = await statuses(nginx.port, path, `${path}${key}`, 8);
      assert.deepEqual(await statuses(ours, path, `${path}${key}`, 8), wanted, `${path} ${key}`);
    }
  // Roughly: how long five at once take, and how many of them are refused.
  for (const path of ["/delay/", "/some/"]) {
    const [theirs, own] = await Promise.all(
      [nginx.port, ours].map(async (port) => {
        const began = performance.now();
        const all = await Promise.all(Array.from({ length: 5 }, () => send(port, get(`${path}?key=${path.length}`))));
        return { refused: all.filter((one) => one?.status === 429).length, took: performance.now() - began };
      }),
    );
    assert.equal(own!.refused, theirs!.refused, path);
    const least = path === "/delay/" ? 700 : 200;
    assert.ok(own!.took >= least && theirs!.took >= least, `${path}: ${own!.took} and ${theirs!.took} ms`);
  }
});
