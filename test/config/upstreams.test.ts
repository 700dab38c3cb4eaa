import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProxyConfig } from "../../src/config/proxy-model.ts";
import type { WrittenSettings } from "../../src/config/schema.ts";
import { handler, load, type WrittenRoute } from "./written.ts";

const PROXY_DEFAULTS = {
  kind: "proxy",
  target: null,
  path: null,
  host: "{http_host}",
  forwarded: true,
  parameters: [],
  buffering: true,
  requestBuffering: true,
  requestTrailers: true,
  connectTimeout: 10_000,
  sendTimeout: 60_000,
  readTimeout: 60_000,
  retry: { on: ["error", "timeout"], tries: 0, timeout: 0 },
  redirects: ["default"],
  method: null,
  body: null,
  passHeaders: null,
  resolver: null,
  script: { index: "", split: null },
  keepConnections: true,
  cookiePaths: [],
  cookieDomains: [],
  cookieFlags: [],
  hide: [],
  underscores: false,
  upgrade: true,
  tunnel: { idle: 60_000, lifetime: 0 },
  accel: true,
  tls: null,
} as const;

function proxy(written: WrittenRoute, more: WrittenSettings = {}): ProxyConfig {
  const found = handler(written, more);
  assert.equal(found.kind, "proxy");
  return found as ProxyConfig;
}

test("a URL stands for an upstream, the same address for the same one", () => {
  const { upstreams, sites } = load({
    sites: [
      {
        routes: [
          { path: "/a", proxy: "http://127.0.0.1:8080" },
          { path: "/b", proxy: "http://127.0.0.1:8080/x/" },
          { path: "/c", proxy: "uwsgi://unix:./a.sock" },
          { path: "/d", proxy: "https://Example.org" },
        ],
      },
    ],
  });
  assert.deepEqual(Object.keys(upstreams), [
    "http://127.0.0.1:8080",
    "uwsgi://unix:/srv/a.sock",
    "https://example.org:443",
  ]);
  assert.deepEqual(upstreams["http://127.0.0.1:8080"], {
    name: "http://127.0.0.1:8080",
    targets: [
      {
        host: "127.0.0.1",
        port: 8080,
        path: null,
        weight: 1,
        maxConnections: 0,
        maxFails: 1,
        failTimeout: 10_000,
        backup: false,
        down: false,
      },
    ],
    balance: "round-robin",
    key: "",
    consistent: true,
    resolver: null,
    keepalive: 32,
    keepaliveTimeout: 60_000,
    keepaliveRequests: 0,
    keepaliveTime: 0,
    queueSize: 0,
    queueTimeout: 10_000,
    slowStart: 0,
    health: null,
  });
  const [first] = sites[0]!.routes;
  assert.deepEqual(first!.handler, {
    ...PROXY_DEFAULTS,
    protocol: "http",
    upstream: "http://127.0.0.1:8080",
    name: "127.0.0.1:8080",
  });
  const tls = { verify: true, ca: null, crl: null, name: null, certificate: null, key: null };
  assert.deepEqual((sites[0]!.routes[3]!.handler as ProxyConfig).tls, tls);
});

test("an upstream is found by its name, alone or in a URL, and speaks what its targets say", () => {
  const upstreams = { blog: { targets: ["http://a:1", "unix:/x"] }, wsgi: { targets: ["uwsgi://a:3031"] } };
  const found = (to: string) => {
    const { protocol, upstream, name, path } = proxy({ path: "/o/", proxy: to }, { upstreams });
    return [protocol, upstream, name, path];
  };
  assert.deepEqual(found("blog"), ["http", "blog", "blog", null]);
  assert.deepEqual(found("http://blog/n/"), ["http", "blog", "blog", { strip: "/o/", to: "/n/" }]);
  assert.deepEqual(found("wsgi"), ["uwsgi", "wsgi", "wsgi", null]);
  assert.deepEqual(found("uwsgi://wsgi"), ["uwsgi", "wsgi", "wsgi", null]);
  assert.deepEqual(found("http://blog:81"), ["http", "http://blog:81", "blog:81", null]);
});

test("an address with variables is found out for each request", () => {
  const variables = { backend: { from: "{host}" } };
  const found = proxy({ proxy: "http://{backend}:80" }, { variables });
  assert.deepEqual([found.upstream, found.target, found.name], [null, "{backend}:80", "{backend}:80"]);
});

test("a path takes the place of the route's own", () => {
  const path = (written: WrittenRoute) => proxy(written).path;
  assert.equal(path({ path: "/o", proxy: "http://a" }), null);
  assert.deepEqual(path({ path: "/o", proxy: "http://a/" }), { strip: "/o", to: "" });
  assert.deepEqual(path({ path: "/o", proxy: "http://a/n/" }), { strip: "/o", to: "/n" });
  assert.deepEqual(path({ proxy: "http://a/n/" }), { strip: "", to: "/n" });
  assert.deepEqual(path({ prefix: "/o", proxy: "http://a/n/" }), { strip: "/o", to: "/n/" });
  assert.deepEqual(path({ exact: "/o", proxy: "http://a/n" }), { strip: "/o", to: "/n" });
  assert.deepEqual(path({ regex: "^/(.)", proxy: "http://a/{1}" }), { strip: null, to: "/{1}" });
  assert.deepEqual(path({ path: "/o/", proxy: { to: "http://a", path: "/n", strip: "all" } }), {
    strip: null,
    to: "/n",
  });
  assert.deepEqual(path({ path: "/o/", proxy: { to: "http://a", path: "/n/", strip: "/o/p/" } }), {
    strip: "/o/p/",
    to: "/n/",
  });
});

test("every setting of a proxy arrives", () => {
  const found = proxy({
    proxy: {
      to: "https://a:8443",
      host: "{proxy_host}",
      forwarded: false,
      buffering: false,
      request_buffering: false,
      connect_timeout: "1s",
      send_timeout: 2,
      read_timeout: "3s",
      retry: { on: [502, "non-idempotent"], tries: 2, timeout: "4s" },
      redirects: [{ from: "~^http://a/(.*)", to: "/{1}" }],
      method: "{arg_m}",
      resolver: { servers: "10.0.0.2", valid: "5s", timeout: "1s", ipv6: false },
      keep_connections: false,
      body: false,
      pass_headers: "X-Id",
      cookies: {
        paths: [{ from: "/a", to: "/b" }],
        domains: [{ from: "a", to: "{host}" }],
        flags: [{ name: "~^s", set: ["secure", "samesite=lax"] }],
      },
      hide: "X-Powered-By",
      underscores: true,
      upgrade: false,
      accel: false,
      tls: { verify: false, ca: "ca.pem", name: "b", certificate: "c.pem", key: "k.pem" },
    },
  });
  assert.deepEqual(found, {
    kind: "proxy",
    protocol: "https",
    upstream: "https://a:8443",
    target: null,
    resolver: { servers: ["10.0.0.2"], valid: 5000, timeout: 1000, ipv4: true, ipv6: false },
    name: "a:8443",
    path: null,
    host: "{proxy_host}",
    forwarded: false,
    parameters: [],
    buffering: false,
    requestBuffering: false,
    requestTrailers: true,
    connectTimeout: 1000,
    sendTimeout: 2000,
    readTimeout: 3000,
    retry: { on: ["502", "non-idempotent"], tries: 2, timeout: 4000 },
    redirects: [{ from: "~^http://a/(.*)", to: "/{1}" }],
    cookiePaths: [{ from: "/a", to: "/b" }],
    cookieDomains: [{ from: "a", to: "{host}" }],
    cookieFlags: [{ name: "~^s", flags: ["secure", "samesite=lax"] }],
    method: "{arg_m}",
    body: "",
    passHeaders: ["x-id"],
    script: { index: "", split: null },
    keepConnections: false,
    hide: ["x-powered-by"],
    underscores: true,
    upgrade: false,
    tunnel: { idle: 3000, lifetime: 0 },
    accel: false,
    tls: {
      verify: false,
      ca: "/srv/ca.pem",
      crl: null,
      name: "b",
      certificate: "/srv/c.pem",
      key: "/srv/k.pem",
    },
  });
  assert.deepEqual(proxy({ proxy: { to: "http://a", retry: false, redirects: false } }).retry.on, []);
});

test("gateway protocols get the parameters of CGI, or those that are written, in their order", () => {
  const names = (to: string) => proxy({ proxy: to }).parameters.map(([name]) => name);
  assert.deepEqual(names("uwsgi://a:1").slice(0, 3), ["QUERY_STRING", "REQUEST_METHOD", "CONTENT_TYPE"]);
  assert.equal(names("scgi://a:1")[0], "CONTENT_LENGTH");
  assert.ok(names("fastcgi://a:1").includes("GATEWAY_INTERFACE"));
  assert.deepEqual(proxy({ proxy: { to: "fastcgi://a:1", parameters: { B: "{uri}", A: "" } } }).parameters, [
    ["B", "{uri}"],
    ["A", ""],
  ]);
});

test("every setting of an upstream arrives", () => {
  const { upstreams } = load({
    upstreams: {
      u: {
        targets: [
          { address: "[::1]:8080", weight: 3, max_connections: 4, max_fails: 0, fail_timeout: "1s" },
          { address: "unix:b.sock", backup: true, down: true },
        ],
        balance: "hash",
        key: "{arg_id}",
        consistent: false,
        resolver: ["10.0.0.2", "ns:5353"],
        keepalive: 0,
        keepalive_timeout: "2s",
        keepalive_requests: 9,
        keepalive_time: "1h",
        queue: { size: 5, timeout: "3s" },
        slow_start: "4s",
        health: { path: "/up", interval: "6s", timeout: "7s", fails: 8, passes: 9 },
      },
      tcp: { targets: ["a"], health: {}, balance: "sticky" },
    },
    sites: [{ routes: [{ path: "/u", proxy: "u" }, { proxy: "tcp" }] }],
  });
  assert.deepEqual(upstreams["u"], {
    name: "u",
    targets: [
      {
        host: "::1",
        port: 8080,
        path: null,
        weight: 3,
        maxConnections: 4,
        maxFails: 0,
        failTimeout: 1000,
        backup: false,
        down: false,
      },
      {
        host: "",
        port: 0,
        path: "/srv/b.sock",
        weight: 1,
        maxConnections: 0,
        maxFails: 1,
        failTimeout: 10_000,
        backup: true,
        down: true,
      },
    ],
    balance: "hash",
    key: "{arg_id}",
    consistent: false,
    resolver: { servers: ["10.0.0.2", "ns:5353"], valid: null, timeout: 30_000, ipv4: true, ipv6: true },
    keepalive: 0,
    keepaliveTimeout: 2000,
    keepaliveRequests: 9,
    keepaliveTime: 3_600_000,
    queueSize: 5,
    queueTimeout: 3000,
    slowStart: 4000,
    health: { path: "/up", interval: 6000, timeout: 7000, fails: 8, passes: 9 },
  });
  assert.deepEqual(upstreams["tcp"]?.health, { path: null, interval: 5000, timeout: 2000, fails: 3, passes: 2 });
  assert.deepEqual([upstreams["tcp"]?.targets[0]?.port, upstreams["tcp"]?.key], [80, "propylon_target"]);
});
