import assert from "node:assert/strict";
import { test } from "node:test";
import { ProblemList } from "../../src/base/errors.ts";
import { readNginxWith } from "../../src/import/nginx/read.ts";
import type { Plain } from "../../src/import/tree.ts";
import { machine } from "./nginx-machine.ts";
import { FILE, read, route, routes, verdictOf } from "./nginx-reading.ts";

test("every directive is reported at its line and column, those of included files in their own", () => {
  const files = { "/srv/nginx/part.conf": "index a.html;\n" };
  const { directives } = read("server {\n  listen 81;\n    root /a; include part.conf;\n}\n", files);
  assert.deepEqual(
    directives.map(({ name, place }) => `${name} ${place.file}:${place.line}:${place.column}`),
    [
      `server ${FILE}:1:1`,
      `listen ${FILE}:2:3`,
      `root ${FILE}:3:5`,
      `include ${FILE}:3:14`,
      "index /srv/nginx/part.conf:1:1",
    ],
  );
});

test("broken syntax is a problem at its place, in NGINX's words", () => {
  for (const [text, message] of [
    ["server {\n  root /a\n}", `${FILE}:3:1: unexpected "}"`],
    ["server {\n  listen 80;", `${FILE}:2:13: unexpected end of file, expecting "}"`],
    ["server { }\n}", `${FILE}:2:1: unexpected "}"`],
    [`server { add_header A "b"c; }`, `${FILE}:1:26: unexpected "c"`],
  ] as const)
    assert.throws(
      () => read(text),
      (error) => error instanceof ProblemList && error.message === message,
      text,
    );
});

test("what NGINX refuses but can be passed over needs a decision, and is refused where nginx itself was asked for", () => {
  const text = "events {} http { server { lisen 80; root /a /b; } }";
  const reading = read(text);
  assert.match(
    verdictOf(reading, "lisen"),
    /^needs-a-decision: .*unknown directive "lisen" \(did you mean "listen"\?\)/,
  );
  assert.match(verdictOf(reading, "root"), /^needs-a-decision: .*invalid number of arguments in "root" directive/);
  const source = { kind: "nginx", form: "file", path: FILE, text } as const;
  assert.throws(
    () => readNginxWith(source, machine({}), { prefix: null, strict: true, extra: "" }),
    /site\.conf:1:27: unknown directive "lisen"[\s\S]*site\.conf:1:37: invalid number of arguments/,
  );
});

test("where a semicolon is missing the next line is read all the same", () => {
  const reading = read(
    "server {\n autoindex on \n root /w;\n location / { proxy_pass http://h; stray\n return 204; } }",
  );
  assert.deepEqual(
    reading.directives.map(({ name, verdict }) => `${name} ${verdict}`),
    [
      "server mapped",
      "autoindex needs-a-decision",
      "root ignored",
      "location mapped",
      "proxy_pass ignored",
      "stray needs-a-decision",
      "return mapped",
    ],
  );
});

test("locations become routes of the order nginx, with what each modifier means", () => {
  const found = routes(`server {
    location / { return 204; } location = /a { return 204; } location ^~ /b/ { return 204; }
    location ~ \\.php$ { return 204; } location ~* ^/(?i)c { return 204; } location @d { return 204; }
    location ~* ^/(?P<name>[[:alnum:]]+)/\\z { return 204; } location /e/ { location /e/f { return 204; } }
  }`);
  assert.deepEqual(
    found.map(({ respond: _, fail: _fail, routes: inner, ...match }) =>
      inner === undefined ? match : { ...match, inner },
    ),
    [
      { prefix: "/" },
      { exact: "/a" },
      { prefix: "/b/", final: true },
      { regex: "\\.php$" },
      { name: "@d", named_only: true },
      { regex: "^/(?<name>[A-Za-z0-9]+)/$", ignore_case: true },
      { prefix: "/e/", inner: [{ prefix: "/e/f", respond: { status: 204 } }] },
    ],
  );
});

test("servers become sites: names, listeners, and who answers for unknown hosts", () => {
  const { settings } = read(`
    server { listen 80; listen [::]:80; server_name A.org *.a.org; return 204; }
    server { listen 80 default_server; server_name .b.org mail.* ~^(?<who>\\w+)\\.c\\.org$; return 204; }
    server { listen 127.0.0.1:8000; listen unix:run/x.sock; return 204; }`);
  const sites = settings.sites as unknown as Plain[];
  assert.deepEqual(settings.listeners, [
    { address: "*:80" },
    { address: "127.0.0.1:8000" },
    { address: "unix:/srv/nginx/run/x.sock" },
  ]);
  assert.deepEqual(
    sites.map(({ hosts, listeners, default: chosen }) => ({ hosts, listeners, chosen })),
    [
      { hosts: ["a.org", "*.a.org"], listeners: ["*:80"], chosen: undefined },
      { hosts: [".b.org", "~^mail\\..+$", "~^(?<who>\\w+)\\.c\\.org$"], listeners: ["*:80"], chosen: true },
      { hosts: ["_"], listeners: ["127.0.0.1:8000", "unix:/srv/nginx/run/x.sock"], chosen: true },
    ],
  );
});

test("a location alone is served on port 80, as in the guide of pywps", () => {
  const { settings, directives } = read(
    "location /wps {\n proxy_set_header Host $host;\n proxy_redirect off;\n proxy_set_header X-Real-IP $remote_addr;\n proxy_pass http://127.0.0.1:8081;\n}",
  );
  assert.deepEqual(settings.listeners, [{ address: "*:80" }]);
  const [site] = settings.sites as unknown as Plain[];
  assert.deepEqual((site!["routes"] as Plain[])[0], {
    prefix: "/wps",
    proxy: {
      to: "http://127.0.0.1:8081",
      forwarded: false,
      connect_timeout: "1m",
      redirects: false,
      hide: ["Date", "Server", "X-Pad"],
      upgrade: false,
    },
    request_headers: { set: { Host: "{host}", "X-Real-IP": "{remote_addr}" } },
  });
  assert.deepEqual([...new Set(directives.map(({ verdict }) => verdict))], ["mapped"]);
});

test("proxy_pass keeps the path, or replaces it, by its URI part", () => {
  const to = (location: string): unknown => {
    const { to: url, path, strip } = route(location)["proxy"] as Plain;
    return [url, path, strip];
  };
  assert.deepEqual(to("location /a/ { proxy_pass http://h:1; }"), ["http://h:1", undefined, undefined]);
  assert.deepEqual(to("location /a { proxy_pass http://h:1/b/; }"), ["http://h:1/b/", undefined, undefined]);
  assert.deepEqual(to("location /a { proxy_pass http://unix:/run/a.sock:/b; }"), [
    "http://unix:/run/a.sock",
    "/b",
    undefined,
  ]);
  assert.deepEqual(to("location /a { proxy_pass http://h:1$request_uri; }"), [
    "http://h:1",
    "{request_uri}",
    "all-and-query",
  ]);
  assert.deepEqual(to("location ~ ^/a(.*) { proxy_pass http://h/b$1$is_args$args; }"), [
    "http://h",
    "/b{1}{is_args}{args}",
    "all-and-query",
  ]);
  assert.deepEqual(to("location /a { set $u http://h:1; proxy_pass $u; }"), ["http://h:1", undefined, undefined]);
  assert.deepEqual(to("location /a { uwsgi_pass unix:///run/a.sock; }"), [
    "uwsgi://unix:/run/a.sock",
    undefined,
    undefined,
  ]);
});

test("headers of an outer level are dropped where a level has its own, and the report says so", () => {
  const reading = read(`server {
    add_header X-A a; add_header X-B b always; proxy_set_header X-C c;
    location /in { proxy_pass http://h; }
    location /own { add_header X-D d; proxy_set_header X-E e; proxy_pass http://h; }
  }`);
  const [site] = reading.settings.sites as unknown as Plain[];
  const [inherits, own] = site!["routes"] as Plain[];
  assert.deepEqual(site!["response_headers"], { add: { "X-A": { value: "a", always: false }, "X-B": "b" } });
  assert.equal(inherits!["response_headers"], undefined);
  assert.deepEqual(inherits!["request_headers"], { set: { "X-C": "c" } });
  assert.deepEqual(own!["response_headers"], { add: { "X-D": { value: "d", always: false } } });
  assert.deepEqual(own!["request_headers"], { set: { "X-E": "e" } });
  assert.match(verdictOf(reading, "add_header"), /don't apply here: X-A, X-B \(\/srv\/nginx\/site\.conf:2:5\)/);
  assert.match(verdictOf(reading, "proxy_set_header"), /don't apply here: X-C/);
});

test("the host that an upstream is told is NGINX's unless a header sets it, and upgrades pass where headers ask for it", () => {
  const plain = route("location / { proxy_pass http://h; }");
  assert.equal((plain["proxy"] as Plain)["host"], "{proxy_host}");
  assert.equal((plain["proxy"] as Plain)["upgrade"], false);
  const socket = route(
    `location / { proxy_set_header Host $http_host; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; proxy_pass http://h; }`,
  );
  assert.equal((socket["proxy"] as Plain)["host"], undefined);
  assert.equal((socket["proxy"] as Plain)["upgrade"], undefined);
  assert.deepEqual(socket["request_headers"], { set: { Host: "{http_host}" } });
});

test("root keeps the location's path and alias takes its place", () => {
  const files = { root: "/srv/x", index_goto: true, charset: "", dotfiles: true, symlinks: true, precompressed: false };
  assert.deepEqual(route("location /a/ { root /srv/x/; }")["static"], { ...files, strip: false });
  assert.deepEqual(route("location /a/ { alias /srv/x/; }")["static"], files);
  const { index_goto: _, root: _root, ...single } = files;
  assert.deepEqual(route("location = /a.txt { alias /srv/x/b.txt; }")["static"], { file: "/srv/x/b.txt", ...single });
  assert.deepEqual(route("location ~ ^/a/(.+)$ { alias /srv/x/$1; }")["static"], { file: "/srv/x/{1}", ...single });
});

test("an alias whose slashes don't fit is called out", () => {
  const note = (location: string): string => verdictOf(read(`server { ${location} }`), "alias");
  assert.match(note("location /a/ { alias /srv/x; }"), /^approximated: .*\/a\/x at \/srv\/xx/);
  assert.match(note("location /a { alias /srv/x/; }"), /^mapped: .*\/a\.\.\/ lead out/);
});

test("try_files looks under the root in effect and ends as its last word says", () => {
  const last = (word: string): unknown =>
    (route(`location / { root /w; try_files $uri $uri/ ${word}; }`)["try"] as Plain)["else"];
  assert.deepEqual(last("=404"), { fail: 404 });
  assert.deepEqual(last("@app"), { goto: "@app" });
  assert.deepEqual(last("/index.html?$args"), { goto: "/index.html?{args}" });
  const proxied = route("location /s/ { alias /w/; try_files $uri =404; proxy_pass http://h; }")["try"] as Plain;
  assert.deepEqual([proxied["root"], proxied["strip"], proxied["files"]], ["/w", "/s/", ["{uri}"]]);
  assert.deepEqual(Object.keys(proxied["found"] as Plain), ["proxy"]);
});

test("try_files in a regex location with an alias looks for alias and name together", () => {
  const tried = route("location ~ ^/x { alias /w; try_files $uri =404; }")["try"] as Plain;
  assert.deepEqual([tried["root"], tried["files"]], ["/w", ["{uri}"]]);
  assert.equal(((tried["found"] as Plain)["static"] as Plain)["root"], "/w");
});

test("the rewrite module becomes rules in their order", () => {
  const [site] = read(`server {
    if ($host != "a.org") { return 301 https://a.org$request_uri; }
    rewrite ^/old/(.*)$ /new/$1 last; rewrite ^/x http://y.org/ permanent; rewrite ^/z$ /w; set $kind "{ $1 }";
    location / { if (!-f $request_filename) { rewrite ^ /index.html break; } if ($http_x ~* "^(a|b)$") { return 403; } root /w; }
    location /gone { return 410; } location /text { default_type text/html; return 200 "hi $arg_name"; }
  }`).settings.sites as unknown as Plain[];
  assert.deepEqual(site!["rules"], [
    {
      when: { value: "{host}", equals: "a.org", not: true },
      rules: [{ return: 301, to: "https://a.org{request_uri}" }],
    },
    { rewrite: "^/old/(.*)$", to: "/new/{1}", flag: "last" },
    { rewrite: "^/x", to: "http://y.org/", flag: "permanent" },
    { rewrite: "^/z$", to: "/w" },
    { set: "kind", to: "{ {1} }" },
  ]);
  const [root, gone, text] = site!["routes"] as Plain[];
  assert.deepEqual(root!["rules"], [
    { when: { file: "/w{uri}", not: true }, rules: [{ rewrite: "^", to: "/index.html", flag: "break" }] },
    { when: { value: "{http_x}", matches: "^(a|b)$", ignore_case: true }, rules: [{ return: 403 }] },
  ]);
  assert.equal(gone!["fail"], 410);
  assert.deepEqual(text!["respond"], { status: 200, body: "hi {arg_name}", headers: { "Content-Type": "text/html" } });
});

test("an if that holds more than rules answers by a route of its own", () => {
  const { rules } = route(
    "location / { proxy_pass http://h; if ($request_method = OPTIONS) { add_header X-A b; return 204; } if ($arg_x) { proxy_pass http://other; } }",
  );
  const [cors, other] = rules as Plain[];
  assert.deepEqual(cors, {
    when: { value: "{request_method}", equals: "OPTIONS" },
    rules: [{ break: true }],
    route: { response_headers: { add: { "X-A": { value: "b", always: false } } }, respond: { status: 204 } },
  });
  assert.equal(((other!["route"] as Plain)["proxy"] as Plain)["to"], "http://other");
});
