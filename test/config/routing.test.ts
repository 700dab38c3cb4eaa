import assert from "node:assert/strict";
import { test } from "node:test";
import type { SiteConfig } from "../../src/config/route-model.ts";
import { inspect, load, route, site, type WrittenRoute } from "./written.ts";

test("each way to write a path is its own match", () => {
  const match = (written: WrittenRoute) => route({ ...written, respond: "x" }).match;
  assert.deepEqual(match({}), { kind: "any" });
  assert.deepEqual(match({ path: "/" }), { kind: "any" });
  assert.deepEqual(match({ path: "/wps" }), { kind: "segments", path: "/wps" });
  assert.deepEqual(match({ path: "/s/" }), { kind: "prefix", path: "/s/", final: false });
  assert.deepEqual(match({ prefix: "/wps" }), { kind: "prefix", path: "/wps", final: false });
  assert.deepEqual(match({ exact: "/x y" }), { kind: "exact", path: "/x y" });
  assert.deepEqual(match({ regex: "\\.php$", ignore_case: true }), {
    kind: "regex",
    pattern: "\\.php$",
    ignoreCase: true,
  });
  assert.deepEqual(match({ name: "@x", named_only: true }), { kind: "none" });
});

test("with order nginx a route for everything is the shortest prefix, routes nest and need no handler", () => {
  const { order, routes } = site({
    order: "nginx",
    routes: [{ path: "/" }, { prefix: "/a", final: true, routes: [{ regex: "x", fail: 404 }] }],
  });
  assert.equal(order, "nginx");
  assert.deepEqual(
    routes.map(({ match, handler: { kind } }) => [match, kind]),
    [
      [{ kind: "prefix", path: "/", final: false }, "none"],
      [{ kind: "prefix", path: "/a", final: true }, "none"],
    ],
  );
  assert.deepEqual(routes[1]!.routes[0]!.handler, { kind: "fail", status: 404 });
});

test("a route's options replace the site's, nested routes take those of the route around", () => {
  const { routes, logged, bodyLimit } = site({
    order: "nginx",
    logged: false,
    limits: { body: "1KB" },
    errors: { 404: { path: "/a" } },
    routes: [
      { prefix: "/a", errors: { 403: { path: "/b" } }, intercept: true, routes: [{ prefix: "/a/b", logged: true }] },
    ],
  });
  const [outer, inner] = [routes[0]!, routes[0]!.routes[0]!];
  assert.deepEqual([logged, bodyLimit], [false, 1024]);
  assert.deepEqual([outer.logged, outer.bodyLimit, outer.intercept], [false, 1024, true]);
  assert.deepEqual([inner.logged, inner.bodyLimit, inner.intercept], [true, 1024, true]);
  assert.deepEqual(inner.errors, [{ statuses: [403], answer: { kind: "path", to: "/b" }, status: null }]);
});

test("headers are removed, set, defaulted and added in this order", () => {
  const { requestHeaders, responseHeaders } = site({
    request_headers: { add: { A: "{host}" }, set: { B: "" }, remove: "C" },
    response_headers: {
      add: { Link: ["a", "b"] },
      set: { X: { value: "1", always: false } },
      default: { D: "d" },
      remove: ["Server"],
    },
  });
  const short = (rules: SiteConfig["requestHeaders"]) =>
    rules.map(({ operation, name, value, always }) => `${operation} ${name}=${value}${always ? "" : " sometimes"}`);
  assert.deepEqual(short(requestHeaders), ["remove C=", "set B=", "add A={host}"]);
  assert.deepEqual(short(responseHeaders), [
    "remove Server=",
    "set X=1 sometimes",
    "default D=d",
    "add Link=a",
    "add Link=b",
  ]);
});

test("an error page is a file, a path, a route or a redirect; a class covers what nothing else names", () => {
  const { errors } = site({
    errors: {
      "502 503": "./50x.html",
      "404": { path: "/404.html", status: "answer" },
      "403": { route: "login", status: 200 },
      "401": { redirect: "/login{query}" },
      "4xx": { file: "/e.html" },
    },
    routes: [{ name: "login", named_only: true, respond: "x" }],
  });
  const byStatus = new Map(errors.flatMap((page) => page.statuses.map((status) => [status, page] as const)));
  assert.deepEqual(byStatus.get(503)?.answer, { kind: "file", path: "/srv/50x.html" });
  assert.deepEqual(byStatus.get(404)?.answer, { kind: "path", to: "/404.html" });
  assert.equal(byStatus.get(404)?.status, "answer");
  assert.deepEqual(byStatus.get(403)?.answer, { kind: "route", name: "login" });
  assert.equal(byStatus.get(403)?.status, 200);
  assert.deepEqual(byStatus.get(401)?.answer, { kind: "redirect", to: "/login{query}" });
  assert.deepEqual(byStatus.get(418)?.answer, { kind: "file", path: "/e.html" });
  assert.equal(byStatus.get(500), undefined);
  assert.equal(errors.flatMap(({ statuses }) => statuses).length, 102);
});

test("access is a list of ranges in the written order", () => {
  const { access } = site({ access: [{ allow: ["10.0.0.0/8", "unix:"] }, { deny: "all" }] });
  assert.deepEqual(access, [
    { allow: true, range: "10.0.0.0/8" },
    { allow: true, range: "unix:" },
    { allow: false, range: "all" },
  ]);
});

test("compress is on with its defaults, off, or as it is written", () => {
  const codings = (compress: WrittenRoute["compress"]) => route({ respond: "x", compress }).compress;
  assert.equal(codings(false), null);
  assert.deepEqual(codings(true)?.codings, ["zstd", "br", "gzip"]);
  assert.equal(codings(true)?.minimum, 1024);
  assert.deepEqual(codings({ codings: "gzip", types: ["Text/HTML"], level: 1 }), {
    codings: ["gzip"],
    types: ["text/html"],
    minimum: 1024,
    level: 1,
  });
});

test("conditions look at values, headers, parameters, clients and files", () => {
  const { conditions } = route({
    respond: "x",
    when: [
      { value: "{http_x}", matches: "^a", ignore_case: true },
      { value: "{host}", equals: "a" },
      { value: "{arg_x}", not: true },
      { header: "X-Api" },
      { query: "debug", equals: "1" },
      { client: "10.0.0.0/8" },
      { file: "/srv{uri}" },
    ],
  });
  assert.deepEqual(conditions, [
    { kind: "matches", value: "{http_x}", pattern: "^a", ignoreCase: true, not: false },
    { kind: "equals", value: "{host}", to: "a", not: false },
    { kind: "true", value: "{arg_x}", not: true },
    { kind: "matches", value: "{http_x_api}", pattern: "[^]", ignoreCase: false, not: false },
    { kind: "equals", value: "{arg_debug}", to: "1", not: false },
    { kind: "client", ranges: ["10.0.0.0/8"], not: false },
    { kind: "file", path: "/srv{uri}", not: false },
  ]);
});

test("rules rewrite, set, ask, return and end, and know the captures of each other", () => {
  const { rules } = site({
    rules: [
      { rewrite: "^/a/(.*)$", to: "/b/{1}", flag: "last" },
      { set: "theme", to: "{cookie_theme}" },
      { when: { value: "{theme}", matches: "(?<shade>dark)" }, rules: [{ return: 301, to: "/{shade}/{1}" }] },
      { return: 200, body: "{theme}" },
      { return: 404 },
      { break: true },
    ],
  });
  assert.deepEqual(rules, [
    { kind: "rewrite", pattern: "^/a/(.*)$", ignoreCase: false, to: "/b/{1}", flag: "last" },
    { kind: "set", name: "theme", value: "{cookie_theme}" },
    {
      kind: "when",
      condition: { kind: "matches", value: "{theme}", pattern: "(?<shade>dark)", ignoreCase: false, not: false },
      rules: [{ kind: "return", status: 301, text: "/{shade}/{1}" }],
      route: null,
    },
    { kind: "return", status: 200, text: "{theme}" },
    { kind: "return", status: 404, text: null },
    { kind: "break" },
  ]);
});

test("the route of a rule takes the options and the path of the route that it stands in", () => {
  const { rules } = route({
    path: "/old/",
    logged: false,
    respond: "x",
    rules: [{ when: { header: "X-New" }, route: { proxy: "http://a/new/" } }],
  });
  const [rule] = rules;
  assert.ok(rule?.kind === "when" && rule.route !== null && rule.route.handler.kind === "proxy");
  assert.deepEqual(rule.route.handler.path, { strip: "/old/", to: "/new/" });
  assert.equal(rule.route.logged, false);
});

test("variables hold values, patterns and networks", () => {
  const { variables } = load({
    variables: {
      kind: {
        from: "{http_x}",
        values: { a: "one" },
        patterns: [{ match: "^(?<lang>..)", ignore_case: true, value: "{lang}{1}" }],
        default: "{where}",
      },
      where: { networks: { "10.0.0.0/8": "inside" }, default: "outside" },
    },
    sites: [{ routes: [{ respond: "{kind} {lang}" }] }],
  });
  assert.deepEqual(variables["kind"], {
    from: "{http_x}",
    values: { a: "one" },
    hosts: false,
    patterns: [{ pattern: "^(?<lang>..)", ignoreCase: true, value: "{lang}{1}" }],
    networks: {},
    shares: [],
    default: "{where}",
  });
  assert.equal(variables["where"]?.from, "{remote_addr}");
});

test("shares of a variable are at most everything together", () => {
  const told = (...shares: string[]) =>
    inspect({
      variables: { x: { from: "{remote_addr}", shares: shares.map((share) => ({ share, value: "a" })) } },
      sites: [{ routes: [{ respond: "{x}" }] }],
    }).errors.map(({ message }) => message);
  assert.deepEqual(told("33.3%", "33.3%", "33.4%"), []);
  assert.match(told("60%", "40.01%")[0]!, /^variables\.x\.shares: the shares are 100\.01% together/);
});

test("a route that another leaves nothing to is warned of, unless it has a name", () => {
  const warned = (routes: WrittenRoute[]) => inspect({ sites: [{ routes }] }).warnings.map(({ message }) => message);
  const behind = "no request gets to this route: one before it takes them all";
  assert.deepEqual(warned([{ respond: "x" }, { path: "/a", respond: "y" }]), [`sites[0].routes[1]: ${behind}`]);
  assert.deepEqual(
    warned([
      { prefix: "/", respond: "x" },
      { name: "a", respond: "y" },
    ]),
    [],
  );
  assert.deepEqual(
    warned([{ when: { query: "a" }, respond: "x" }, { methods: "GET", respond: "y" }, { respond: "z" }]),
    [],
  );
});

test("the same location twice is refused with order nginx, as NGINX does", () => {
  const refused = (routes: WrittenRoute[]) =>
    inspect({ sites: [{ order: "nginx", routes }] }).errors.map(({ message }) => message);
  assert.deepEqual(refused([{ prefix: "/a" }, { prefix: "/a", final: true }]), [
    "sites[0].routes[1]: another route is for /a as well",
  ]);
  assert.deepEqual(refused([{ exact: "/a" }, { exact: "/a" }]), [
    "sites[0].routes[1]: another route is for exactly /a as well",
  ]);
  assert.deepEqual(
    refused([{ exact: "/a" }, { prefix: "/a" }, { regex: "a" }, { regex: "a" }, { path: "/a", methods: "GET" }]),
    [],
  );
  assert.deepEqual(refused([{ prefix: "/", routes: [{ prefix: "/a" }, { prefix: "/a" }] }]), [
    "sites[0].routes[0].routes[1]: another route is for /a as well",
  ]);
});
