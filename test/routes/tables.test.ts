import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../src/base/log.ts";
import type { RouteConfig, SiteConfig } from "../../src/config/route-model.ts";
import type { Exchange } from "../../src/http/exchange.ts";
import { Limits } from "../../src/middleware/limits.ts";
import { PasswordChecker } from "../../src/middleware/password-checker.ts";
import { buildSite } from "../../src/route/build-site.ts";
import { FileLooker } from "../../src/route/file-facts.ts";
import { SiteTable } from "../../src/route/site-table.ts";
import { isLogged } from "../../src/template/request-state.ts";
import { TemplateCompiler } from "../../src/template/template.ts";
import { CLIENT, headersOf } from "../metrics/fake-exchange.ts";
import { ANY, exact, fail, final, goto, header, like, NONE, prefix, regex, route, segments, site } from "./builders.ts";
import { asked } from "./exchange.ts";

/** What answers, by the status that each route fails with; a list: the methods of a 405. */
function answer(sites: readonly SiteConfig[], exchange: Exchange): number | string {
  const parts = buildParts();
  let said: number | string = 0;
  exchange.fail = (status, _reason, headers = []) => {
    said = headers.find(([name]) => name === "Allow")?.[1] ?? status;
  };
  exchange.respond = (head) => {
    said = head.headers.find(([name]) => name === "Location")?.[1] ?? head.status;
  };
  new SiteTable(sites.map((one) => buildSite(one, parts))).handle(exchange);
  return said;
}

const log = createLog("edge", () => {});

function buildParts() {
  return {
    templates: new TemplateCompiler(),
    files: new FileLooker(),
    bodyLimit: 0,
    gate: null,
    guards: {
      limits: new Limits(log),
      passwords: new PasswordChecker(),
      log,
      rateLimits: {},
      concurrencyLimits: {},
    },
    makeHandler: () => assert.fail("routes of these tests fail"),
    makeCache: () => {
      throw new Error("no cache here");
    },
    makeLog: () => assert.fail("no route here has a log of its own"),
    makeCompressor: () => assert.fail("nothing is compressed here"),
    filePage: () => assert.fail("there are no pages"),
  };
}

const written = (target: string, routes: readonly RouteConfig[], method = "GET") =>
  answer([site(routes)], asked(target, { method }));
const nginx = (target: string, routes: readonly RouteConfig[]) =>
  answer([site(routes, { order: "nginx" })], asked(target));
const to = (match: RouteConfig["match"], status: number, more: Partial<RouteConfig> = {}) =>
  route(match, fail(status), more);

test("a path of segments matches whole segments only", () => {
  const routes = [to(segments("/wps"), 501)];
  assert.equal(written("/wps", routes), 501);
  assert.equal(written("/wps/x/y", routes), 501);
  assert.equal(written("/wpsx", routes), 404);
  assert.equal(written("/a/wps", routes), 404);
});

test("a prefix matches what begins so, with a final slash or without", () => {
  assert.equal(written("/static/a", [to(prefix("/static/"), 501)]), 501);
  assert.equal(written("/static", [to(prefix("/static/"), 501)]), 404);
  assert.equal(written("/staticx", [to(prefix("/static"), 501)]), 501);
});

test("the first route in the written order wins, whatever its kind", () => {
  const pairs: readonly (readonly [string, RouteConfig["match"], RouteConfig["match"]])[] = [
    ["/a", ANY, exact("/a")],
    ["/a", exact("/a"), ANY],
    ["/a", regex("^/a"), exact("/a")],
    ["/a/b", prefix("/a/"), segments("/a/b")],
    ["/a/b", segments("/a/b"), prefix("/a/")],
    ["/a/b/c", segments("/a"), segments("/a/b")],
    ["/A", regex("^/a", true), ANY],
  ];
  for (const [path, one, other] of pairs) assert.equal(written(path, [to(one, 501), to(other, 502)]), 501, path);
});

test("a route that does not take the method is passed over, and all methods are told when none does", () => {
  const routes = [to(exact("/a"), 501, { methods: ["GET"] }), to(exact("/a"), 502, { methods: ["PUT"] })];
  assert.equal(written("/a", routes, "PUT"), 502);
  assert.equal(written("/a", routes, "HEAD"), 501);
  assert.equal(written("/a", routes, "DELETE"), "GET, PUT");
});

test("a route whose conditions don't hold is passed over", () => {
  const routes = [to(ANY, 501, { conditions: [like("{arg_x}", "^y")] }), to(ANY, 502)];
  assert.equal(written("/?x=yes", routes), 501);
  assert.equal(written("/?x=no", routes), 502);
});

test("an internal route and one without a match answer no request from outside", () => {
  assert.equal(written("/a", [to(prefix("/a"), 501, { internal: true }), to(ANY, 502)]), 404);
  assert.equal(written("/a", [to(NONE, 501, { name: "x" }), to(ANY, 502)]), 502);
});

test("the last route that an exchange came to says whether it is logged", () => {
  const routes = [to(exact("/quiet"), 501, { logged: false }), route(exact("/on"), goto("/quiet")), to(ANY, 502)];
  for (const [path, logged] of [
    ["/quiet", false],
    ["/on", false],
    ["/x", true],
  ] as const) {
    const exchange = asked(path);
    answer([site(routes)], exchange);
    assert.equal(isLogged(exchange), logged, path);
  }
});

test("equal header sections give the same changed copy while the values stay the same", () => {
  const requestHeaders = [header("set", "X-From", "{remote_addr}")];
  const routes = [to(ANY, 501, { requestHeaders })];
  const headers = headersOf([["Accept", "*/*"]]);
  const parts = buildParts();
  const table = new SiteTable([buildSite(site(routes), parts)]);
  const changed = ["192.0.2.1", "192.0.2.1", "192.0.2.2"].map((address) => {
    const exchange = asked("/", { headers, client: { ...CLIENT, address } });
    exchange.fail = () => {};
    table.handle(exchange);
    return exchange.headers;
  });
  assert.equal(changed[0], changed[1]);
  assert.notEqual(changed[1], changed[2]);
  assert.equal(changed[2]!.get("x-from"), "192.0.2.2");
});

test("among ten thousand routes each finds its own", () => {
  const routes = Array.from({ length: 10_000 }, (_, i) => to(segments(`/r${i}`), 400 + (i % 100)));
  assert.equal(written("/r9942/x", [...routes, to(ANY, 599)]), 442);
  assert.equal(written("/none", [...routes, to(ANY, 599)]), 599);
  assert.equal(nginx("/r9942/x", [...routes, to(prefix("/"), 599)]), 442);
});

test("order nginx: exact, then the longest prefix unless a pattern matches, which `final` forbids", () => {
  const routes = [
    to(prefix("/"), 501),
    to(regex("\\.txt$"), 502),
    to(prefix("/a/"), 503),
    to(final("/a/b/"), 504),
    to(exact("/a/b/c.txt"), 505),
  ];
  assert.equal(nginx("/x", routes), 501);
  assert.equal(nginx("/a/x.txt", routes), 502);
  assert.equal(nginx("/a/x", routes), 503);
  assert.equal(nginx("/a/b/x.txt", routes), 504);
  assert.equal(nginx("/a/b/c.txt", routes), 505);
  assert.equal(nginx("/a//b///x", routes), 504);
});

test("order nginx: a regular expression inside the longest prefix comes before those outside", () => {
  const routes = [
    to(regex("\\.css$"), 501),
    to(prefix("/a/"), 502, { routes: [to(regex("\\.css$"), 503), to(prefix("/a/b/"), 504)] }),
  ];
  assert.equal(nginx("/a/x.css", routes), 503);
  assert.equal(nginx("/a/b/x.css", routes), 503);
  assert.equal(nginx("/a/b/x", routes), 504);
  assert.equal(nginx("/x.css", routes), 501);
});

const HOSTS: readonly (readonly [host: string, status: number])[] = [
  ["example.org", 501],
  ["www.example.org", 502],
  ["a.www.example.org", 503],
  ["b.example.org", 504],
  ["www.example.com", 505],
  ["m.example.net", 506],
  ["example.net", 506],
  ["user7.example.io", 507],
  ["example.org.", 501],
  ["b.example.org.", 504],
  ["other.test", 508],
  ["", 508],
];

const SITES = [
  site([to(ANY, 508)], { hosts: ["fallback.test"], default: true }),
  site([to(ANY, 507)], { hosts: ["~^user(?<number>\\d+)\\."] }),
  site([to(ANY, 501)], { hosts: ["example.org"] }),
  site([to(ANY, 502)], { hosts: ["www.example.org"] }),
  site([to(ANY, 504)], { hosts: ["*.example.org"] }),
  site([to(ANY, 503)], { hosts: ["*.www.example.org"] }),
  site([to(ANY, 505)], { hosts: ["www.*"] }),
  site([to(ANY, 506)], { hosts: [".example.net"] }),
];

for (const [host, status] of HOSTS) {
  test(`the host ${JSON.stringify(host)} goes to the site that NGINX would choose`, () => {
    assert.equal(answer(SITES, asked("/", { host })), status);
  });
}

test("a site answers on its listeners alone, and each listener has its own default", () => {
  const sites = [
    site([to(ANY, 501)], { hosts: ["a.test"], listeners: ["*:80"] }),
    site([to(ANY, 502)], { hosts: ["b.test"], listeners: ["*:8080"] }),
  ];
  const on = (listener: string, host: string) => {
    const exchange = asked("/", { host });
    return answer(sites, { ...exchange, client: { ...exchange.client, listener } });
  };
  assert.equal(on("*:80", "a.test"), 501);
  assert.equal(on("*:80", "b.test"), 501);
  assert.equal(on("*:8080", "a.test"), 502);
  assert.equal(on("*:9090", "a.test"), 404);
});
