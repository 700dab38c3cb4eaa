import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ProblemList } from "../../src/base/errors.ts";
import { readUnit } from "../../src/import/unit/read.ts";
import { problemsOf } from "./account.ts";
import { machine } from "./machine.ts";

function read(text: string) {
  const reading = readUnit({ kind: "unit", form: "file", path: "/etc/unit/config.json", text }, machine());
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

  it("replaces workers after their number of requests; how long a request may take is not taken over", () => {
    const { settings, told } = read(`{
      "listeners": { "*:8300": { "pass": "applications/blog" } },
      "applications": { "blog": { "type": "python", "path": "/www", "module": "wsgi", "limits": { "requests": 1000, "timeout": 10 } } }
    }`);
    const { recycle } = (settings["apps"] as { blog: { recycle: unknown } }).blog;
    assert.deepEqual(recycle, { requests: 1000 });
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
    assert.equal(told("listeners.*:443.tls")?.verdict, "needs-a-decision");
    assert.equal(told("applications.p")?.verdict, "needs-a-decision");
    assert.equal(told("routes[0].match.destination")?.verdict, "needs-a-decision");
    assert.deepEqual((settings["sites"] as { routes: { when?: unknown }[] }[])[0]?.routes[0]?.when, [{ value: "0" }]);
  });

  it("is refused with the place where it is no JSON", () => {
    assert.throws(() => read('{ "listeners": {\n "a": ]\n'), ProblemList);
  });
});
