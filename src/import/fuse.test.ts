import assert from "node:assert/strict";
import { test } from "node:test";
import { endpointOf, leadsTo } from "./addresses.ts";
import { fuse } from "./fuse.ts";
import { mergeReadings } from "./merge.ts";
import type { Door, ForeignKind, Reading } from "./reading.ts";
import type { Plain } from "./tree.ts";

function reading(kind: ForeignKind, settings: Plain, doors: Partial<Door>[] = []): Reading {
  const place = { file: `${kind}.conf`, line: 1 };
  return {
    kind,
    settings: settings as Reading["settings"],
    doors: doors.map((door) => ({
      app: "web",
      address: "127.0.0.1:5000",
      protocol: "http",
      mode: null,
      owner: null,
      group: null,
      unlink: true,
      place,
      ...door,
    })),
    directives: [{ place, name: "x", verdict: "mapped", note: "" }],
    files: [],
  };
}

const APP = { apps: { web: { wsgi: "app:app" } } };

function nginx(route: Plain, more: Plain = {}): Reading {
  return reading("nginx", { listeners: ["*:80"], sites: [{ order: "nginx", routes: [route] }], ...more });
}

/** The first route of the first site of what these make together. */
function fusedRoute(...readings: Reading[]): Plain {
  const { settings } = fuse(mergeReadings(readings));
  return ((settings["sites"] as Plain[])[0]!["routes"] as Plain[])[0]!;
}

test("a proxy to the port of an app given beside it becomes a route to the app", () => {
  const route = fusedRoute(
    nginx({
      prefix: "/",
      proxy: { to: "http://127.0.0.1:5000/", host: "{proxy_host}" },
      request_headers: { set: { Host: "{host}", "X-Real-IP": "{remote_addr}" } },
    }),
    reading("waitress", APP, [{ address: "*:5000" }]),
  );
  assert.equal(route["app"], "web");
  assert.equal(route["proxy"], undefined);
  assert.equal(route["rules"], undefined);
  assert.deepEqual(route["request_headers"], { set: { Host: "{host}", "X-Real-IP": "{remote_addr}" } });
  assert.deepEqual(route["environ"], {
    REMOTE_ADDR: "127.0.0.1",
    SERVER_PROTOCOL: "HTTP/1.0",
    SERVER_NAME: "waitress.invalid",
    SERVER_PORT: "5000",
    REMOTE_HOST: "127.0.0.1",
    HTTP_CONNECTION: "close",
    "wsgi.url_scheme": "http",
  });
});

test("the socket stays open beside the link, with a site of its own", () => {
  const { settings, notes } = fuse(
    mergeReadings([
      nginx({ prefix: "/", proxy: { to: "uwsgi://unix:/run/app.sock" } }),
      reading("uwsgi", APP, [{ address: "unix:/run/app.sock", protocol: "uwsgi", mode: 0o660, unlink: false }]),
    ]),
  );
  assert.deepEqual(settings["listeners"], [
    "*:80",
    { address: "unix:/run/app.sock", protocol: "uwsgi", mode: "0660", unlink: false },
  ]);
  assert.deepEqual((settings["sites"] as Plain[])[1], { listeners: ["unix:/run/app.sock"], routes: [{ app: "web" }] });
  assert.match(notes[0]!, /unix:\/run\/app\.sock goes to the app web/);
});

test("a uwsgi socket on a public address is not opened for a link", () => {
  const { settings, notes } = fuse(
    mergeReadings([
      nginx({ prefix: "/", proxy: { to: "uwsgi://127.0.0.1:3031" } }),
      reading("uwsgi", APP, [{ address: "0.0.0.0:3031", protocol: "uwsgi" }]),
    ]),
  );
  assert.deepEqual(settings["listeners"], ["*:80"]);
  assert.match(notes.join("\n"), /0\.0\.0\.0:3031 is not opened/);
});

test("an upstream whose targets are all one app's is linked, and is then not needed any more", () => {
  const upstreams = { backend: { targets: ["127.0.0.1:5000", { address: "localhost:5000", weight: 2 }] } };
  const fused = fuse(
    mergeReadings([
      nginx({ prefix: "/", proxy: { to: "http://backend", host: "{proxy_host}" } }, { upstreams }),
      reading("gunicorn", APP, [{}]),
    ]),
  );
  const route = ((fused.settings["sites"] as Plain[])[0]!["routes"] as Plain[])[0]!;
  assert.equal(route["app"], "web");
  assert.deepEqual(route["request_headers"], { set: { Host: "backend" } });
  assert.equal(fused.settings["upstreams"], undefined);
});

for (const [what, proxy, upstreams] of [
  ["another port", "http://127.0.0.1:5001", {}],
  ["another machine", "http://10.0.0.9:5000", {}],
  ["another protocol", "uwsgi://127.0.0.1:5000", {}],
  ["an address with variables", "http://{backend}:5000", {}],
  ["an upstream of which one target is elsewhere", "http://b", { b: { targets: ["127.0.0.1:5000", "10.0.0.9:5000"] } }],
  [
    "an upstream with a backup",
    "http://b",
    { b: { targets: ["127.0.0.1:5000", { address: "127.0.0.1:5000", backup: true }] } },
  ],
] as const) {
  test(`a proxy to ${what} stays a proxy`, () => {
    const route = fusedRoute(
      nginx({ prefix: "/", proxy: { to: proxy } }, { upstreams: { ...upstreams } }),
      reading("gunicorn", APP, [{}]),
    );
    assert.equal(route["app"], undefined);
    assert.deepEqual(route["proxy"], { to: proxy });
  });
}

test("what the proxy's URL did to the path, a rule does", () => {
  const route = fusedRoute(
    nginx({ prefix: "/a.b/", proxy: { to: "http://127.0.0.1:5000/new/" } }),
    reading("gunicorn", APP, [{}]),
  );
  assert.deepEqual(route["rules"], [{ rewrite: "^/a\\.b/(.*)$", to: "/new/{1}", flag: "break" }]);
});

for (const [path, rules] of [
  ["{request_uri}", undefined],
  ["{uri}{is_args}{args}", undefined],
  ["/fixed", [{ rewrite: "^", to: "/fixed?", flag: "break" }]],
  ["/x{uri}{is_args}{args}", [{ rewrite: "^", to: "/x{uri}", flag: "break" }]],
] as const)
  test(`a proxy that sends ${path} as it is written asks the app for the same`, () => {
    const proxy = { to: "http://127.0.0.1:5000", path, strip: "all-and-query" };
    const route = fusedRoute(nginx({ prefix: "/a/", proxy }), reading("gunicorn", APP, [{}]));
    assert.equal(route["app"], "web");
    assert.deepEqual(route["rules"], rules);
  });

test("groups of a location's expression in the URL of a proxy keep it a proxy", () => {
  const proxy = { to: "http://127.0.0.1:5000", path: "/b/{1}", strip: "all-and-query" };
  assert.deepEqual(fusedRoute(nginx({ regex: "^/a/(.*)", proxy }), reading("gunicorn", APP, [{}]))["proxy"], proxy);
});

for (const to of ["uwsgi://unix:/run/app.sock", "http://unix:/run/app.sock", "http://127.0.0.1:5000"])
  test(`the address ${to} alone does nothing to the path`, () => {
    const protocol = to.startsWith("uwsgi") ? "uwsgi" : "http";
    const address = to.includes("unix") ? "unix:/run/app.sock" : "127.0.0.1:5000";
    const route = fusedRoute(nginx({ prefix: "/a/", proxy: { to } }), reading("uwsgi", APP, [{ address, protocol }]));
    assert.equal(route["app"], "web");
    assert.equal(route["rules"], undefined);
  });

test("Gunicorn takes the scheme that a proxy on its machine tells it", () => {
  const route = fusedRoute(
    nginx({
      prefix: "/",
      proxy: "http://127.0.0.1:5000",
      request_headers: { set: { "X-Forwarded-Proto": "{scheme}" } },
    }),
    reading("gunicorn", APP, [{}]),
  );
  assert.equal((route["environ"] as Plain)["wsgi.url_scheme"], undefined);
});

test("parameters of uwsgi reach the environ, except those that every request has", () => {
  const route = fusedRoute(
    nginx({
      prefix: "/",
      proxy: {
        to: "uwsgi://unix:/run/app.sock",
        parameters: { QUERY_STRING: "{query_string}", PATH_INFO: "{document_uri}", DOCUMENT_ROOT: "/srv", MY: "1" },
      },
    }),
    reading("uwsgi", APP, [{ address: "unix:/run/app.sock", protocol: "uwsgi" }]),
  );
  assert.deepEqual(route["environ"], { DOCUMENT_ROOT: "/srv", MY: "1" });
});

test("two readings with an app of one name keep both", () => {
  const { settings, doors, notes } = mergeReadings([
    reading("gunicorn", APP, [{}]),
    reading("uwsgi", { ...APP, sites: [{ listeners: ["*:9000"], routes: [{ app: "web" }] }] }, [{ address: "*:9000" }]),
  ]);
  assert.deepEqual(Object.keys(settings["apps"] as Plain), ["web", "web-2"]);
  assert.deepEqual(
    doors.map(({ app }) => app),
    ["web", "web-2"],
  );
  assert.deepEqual(((settings["sites"] as Plain[])[0]!["routes"] as Plain[])[0], { app: "web-2" });
  assert.match(notes[0]!, /called web-2 here/);
});

test("sites without a listener are served on *:80, and on their own reading's otherwise", () => {
  const { settings } = mergeReadings([
    reading("apache", { sites: [{ routes: [] }] }),
    reading("nginx", { listeners: [{ address: "*:8080" }], sites: [{ routes: [] }] }),
  ]);
  assert.deepEqual(
    (settings["sites"] as Plain[]).map((site) => site["listeners"]),
    [["*:80"], ["*:8080"]],
  );
  assert.deepEqual(settings["listeners"], ["*:80", { address: "*:8080" }]);
});

for (const [target, door, expected] of [
  ["http://127.0.0.1:5000/", "*:5000", true],
  ["http://localhost:5000", "127.0.0.1:5000", true],
  ["http://[::1]:5000", "[::1]:5000", true],
  ["uwsgi://unix:/run/a.sock", "unix:/run/a.sock", true],
  ["http://unix:/run/a.sock:/x", "unix:/run/a.sock", true],
  ["http://127.0.0.1", "*:80", true],
  ["10.1.1.1:5000", "127.0.0.1:5000", false],
  ["http://web:8000", "127.0.0.1:8000", false],
  ["http://web:8001", "*:8000", false],
  ["http://web.example.org:8000", "*:8000", false],
  ["unix:/run/b.sock", "unix:/run/a.sock", false],
] as const) {
  test(`${target} ${expected ? "leads" : "does not lead"} to ${door}`, () => {
    assert.equal(leadsTo(endpointOf(target)!, endpointOf(door)!), expected);
  });
}

const FILES = [
  { regex: "^/static/*(.*?)$", when: { file: "/srv/{1}" }, static: { file: "/srv/{1}", root: "/srv" } },
  { path: "/other", app: "web", mount: "/other" },
  { app: "web" },
];

test("what a server answers beside its app becomes routes of the route that led to it", () => {
  const door = { address: "unix:/run/a.sock", protocol: "uwsgi" as const, routes: FILES };
  const route = fusedRoute(
    nginx({ prefix: "/", proxy: { to: "uwsgi://unix:/run/a.sock" }, request_headers: { set: { "X-A": "1" } } }),
    reading("uwsgi", APP, [door]),
  );
  const headers = { request_headers: { set: { "X-A": "1" } } };
  assert.deepEqual(route, { prefix: "/", app: "web", ...headers, routes: [FILES[0], { ...FILES[1], ...headers }] });
});

test("its own socket answers the same, and where a link could not the proxy stays", () => {
  const door = { address: "127.0.0.1:5000", routes: FILES };
  const proxy = { to: "http://127.0.0.1:5000" };
  const { settings } = fuse(mergeReadings([nginx({ prefix: "/", proxy }), reading("uwsgi", APP, [door])]));
  assert.deepEqual((settings["sites"] as Plain[])[1], { listeners: ["127.0.0.1:5000"], routes: FILES });
  for (const readings of [
    [nginx({ prefix: "/", proxy: { to: "http://127.0.0.1:5000/below/" } })],
    [
      reading("nginx", {
        sites: [
          {
            order: "nginx",
            routes: [
              { prefix: "/", proxy },
              { regex: "\\.php$", fail: 404 },
            ],
          },
        ],
      }),
    ],
    [reading("apache", { sites: [{ routes: [{ path: "/", proxy }] }] })],
  ])
    assert.ok("proxy" in fusedRoute(...readings, reading("uwsgi", APP, [door])));
});

test("a socket that speaks TLS is linked to a proxy that does, and keeps it for others", () => {
  const tls = { certificate: "/etc/c.pem", key: "/etc/k.pem" };
  const gunicorn = reading("gunicorn", APP, [{ address: "127.0.0.1:8443", tls }]);
  assert.equal(fusedRoute(nginx({ prefix: "/", proxy: { to: "https://127.0.0.1:8443" } }), gunicorn)["app"], "web");
  assert.ok("proxy" in fusedRoute(nginx({ prefix: "/", proxy: { to: "http://127.0.0.1:8443" } }), gunicorn));
  const { settings } = fuse(mergeReadings([gunicorn]));
  assert.deepEqual(settings["listeners"], [{ address: "127.0.0.1:8443", tls }]);
});

test("the name of another container leads to the only app whose port is open to all", () => {
  const open = reading("gunicorn", APP, [{ address: "0.0.0.0:8000" }]);
  const web = nginx({ prefix: "/", proxy: { to: "http://web:8000" } });
  assert.equal(fusedRoute(web, open)["app"], "web");
  const { notes } = fuse(mergeReadings([web, open]));
  assert.ok(notes.some((note) => /^web:8000 is taken for 0\.0\.0\.0:8000/.test(note)));
  const two = nginx({
    prefix: "/",
    proxy: { to: "http://web:8000" },
    routes: [{ prefix: "/a", proxy: { to: "http://api:8000" } }],
  });
  assert.ok("proxy" in fusedRoute(two, open));
  assert.ok("proxy" in fusedRoute(web, reading("gunicorn", APP, [{ address: "127.0.0.1:8000" }])));
  assert.ok("proxy" in fusedRoute(nginx({ prefix: "/", proxy: { to: "http://web.example.org:8000" } }), open));
});

test("a public uwsgi socket that only the given proxy needs is not opened", () => {
  const { settings, closed } = fuse(
    mergeReadings([
      nginx({ prefix: "/", proxy: { to: "uwsgi://app:3031" } }),
      reading("uwsgi", APP, [{ address: "0.0.0.0:3031", protocol: "uwsgi" }]),
    ]),
  );
  assert.deepEqual(settings["listeners"], ["*:80"]);
  assert.deepEqual(
    closed.map(({ address }) => address),
    ["0.0.0.0:3031"],
  );
});

test("a socket in another folder is the only one of its name, slashes in a row are one, and /var/run is /run", () => {
  const uwsgi = (address: string): Reading => reading("uwsgi", APP, [{ address, protocol: "uwsgi" }]);
  const to = (path: string, more: Plain = {}): Reading =>
    nginx({ prefix: "/", proxy: { to: `uwsgi://unix:${path}` }, ...more });
  assert.equal(fusedRoute(to("///var/run/a.sock"), uwsgi("unix:/run/a.sock"))["app"], "web");
  assert.equal(fusedRoute(to("/home/me/a.sock"), uwsgi("unix:/run/a.sock"))["app"], "web");
  assert.ok("proxy" in fusedRoute(to("/home/me/b.sock"), uwsgi("unix:/run/a.sock")));
  const other = { routes: [{ prefix: "/x", proxy: { to: "uwsgi://unix:/other/a.sock" } }] };
  assert.ok("proxy" in fusedRoute(to("/home/me/a.sock", other), uwsgi("unix:/run/a.sock")));
});

test("an app and a program don't get the same name, and what waits for the program knows its new one", () => {
  const { settings } = mergeReadings([
    reading("uwsgi", APP),
    reading("supervisor", {
      programs: {
        web: { command: "x" },
        b: { command: "y", after: ["web"] },
        c: { command: "z", after: { web: "running" } },
      },
    }),
  ]);
  const programs = settings["programs"] as Record<string, Plain>;
  assert.deepEqual(Object.keys(programs), ["web-2", "b", "c"]);
  assert.deepEqual(programs["b"]!["after"], ["web-2"]);
  assert.deepEqual(programs["c"]!["after"], { "web-2": "running" });
});
