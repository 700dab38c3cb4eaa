import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type net from "node:net";
import { test } from "node:test";
import { readNginx } from "../../src/import/nginx/read.ts";
import type { Reading } from "../../src/import/reading.ts";
import { NGINX, startNginx } from "../proxy/programs.ts";
import { ask, folder, start } from "../support/instance.ts";
import { machine } from "./nginx-machine.ts";

const FILE = "/srv/nginx/site.conf";
const ZONE = "proxy_cache_path /var/cache/nginx levels=1:2 keys_zone=pages:10m max_size=100m inactive=1h;";

function read(text: string): Reading {
  return readNginx({ kind: "nginx", form: "file", path: FILE, text }, machine({}));
}

function cacheOf(location: string): unknown {
  const { sites } = read(`${ZONE} server { location / { proxy_pass http://127.0.0.1:81; ${location} } }`).settings;
  return (sites as unknown as { routes: { cache?: unknown }[] }[])[0]!.routes[0]!.cache;
}

function verdicts(reading: Reading, name: string): string[] {
  return reading.directives.filter((one) => one.name === name).map(({ verdict, note }) => `${verdict}: ${note}`);
}

test("proxy_cache and what belongs to it become a cache, a zone on disk a store in memory", () => {
  const reading = read(`${ZONE} server { location / { proxy_pass http://127.0.0.1:81;
    proxy_cache pages; proxy_cache_key "$host$request_uri $cookie_theme $proxy_host";
    proxy_cache_valid 200 302 10m; proxy_cache_valid 404 1m; proxy_cache_valid any 30s;
    proxy_cache_use_stale error timeout updating http_500 http_502 http_503 http_504 invalid_header;
    proxy_cache_background_update on; proxy_cache_lock on; proxy_cache_lock_timeout 3s; proxy_cache_revalidate on;
    proxy_cache_min_uses 2; proxy_cache_methods GET HEAD; proxy_cache_bypass $cookie_nocache $arg_nocache;
    proxy_no_cache $http_pragma; proxy_ignore_headers Cache-Control Expires; proxy_ignore_headers Set-Cookie; } }`);
  const settings = reading.settings as unknown as { caches: unknown; sites: { routes: { cache: unknown }[] }[] };
  assert.deepEqual(settings.caches, { pages: { size: "100MB" } });
  assert.deepEqual(settings.sites[0]!.routes[0]!.cache, {
    store: "pages",
    key: "{host}{request_uri} {cookie_theme} 127.0.0.1:81",
    ttl: { 200: "10m", 302: "10m", 404: "1m", any: "30s" },
    stale_while_revalidate: "52w",
    stale_if_error: "52w",
    ignore: ["cache-control", "expires", "set-cookie"],
    accel_expires: true,
    min_uses: 2,
    max_entry: "16MB",
    wait: "3s",
    request_directives: false,
    status: false,
    refresh: [{ value: "{cookie_nocache}" }, { value: "{arg_nocache}" }],
    no_store: [{ value: "{http_pragma}" }],
  });
  assert.deepEqual(verdicts(reading, "proxy_cache_valid"), ["mapped: ", "mapped: ", "mapped: "]);
  assert.match(verdicts(reading, "proxy_cache_path")[0]!, /^approximated: kept in memory of each edge, 100MB at most/);
  assert.match(verdicts(reading, "proxy_cache")[0]!, /^approximated: kept as RFC 9111 has it/);
  assert.match(verdicts(reading, "proxy_ignore_headers")[1]!, /no Set-Cookie/);
  assert.deepEqual(
    reading.directives.filter(({ verdict }) => verdict === "needs-a-decision"),
    [],
  );
});

test("NGINX's own defaults: no waiting, no validation, 200 301 302 for a time alone", () => {
  assert.deepEqual(cacheOf("proxy_cache pages; proxy_cache_valid 5m;"), {
    store: "pages",
    ttl: { 200: "5m", 301: "5m", 302: "5m" },
    accel_expires: true,
    max_entry: "16MB",
    wait: 0,
    revalidate: false,
    request_directives: false,
    status: false,
  });
  assert.equal(cacheOf("proxy_cache off;"), undefined);
  assert.equal(cacheOf("proxy_cache_valid 5m;"), undefined);
});

test("uwsgi_cache, fastcgi_cache and scgi_cache are the same", () => {
  for (const family of ["uwsgi", "fastcgi", "scgi"]) {
    const text = `${family}_cache_path /tmp/x keys_zone=z:1m; server { location / { ${family}_pass 127.0.0.1:81; ${family}_cache z; ${family}_cache_key $request_uri; ${family}_cache_valid 1m; } }`;
    const { settings } = read(text);
    const { caches, sites } = settings as unknown as { caches: unknown; sites: { routes: { cache: unknown }[] }[] };
    assert.deepEqual(caches, { z: { size: "256MB" } }, family);
    assert.equal((sites[0]!.routes[0]!.cache as { key: string }).key, "{request_uri}");
  }
});

test("a zone that the request chooses, and one that is nowhere, are named", () => {
  const chosen = read("server { location / { proxy_pass http://a; proxy_cache $zone; set $zone x; } }");
  assert.match(verdicts(chosen, "proxy_cache")[0]!, /^needs-a-decision: the zone depends on the request/);
  const whole = `events {} http { server { location / { proxy_pass http://127.0.0.1:81; proxy_cache none; } } }`;
  assert.match(verdicts(read(whole), "proxy_cache")[0]!, /needs-a-decision: .*"none" is unknown/);
});

const skip = NGINX === undefined ? "nginx is not installed" : false;

/** Each is asked of both in this order: what `$upstream_cache_status` says, and how often the origin was asked. */
const ASKED: readonly (readonly [target: string, headers?: Record<string, string>])[] = [
  ["/valid/a"],
  ["/valid/a"],
  ["/valid/a", { "Cache-Control": "no-cache" }],
  ["/valid/a?x"],
  ["/valid/a?nocache=1"],
  ["/valid/a"],
  ["/valid/a?no=1"],
  ["/valid/a?no=1"],
  ["/valid/none"],
  ["/valid/none"],
  ["/valid/cookie"],
  ["/valid/cookie"],
  ["/valid/private"],
  ["/valid/private"],
  ["/valid/age0"],
  ["/valid/age0"],
  ["/valid/age60"],
  ["/valid/age60"],
  ["/valid/vary", { "X-A": "1" }],
  ["/valid/vary", { "X-A": "2" }],
  ["/valid/vary", { "X-A": "2" }],
  ["/valid/a", { Range: "bytes=0-1" }],
  ["/plain/a"],
  ["/plain/a"],
  ["/plain/age60"],
  ["/plain/age60"],
  ["/twice/a"],
  ["/twice/a"],
  ["/twice/a"],
  ["/ignored/cookie"],
  ["/ignored/cookie"],
  ["/ignored/private"],
  ["/ignored/private"],
  ["/off/age60"],
  ["/off/age60"],
];

const SERVER = `
  add_header X-Cache "$upstream_cache_status" always;
  location /valid/ { proxy_pass http://127.0.0.1:BACKEND; proxy_cache z; proxy_cache_valid 200 10m; proxy_cache_valid 404 1m;
    proxy_cache_key "$request_uri"; proxy_cache_bypass $arg_nocache; proxy_no_cache $arg_no; }
  location /plain/ { proxy_pass http://127.0.0.1:BACKEND; proxy_cache z; proxy_cache_key "$request_uri"; }
  location /twice/ { proxy_pass http://127.0.0.1:BACKEND; proxy_cache z; proxy_cache_min_uses 2; proxy_cache_valid 10m; proxy_cache_key "$request_uri"; }
  location /ignored/ { proxy_pass http://127.0.0.1:BACKEND; proxy_cache z; proxy_cache_valid any 10m; proxy_cache_key "$request_uri";
    proxy_ignore_headers Set-Cookie Cache-Control; }
  location /off/ { proxy_pass http://127.0.0.1:BACKEND; proxy_cache off; }
`;

test("hits and misses are NGINX's", { skip, timeout: 60_000 }, async (t) => {
  const counts = { theirs: 0, ours: 0 };
  const origin = async (who: keyof typeof counts): Promise<number> => {
    const server = http.createServer((request, response) => {
      counts[who]++;
      const last = /\/(\w+)(?:\?|$)/.exec(request.url!)![1]!;
      const control = { private: "private", age0: "max-age=0", age60: "max-age=60" }[last];
      const body = `${request.url} ${request.headers["x-a"] ?? ""}`;
      response.writeHead(last === "none" ? 404 : 200, {
        "Content-Length": body.length,
        "Accept-Ranges": "bytes",
        "Content-Type": "text/plain",
        ...(control !== undefined && { "Cache-Control": control }),
        ...(last === "cookie" && { "Set-Cookie": "a=1" }),
        ...(last === "vary" && { Vary: "X-A" }),
      });
      response.end(body);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as net.AddressInfo).port;
  };
  const [behindTheirs, behindOurs] = [await origin("theirs"), await origin("ours")];
  await using nginx = await startNginx(SERVER.replaceAll("BACKEND", String(behindTheirs)), {
    http: "proxy_cache_path cache keys_zone=z:1m;",
  });
  const cwd = folder(t, {
    "ours.conf": `events {} http { proxy_cache_path cache keys_zone=z:1m; server { listen 127.0.0.1:0; ${SERVER.replaceAll("BACKEND", String(behindOurs))} } }`,
  });
  const url = await start(t, ["run", "ours.conf", "--listen", "127.0.0.1:0"], { cwd }).url;
  for (const [target, headers = {}] of ASKED) {
    const seen = async (base: string, who: keyof typeof counts) => {
      const answer = await ask(`${base}${target}`, { headers });
      return {
        target,
        status: answer.status,
        cache: answer.headers["x-cache"] ?? "",
        body: answer.body,
        count: counts[who],
      };
    };
    assert.deepEqual(await seen(url, "ours"), await seen(`http://127.0.0.1:${nginx.port}`, "theirs"));
  }
});
