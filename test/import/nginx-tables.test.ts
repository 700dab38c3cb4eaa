import assert from "node:assert/strict";
import { test } from "node:test";
import { inspectConfig } from "../../src/config/load.ts";
import { readNginxWith } from "../../src/import/nginx/read.ts";
import type { Plain } from "../../src/import/tree.ts";
import { machine } from "./nginx-machine.ts";
import { FILE, read, route, verdictOf } from "./nginx-reading.ts";

test("a literal that looks like a variable of a template stays a literal", () => {
  const { respond } = route(`location / { return 200 "{name} $host"; }`) as { respond: Plain };
  assert.equal(respond["body"], "{{name}} {host}");
});

test("error pages keep their status, take another, or that of the answer", () => {
  const [site] = read(
    "server { error_page 404 /a; error_page 500 502 =200 /b; error_page 503 = @c; error_page 403 http://d/; }",
  ).settings.sites as unknown as Plain[];
  assert.deepEqual(site!["errors"], {
    "404": { path: "/a" },
    "500 502": { path: "/b", status: 200 },
    "503": { route: "@c", status: "answer" },
    "403": { redirect: "http://d/" },
  });
});

test("upstreams, maps and geo become upstreams and variables", () => {
  const { settings } = read(`
    upstream app { least_conn; server 127.0.0.1:8000 weight=3 max_fails=0; server h backup; server unix:/run/a.sock; keepalive 8; }
    map $http_x $kind { default a; b c; ~*^d(?<rest>.*)$ "e$rest"; \\default f; }
    geo $place { default out; 10.0.0.0/8 in; }
    server { location / { uwsgi_pass app; } }`);
  assert.deepEqual(settings.upstreams, {
    app: {
      targets: [
        { address: "127.0.0.1:8000", weight: 3, max_fails: 0 },
        { address: "h:80", backup: true },
        { address: "unix:/run/a.sock" },
      ],
      balance: "least-connections",
      keepalive: 8,
    },
  });
  assert.deepEqual(settings.variables, {
    kind: {
      from: "{http_x}",
      values: { b: "c", default: "f" },
      patterns: [{ match: "^d(?<rest>.*)$", ignore_case: true, value: "e{rest}" }],
      default: "a",
    },
    place: { networks: { "10.0.0.0/8": "in" }, default: "out" },
  });
});

test("ranges of addresses become networks, a later range taking its part of an earlier one", () => {
  const { settings } = read(
    "geo $g { ranges; default d; 10.0.0.0-10.0.1.255 a; 10.0.1.0-10.0.1.127 b; 10.0.2.1-10.0.2.2 c; 10.9.0.0-10.9.0.255 e; delete 10.9.0.0-10.9.0.255; }",
  );
  assert.deepEqual(settings.variables, {
    g: {
      networks: {
        "10.0.0.0/24": "a",
        "10.0.1.0/25": "b",
        "10.0.1.128/25": "a",
        "10.0.2.1/32": "c",
        "10.0.2.2/32": "c",
      },
      default: "d",
    },
  });
});

test("a missing uwsgi_params, mime.types or proxy_params has its usual content, another file needs a decision", () => {
  const reading = read(
    "server { location / { include uwsgi_params; include mine.conf; uwsgi_param X y; uwsgi_pass h:1; } }",
  );
  const [site] = reading.settings.sites as unknown as Plain[];
  const { proxy } = (site!["routes"] as Plain[])[0] as { proxy: Plain };
  const parameters = proxy["parameters"] as Plain;
  assert.equal(parameters["PATH_INFO"], "{document_uri}");
  assert.equal(parameters["X"], "y");
  assert.equal(parameters["HTTPS"], undefined);
  assert.match(
    verdictOf(reading, "include"),
    /^mapped: .* the usual content .* \| needs-a-decision: .*mine\.conf can't be read/,
  );
});

test("what asks who the client is becomes auth, and closes the route where it can't", () => {
  const reading = read(
    `limit_req_zone $binary_remote_addr zone=one:1m rate=30r/m; limit_conn_zone $server_name zone=all:1m; limit_req_status 429;
    server {
      set_real_ip_from 10.0.0.0/8; real_ip_header X-Forwarded-For; real_ip_recursive on; limit_req zone=one burst=5 nodelay;
      listen 80 proxy_protocol;
      location /a { auth_basic $host; auth_basic_user_file users; root /w; }
      location /b { auth_basic off; root /w; limit_req zone=one burst=9 delay=3; limit_conn all 7; }
      location /c { satisfy any; allow 10.0.0.0/8; deny all; auth_request /x; auth_request_set $who $upstream_http_who; root /w; }
      location /d { auth_jwt x; root /w; }
      location /e { auth_basic x; root /w; }
      location /f { auth_basic x; auth_basic_user_file /users/$host; root /w; }
    }`,
  );
  const site = (reading.settings.sites as unknown as Plain[])[0]!;
  const [a, b, c, d, e, f] = site["routes"] as Plain[];
  assert.deepEqual(site["trusted_proxies"], {
    from: ["10.0.0.0/8"],
    take: ["address"],
    fields: "x-forwarded",
    recursive: true,
    strip: false,
  });
  assert.deepEqual(reading.settings.listeners, [{ address: "*:80", proxy_protocol: { from: "all", take: false } }]);
  assert.deepEqual(site["rate"], [{ limit: "one", burst: 5, delay: false }]);
  assert.deepEqual(reading.settings.rate_limits, {
    one: { key: "{remote_addr}", rate: "30/m", keys: 8192, status: 429 },
  });
  assert.deepEqual(reading.settings.concurrency_limits, { all: { key: "{server_name}", status: 503 } });
  assert.deepEqual(a!["auth"], { basic: { file: "/srv/nginx/users", realm: "{host}" } });
  assert.equal(b!["auth"], undefined);
  assert.deepEqual(b!["rate"], [{ limit: "one", burst: 9, delay: 3 }]);
  assert.deepEqual(b!["concurrency"], [{ limit: "all", most: 7 }]);
  assert.deepEqual(c!["access"], [{ allow: "10.0.0.0/8" }, { deny: "all" }]);
  assert.deepEqual(c!["auth"], { forward: { to: "/x", timeout: "5m", set: { who: "{upstream_http_who}" } } });
  assert.equal(c!["satisfy"], "any");
  assert.deepEqual(d!["access"], [{ deny: "all" }]);
  assert.equal(e!["auth"], undefined);
  assert.deepEqual(f!["access"], [{ deny: "all" }]);
  assert.match(verdictOf(reading, "auth_jwt"), /^needs-a-decision: /);
});

test("certificates of all servers on an address go to its listener, the default server's first", () => {
  const { settings } = read(`
    ssl_protocols TLSv1.3;
    server { listen 443 ssl; server_name a.org; ssl_certificate a.pem; ssl_certificate_key a.key; return 204; }
    server { listen 443 ssl default_server; listen 80; ssl_certificate /b.pem; ssl_certificate_key /b.key; return 204; }`);
  assert.deepEqual(settings.listeners, [
    {
      address: "*:443",
      tls: {
        certificates: [
          { certificate: "/b.pem", key: "/b.key" },
          { certificate: "/srv/nginx/a.pem", key: "/srv/nginx/a.key" },
        ],
        minimum: "1.3",
      },
    },
    { address: "*:80" },
  ]);
});

test("gzip with its types becomes compress, and off is off", () => {
  const [site] = read(
    "gzip on; gzip_types text/css application/json; gzip_comp_level 5; server { location / { root /w; } location /raw { gzip off; root /w; } }",
  ).settings.sites as unknown as Plain[];
  assert.deepEqual(site!["compress"], {
    codings: ["gzip"],
    types: ["text/html", "text/css", "application/json"],
    minimum: 20,
    level: 5,
  });
  const [plain, raw] = site!["routes"] as Plain[];
  assert.deepEqual([plain!["compress"], raw!["compress"]], [undefined, false]);
});

test("the placeholders of a template are left to the environment", () => {
  const { settings, directives } = read(
    `server { listen $\{PORT}; server_name {{ domain }}; client_max_body_size $\{SIZE}m;
      location /__NAME__/ { proxy_set_header Host $\{DOLLAR}host; proxy_pass http://$\{BACKEND}; } }`,
  );
  assert.deepEqual(settings.listeners, [{ address: `*:$\{PORT}` }]);
  assert.deepEqual(
    directives.filter(({ verdict }) => verdict !== "mapped"),
    [],
  );
  const environment = { PORT: "81", domain: "a.org", SIZE: "5", BACKEND: "h:1", __NAME__: "x" };
  const { loaded, errors } = inspectConfig({
    file: null,
    document: settings,
    profile: null,
    environment,
    flags: {},
    directory: "/",
  });
  assert.deepEqual(errors, []);
  const [site] = loaded!.config.sites;
  assert.equal(loaded!.config.listeners[0]!.port, 81);
  assert.deepEqual(site!.hosts, ["a.org"]);
  assert.equal(site!.bodyLimit, 5 * 1024 * 1024);
});

test("a pattern that JavaScript has nothing for needs a decision and takes its location with it", () => {
  const reading = read("server { location ~ ^/(?R)x { return 204; } location /a { return 204; } }");
  assert.match(verdictOf(reading, "location"), /^needs-a-decision: .*JavaScript has nothing for \(\?R\) \| mapped$/);
});

test("a directive of another module needs a decision, and is no mistake even where nginx itself was asked for", () => {
  const text = "events {} http { lua_package_path a; server { location / { content_by_lua_block { if x then } } } }";
  const source = { kind: "nginx", form: "file", path: FILE, text } as const;
  const reading = readNginxWith(source, machine({}), { prefix: null, strict: true, extra: "" });
  assert.match(verdictOf(reading, "lua_package_path"), /^needs-a-decision: a directive of a module/);
  assert.deepEqual(((reading.settings.sites as unknown as Plain[])[0]!["routes"] as Plain[])[0], {
    prefix: "/",
    fail: 501,
  });
});
