import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ProblemList } from "../../src/base/errors.ts";
import { readUnit } from "../../src/import/unit/read.ts";
import { problemsOf } from "./account.ts";
import { machine } from "./machine.ts";

function read(text: string, files: Record<string, string> = {}) {
  const source = { kind: "unit" as const, form: "file" as const, path: "/etc/unit/config.json", text };
  const reading = readUnit(source, machine(files));
  assert.deepEqual(problemsOf(reading), []);
  const told = (name: string) => reading.directives.find((each) => each.name === name);
  return { reading, settings: reading.settings as Record<string, unknown>, told };
}

describe("NGINX Unit's config.json", () => {
  it("has a site for each listener and an app for each Python application", () => {
    const { settings, told } = read(`{
      // comments are allowed
      "listeners": { "*:8300": { "pass": "applications/blog" } },
      "applications": { "blog": { "type": "python 3", "path": "/www/blog", "home": "/www/venv", "module": "wsgi",
        "callable": "app", "processes": 4, "threads": 2, "environment": { "A": "b" }, "user": "www" } }
    }`);
    assert.deepEqual(settings["apps"], {
      blog: {
        wsgi: "wsgi:app",
        directory: "/www/blog",
        workers: 4,
        threads: 2,
        pythonpath: ["/www/blog"],
        python: "/www/venv",
        environment: { A: "b" },
        user: "www",
      },
    });
    assert.deepEqual(settings["sites"], [{ listeners: ["*:8300"], routes: [{ app: "blog" }] }]);
    assert.equal(told("applications.blog.module")?.place.line, 4);
  });

  it("replaces workers after their number of requests, and takes over how long one may take", () => {
    const { settings, told } = read(`{
      "listeners": { "*:8300": { "pass": "applications/blog" } },
      "applications": { "blog": { "type": "python", "path": "/www", "module": "wsgi", "limits": { "requests": 1000, "timeout": 10 } } }
    }`);
    const { recycle, deadline } = (settings["apps"] as { blog: { recycle: unknown; deadline: unknown } }).blog;
    assert.deepEqual(recycle, { requests: 1000 });
    assert.deepEqual(deadline, { hard: "10s" });
    assert.equal(told("applications.blog.limits")?.verdict, "approximated");
  });

  it("matches by path, host, address and header, and answers with files, redirects and upstreams", () => {
    const { settings } = read(`{
      "listeners": { "127.0.0.1:80": { "pass": "routes" } },
      "routes": [
        { "match": { "uri": "/admin/*", "source": ["10.0.0.0/8", "!10.0.0.7"] }, "action": { "return": 403 } },
        { "match": { "host": "*.old.org" }, "action": { "return": 301, "location": "https://new.org$request_uri" } },
        { "match": { "uri": "!/api/*" }, "action": { "share": "/www$uri", "fallback": { "pass": "upstreams/pool" } } }
      ],
      "upstreams": { "pool": { "servers": { "127.0.0.1:8080": {}, "127.0.0.1:8081": { "weight": 2 } } } }
    }`);
    const files = { dotfiles: true, symlinks: true, precompressed: false, charset: false, root: "/www", strip: false };
    assert.deepEqual((settings["sites"] as { routes: unknown }[])[0]?.routes, [
      { prefix: "/admin/", when: [{ client: ["10.0.0.0/8"] }, { client: ["10.0.0.7"], not: true }], fail: 403 },
      {
        when: [{ value: "{host}", matches: "(?:^.*\\.old\\.org$)" }],
        redirect: { to: "https://new.org{request_uri}", status: 301 },
      },
      {
        when: [{ value: "{uri}", matches: "^/api/.*$", not: true }],
        try: [{ static: files }, { proxy: { to: "pool", forwarded: false } }],
      },
      { fail: 404 },
    ]);
    assert.deepEqual(settings["upstreams"], {
      pool: { targets: ["127.0.0.1:8080", { address: "127.0.0.1:8081", weight: 2 }] },
    });
  });

  it("puts a list of routes that another passes to in its place, under both conditions", () => {
    const { settings } = read(`{
      "listeners": { "*:80": { "pass": "routes/main" } },
      "routes": { "main": [ { "match": { "uri": "/a/*" }, "action": { "pass": "routes/a" } } ],
                  "a": [ { "match": { "method": "POST" }, "action": { "return": 200 } } ] }
    }`);
    assert.deepEqual((settings["sites"] as { routes: unknown[] }[])[0]?.routes[0], {
      when: [
        { value: "{uri}", matches: "^/a/" },
        { value: "{request_method}", matches: "(?:^POST$)" },
      ],
      respond: { status: 200, body: "" },
    });
  });

  it("asks for a decision about TLS and other languages, and lets nobody through a condition that it doesn't know", () => {
    const { told, settings } = read(`{
      "listeners": { "*:443": { "pass": "routes", "tls": { "certificate": "x" } } },
      "routes": [ { "match": { "destination": "*:443" }, "action": { "return": 200 } } ],
      "applications": { "p": { "type": "php", "root": "/www" } }
    }`);
    assert.equal(told("listeners.*:443.tls.certificate")?.verdict, "needs-a-decision");
    // Never plain HTTP in its place.
    const missing = "/etc/unit/x.pem";
    assert.deepEqual(settings["listeners"], [{ address: "*:443", tls: { certificate: missing, key: missing } }]);
    assert.equal(told("applications.p")?.verdict, "needs-a-decision");
    assert.equal(told("routes[0].match.destination")?.verdict, "needs-a-decision");
    assert.deepEqual((settings["sites"] as { routes: { when?: unknown }[] }[])[0]?.routes[0]?.when, [{ value: "0" }]);
  });

  it("finds the bundles of its certificates beside it and where Unit keeps them", () => {
    const one = { certificate: "/etc/unit/x.pem", key: "/etc/unit/x.pem" };
    const other = { certificate: "/var/lib/unit/certs/y", key: "/var/lib/unit/certs/y" };
    const tls = (names: string): unknown => {
      const text = `{ "listeners": { "*:443": { "pass": "routes", "tls": { "certificate": ${names} } } }, "routes": [] }`;
      const { settings, told } = read(text, { [one.key]: "", [other.key]: "" });
      assert.equal(told("listeners.*:443.tls.certificate")?.verdict, "mapped");
      return (settings["listeners"] as { tls: unknown }[])[0]!.tls;
    };
    assert.deepEqual(tls('"x"'), one);
    assert.deepEqual(tls('["x", "y"]'), { certificates: [one, other] });
  });

  it("believes the proxies that it names, by the field that it names", () => {
    const { settings, told } = read(`{ "routes": [],
      "listeners": { "*:80": { "pass": "routes", "forwarded": { "client_ip": "X-Real-IP", "protocol": "X-Forwarded-Proto",
        "source": ["10.0.0.0/8"] } }, "*:81": { "pass": "routes", "client_ip": { "header": "CF-Connecting-IP", "recursive": true, "source": "192.0.2.1" } } } }`);
    const trust = (settings["sites"] as { trusted_proxies: unknown }[]).map(({ trusted_proxies }) => trusted_proxies);
    const common = { fields: "x-forwarded", strip: false };
    assert.deepEqual(trust, [
      { from: ["10.0.0.0/8"], take: ["address", "scheme"], address_field: "X-Real-IP", recursive: false, ...common },
      { from: ["192.0.2.1"], take: ["address"], address_field: "CF-Connecting-IP", recursive: true, ...common },
    ]);
    assert.equal(told("listeners.*:80.forwarded.source")?.verdict, "mapped");
  });

  it("writes access lines in its format, and takes each of several sets of conditions", () => {
    const { settings, told } = read(`{ "listeners": { "*:80": { "pass": "routes" } },
      "access_log": { "path": "/var/log/a.log", "format": "$remote_addr $request_line $header_user_agent {x} $nothing" },
      "routes": [ { "match": [ { "uri": "/a" }, { "method": "POST" } ], "action": { "return": 204 } } ] }`);
    assert.deepEqual(settings["log_formats"], { unit: "{remote_addr} {request} {http_user_agent} {{x}} -" });
    assert.deepEqual(settings["access_log"], { path: "/var/log/a.log", format: "unit" });
    assert.match(told("access_log.format")!.note, /a dash stands for \$nothing/);
    assert.deepEqual((settings["sites"] as { routes: unknown[] }[])[0]!.routes.slice(0, 2), [
      { exact: "/a", respond: { status: 204, body: "" } },
      { when: [{ value: "{request_method}", matches: "(?:^POST$)" }], respond: { status: 204, body: "" } },
    ]);
  });

  it("is refused with the place where it is no JSON", () => {
    assert.throws(() => read('{ "listeners": {\n "a": ]\n'), ProblemList);
  });
});
