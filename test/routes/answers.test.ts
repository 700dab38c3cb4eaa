import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { RouteConfig, SiteConfig } from "../../src/config/route-model.ts";
import { connect } from "../http/client.ts";
import { openFilesBelow, until, put as write } from "../static/site.ts";
import {
  ANY,
  exact,
  fail,
  files,
  goto,
  header,
  NONE,
  nothing,
  prefix,
  proxyTo,
  regex,
  route,
  say,
  segments,
  site,
  truth,
  tryFiles,
  upstreamAt,
} from "./builders.ts";
import { type Request, serveSites, type TestSites } from "./serve-sites.ts";

let folder: string;
let upstream: http.Server;
let port: number;
/** What the upstream was asked last. */
let seen: { method: string; url: string; headers: http.IncomingHttpHeaders; body: string };

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "propylon-answers-"));
  write(join(folder, "public/a.txt"), "public a");
  write(join(folder, "private/b.txt"), "private b");
  write(join(folder, "pages/404.html"), "<p>lost {uri}");
  upstream = http.createServer((request, response) => {
    let body = "";
    request.on("data", (piece: Buffer) => {
      body += piece.toString();
    });
    request.on("end", () => {
      seen = { method: request.method!, url: request.url!, headers: request.headers, body };
      const fields = JSON.parse(String(request.headers["x-answer"] ?? "{}")) as Record<string, string>;
      response.writeHead(Number(request.headers["x-status"] ?? 200), fields);
      response.end(request.method === "HEAD" ? undefined : "from upstream");
    });
  });
  await new Promise<void>((done) => upstream.listen(0, "127.0.0.1", done));
  port = (upstream.address() as AddressInfo).port;
});

after(async () => {
  await new Promise((done) => upstream.close(done));
  rmSync(folder, { recursive: true, force: true });
});

/** One site of these routes, asked once. */
async function ask(
  routes: readonly RouteConfig[],
  target: string,
  request: Request = {},
  more: Partial<SiteConfig> = {},
) {
  await using sites = await open(routes, more);
  return await sites.ask(target, request);
}

function open(routes: readonly RouteConfig[], more: Partial<SiteConfig> = {}): Promise<TestSites> {
  return serveSites([site(routes, more)], { upstreams: upstreamAt("behind", port) });
}

const page = (status: number, to: string, sent: number | "answer" | null = null) => ({
  statuses: [status],
  answer: { kind: "path", to } as const,
  status: sent,
});
const filePage = (status: number) => ({
  statuses: [status],
  answer: { kind: "file", path: join(folder, "pages/404.html") } as const,
  status: null,
});

test("response header rules set, add, give defaults and remove", async () => {
  const responseHeaders = [
    header("set", "X-Frame-Options", "DENY"),
    header("add", "X-Who", "{remote_addr} {uri}"),
    header("default", "Content-Type", "text/css"),
    header("default", "X-Default", "yes"),
    header("remove", "X-Gone"),
    header("set", "X-Sent", "{status} {sent_http_content_type}"),
  ];
  const handler = {
    ...say("body"),
    headers: [
      ["X-Gone", "1"],
      ["X-Who", "me"],
    ],
  } as RouteConfig["handler"];
  const { headers } = await ask([route(ANY, handler, { responseHeaders })], "/a%0d%0ab");
  assert.equal(headers["x-frame-options"], "DENY");
  assert.equal(headers["x-who"], "me, 127.0.0.1 /a b");
  assert.equal(headers["content-type"], "text/plain; charset=utf-8");
  assert.equal(headers["x-default"], "yes");
  assert.equal(headers["x-gone"], undefined);
  assert.equal(headers["x-sent"], "200 text/plain; charset=utf-8");
});

test("rules that are not for errors leave them alone, the others hold for errors and for files", async () => {
  const responseHeaders = [header("set", "X-Some", "1", false), header("set", "X-All", "1")];
  const routes = [route(prefix("/"), files(join(folder, "public")), { responseHeaders })];
  const lost = await ask(routes, "/none");
  assert.equal(lost.status, 404);
  assert.equal(lost.headers["x-some"], undefined);
  assert.equal(lost.headers["x-all"], "1");
  const found = await ask(routes, "/a.txt");
  assert.equal(found.headers["x-some"], "1");
  assert.equal(found.body.toString(), "public a");
});

test("fields are edited as they are at last, set by conditions, and left off pages of our own", async () => {
  const pattern = (source: string, all = false) => ({ source, ignoreCase: false, all });
  const responseHeaders = [
    { ...header("set", "X-Deep", "a-b-c"), answersOnly: true },
    { ...header("set", "X-Some", "{arg_x}"), when: [{ kind: "true", value: "{arg_x}", not: false }] },
    { ...header("add", "X-Deep", "b"), when: [truth("")] },
    { operation: "edit", name: "x-deep", value: "<{1}>", pattern: pattern("([a-c])", true), always: true },
    {
      operation: "edit",
      name: "X-Some",
      value: "{1}{args}",
      pattern: pattern("^(.)$"),
      always: true,
      when: [truth("{arg_y}")],
    },
  ] as const;
  const routes = [route(prefix("/fail"), fail(500), { responseHeaders }), route(ANY, say("ok"), { responseHeaders })];
  const { headers } = await ask(routes, "/a");
  assert.deepEqual([headers["x-deep"], headers["x-some"]], ["<a>-<b>-<c>", undefined]);
  assert.equal((await ask(routes, "/a?x=1")).headers["x-some"], "1");
  assert.equal((await ask(routes, "/a?x=1&y=1")).headers["x-some"], "1x=1&y=1");
  const failed = await ask(routes, "/fail?x=1");
  assert.deepEqual([failed.headers["x-deep"], failed.headers["x-some"]], [undefined, "1"]);
});

test("a site's rules and error pages hold where no route was found", async () => {
  const responseHeaders = [header("set", "X-Site", "1")];
  const answer = await ask([], "/x", {}, { responseHeaders, errors: [filePage(404)] });
  assert.equal(answer.status, 404);
  assert.equal(answer.headers["x-site"], "1");
  assert.equal(answer.headers["content-type"], "text/html; charset=utf-8");
  assert.equal(answer.body.toString(), "<p>lost {uri}");
});

test("request header rules change what the handler gets", async () => {
  const requestHeaders = [
    header("set", "X-Real-IP", "{remote_addr}"),
    header("add", "X-Tag", "b"),
    header("default", "X-Base", "base"),
    header("remove", "Accept-Encoding"),
    header("set", "X-Empty", ""),
  ];
  const headers = { "X-Real-IP": "9.9.9.9", "X-Tag": "a", "Accept-Encoding": "gzip", "X-Empty": "1" };
  await ask([route(ANY, proxyTo("behind"), { requestHeaders })], "/", { headers });
  assert.equal(seen.headers["x-real-ip"], "127.0.0.1");
  assert.equal(seen.headers["x-tag"], "a, b");
  assert.equal(seen.headers["x-base"], "base");
  assert.equal(seen.headers["accept-encoding"], undefined);
  assert.equal(seen.headers["x-empty"], undefined);
});

test("access is decided by the first range that holds the address", async () => {
  const access = (...list: readonly (readonly [boolean, string])[]) => list.map(([allow, range]) => ({ allow, range }));
  const status = async (rules: RouteConfig["access"]) =>
    (await ask([route(ANY, say("in"), { access: rules })], "/")).status;
  assert.equal(await status(access([true, "127.0.0.0/8"], [false, "all"])), 200);
  assert.equal(await status(access([false, "127.0.0.1"], [true, "all"])), 403);
  assert.equal(await status(access([false, "10.0.0.0/8"])), 200);
});

test("a body over the route's limit is refused at once by its length, and counted when it is chunked", async () => {
  const routes = [route(prefix("/small/"), proxyTo("behind"), { bodyLimit: 5 }), route(ANY, proxyTo("behind"))];
  await using sites = await open(routes);
  const body = "123456";
  const chunked = { "Transfer-Encoding": "chunked" };
  assert.equal((await sites.ask("/small/", { method: "POST", body })).status, 413);
  assert.equal((await sites.ask("/small/", { method: "POST", body: "12345" })).status, 200);
  assert.equal(seen.body, "12345");
  const six = { method: "POST", body: "3\r\n123\r\n3\r\n456\r\n0\r\n\r\n", headers: chunked };
  assert.equal((await sites.ask("/small/", six)).status, 413);
  assert.equal((await sites.ask("/", six)).status, 200);
  assert.equal(seen.body, body);
});

test("a method that no route takes is refused with those that are taken", async () => {
  const routes = [route(exact("/a"), say("a"), { methods: ["GET", "PUT"] })];
  const answer = await ask(routes, "/a", { method: "DELETE" });
  assert.equal(answer.status, 405);
  assert.equal(answer.headers["allow"], "GET, PUT");
});

test("OPTIONS * asks about the server, whatever the routes say", async () => {
  const responseHeaders = [header("set", "X", "1")];
  const answer = await ask([route(ANY, fail(500), { responseHeaders })], "*", { method: "OPTIONS" });
  assert.equal(answer.status, 204);
});

test("captures of hosts and paths stand in redirects and headers", async () => {
  const routes = [
    route(regex("^/u/(?<id>\\d+)$"), { kind: "redirect", to: "https://{user}.example.net/{id}/{1}", status: 302 }),
    route(ANY, say("{user}")),
  ];
  const hosts = ["~^(?<user>\\w+)\\.example\\.org$"];
  await using sites = await serveSites([site(routes, { hosts })]);
  const headers = { Host: "ann.example.org" };
  assert.equal((await sites.ask("/u/7", { headers })).headers["location"], "https://ann.example.net/7/7");
  assert.equal((await sites.ask("/", { headers })).body.toString(), "ann");
});

test("an error page keeps the error's status, another one, or takes its answer's", async () => {
  const routes = [
    route(exact("/keep"), fail(410), { errors: [page(410, "/page?of={uri}")] }),
    route(exact("/other"), fail(410), { errors: [page(410, "/page", 418)] }),
    route(exact("/answer"), fail(410), { errors: [page(410, "/page", "answer")] }),
    route(exact("/page"), say("page {args}")),
  ];
  await using sites = await open(routes);
  const keep = await sites.ask("/keep");
  assert.deepEqual([keep.status, keep.body.toString()], [410, "page of=/keep"]);
  assert.equal((await sites.ask("/other")).status, 418);
  assert.equal((await sites.ask("/answer")).status, 200);
  assert.equal((await sites.ask("/keep", { method: "HEAD" })).body.length, 0);
});

test("an error page is whole, whatever part or condition the client asked for", async () => {
  const routes = [route(ANY, fail(404), { errors: [filePage(404)] })];
  await using sites = await open(routes);
  for (const headers of [{ Range: "bytes=0-1" }, { "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT" }]) {
    const answer = await sites.ask("/.git/x", { headers });
    assert.deepEqual([answer.status, answer.body.toString()], [404, "<p>lost {uri}"]);
  }
});

test("an error of an error page gets the default page", async () => {
  const errors = [page(404, "/b"), page(410, "/c")];
  const routes = [
    route(exact("/a"), fail(404), { errors }),
    route(exact("/b"), fail(410), { errors }),
    route(exact("/c"), say("never")),
  ];
  const answer = await ask(routes, "/a", { headers: { Accept: "application/json" } });
  assert.equal(answer.status, 410);
  assert.equal(answer.headers["content-type"], "application/json");
});

test("an upstream's own error is replaced only where that is asked for", async () => {
  const errors = [page(500, "/page"), page(401, "/page")];
  const routes = [
    route(exact("/plain"), proxyTo("behind"), { errors }),
    route(exact("/intercepted"), proxyTo("behind"), { errors, intercept: true }),
    route(exact("/page"), say("ours")),
  ];
  await using sites = await open(routes);
  const headers = { "X-Status": "500" };
  assert.equal((await sites.ask("/plain", { headers })).body.toString(), "from upstream");
  const replaced = await sites.ask("/intercepted", { headers });
  assert.deepEqual([replaced.status, replaced.body.toString()], [500, "ours"]);
  const unknown = { "X-Status": "401", "X-Answer": '{"WWW-Authenticate":"Basic realm=x"}' };
  assert.equal((await sites.ask("/intercepted", { headers: unknown })).headers["www-authenticate"], "Basic realm=x");
});

test("a body that the first handler has read is not read again by the error page's", async () => {
  const routes = [
    route(exact("/first"), proxyTo("behind"), {
      intercept: true,
      errors: [{ statuses: [500], answer: { kind: "route", name: "second" }, status: "answer" }],
    }),
    route(NONE, proxyTo("behind"), { name: "second", requestHeaders: [header("set", "X-Status", "200")] }),
  ];
  const answer = await ask(routes, "/first", { method: "POST", body: "12345", headers: { "X-Status": "500" } });
  assert.equal(answer.status, 200);
  assert.deepEqual([seen.method, seen.body, seen.headers["content-length"] ?? "0"], ["POST", "", "0"]);
});

const guarded = (): RouteConfig[] => [
  route(prefix("/files/"), files(join(folder, "private"), { strip: "/files/" }), { internal: true }),
  route(ANY, proxyTo("behind")),
];

for (const [field, value] of [
  ["X-Accel-Redirect", "/files/b.txt"],
  ["X-Accel-Redirect", "/files/%62.txt"],
  ["X-Sendfile", "private/b.txt"],
] as const) {
  test(`${field}: ${value} has an internal route serve the file, with the answer's own type and cookies`, async () => {
    const path = field === "X-Sendfile" ? join(folder, value) : value;
    const fields = { [field]: path, "Content-Type": "x/y", "Set-Cookie": "a=b", "X-Other": "1" };
    const answer = await ask(guarded(), "/get", { method: "POST", headers: { "X-Answer": JSON.stringify(fields) } });
    assert.deepEqual([answer.status, answer.body.toString()], [200, "private b"]);
    assert.equal(answer.headers["content-type"], "x/y");
    assert.equal(answer.headers["set-cookie"], "a=b");
    assert.equal(answer.headers["x-other"], undefined);
  });
}

test("an internal route stays closed to clients, and an answer leads nowhere outside of it", async () => {
  await using sites = await open(guarded());
  assert.equal((await sites.ask("/files/b.txt")).status, 404);
  for (const path of ["/files/../../x", "/files/none", "files/b.txt", "@none"]) {
    const headers = { "X-Answer": JSON.stringify({ "X-Accel-Redirect": path }) };
    const { status, body } = await sites.ask("/get", { headers });
    assert.ok(status === 404 || status === 500, `${path}: ${status}`);
    assert.doesNotMatch(body.toString(), /private|from upstream/);
  }
});

test("try serves the first file there is, and goes on to another handler without one", async () => {
  const routes = [
    route(ANY, {
      kind: "try",
      steps: [
        { kind: "static", static: files(join(folder, "public")) },
        { kind: "static", static: files(join(folder, "private")) },
      ],
      found: nothing,
      otherwise: say("neither"),
    }),
  ];
  await using sites = await open(routes);
  assert.equal((await sites.ask("/a.txt")).body.toString(), "public a");
  assert.equal((await sites.ask("/b.txt")).body.toString(), "private b");
  assert.equal((await sites.ask("/c.txt")).body.toString(), "neither");
  assert.equal((await sites.ask("/a.txt", { method: "POST" })).body.toString(), "neither");
  assert.equal((await sites.ask("/a.txt", { headers: { Range: "bytes=0-1" } })).status, 206);
});

test("a file that is tried without its slash is found where one with it is", async () => {
  const routes = [route(ANY, tryFiles(join(folder, "public"), ["{uri}", "a.txt"], say("nothing")))];
  await using sites = await open(routes);
  assert.equal((await sites.ask("/none")).body.toString(), "public a");
});

test("variables of a file's path never lead out of its folder", async () => {
  const routes = [route(ANY, tryFiles(join(folder, "public"), ["/{arg_f}"], say("nothing")))];
  await using sites = await open(routes);
  for (const name of ["../private/b.txt", "x/../../private/b.txt", "..", "a.txt/../../private/b.txt"])
    assert.equal((await sites.ask(`/?f=${name}`)).body.toString(), "nothing", name);
  assert.equal((await sites.ask("/?f=a.txt")).body.toString(), "public a");
});

test("goto leads to a named route or a path, and a circle ends in 500", async () => {
  const routes = [
    route(exact("/name"), goto("@there")),
    route(exact("/path"), goto("/target?q={arg_x}")),
    route(exact("/target"), say("{uri} {args}"), { internal: true }),
    route(exact("/circle"), goto("/circle")),
    route(NONE, say("there {uri}"), { name: "there" }),
  ];
  await using sites = await open(routes);
  assert.equal((await sites.ask("/name")).body.toString(), "there /name");
  assert.equal((await sites.ask("/path?x=1")).body.toString(), "/target q=1");
  assert.equal((await sites.ask("/target")).status, 404);
  assert.equal((await sites.ask("/circle")).status, 500);
});

test("conditions choose by header, query and what the disk has", async () => {
  const routes = [
    route(ANY, say("beta"), { conditions: [truth("{http_x_beta}")] }),
    route(ANY, say("file"), {
      conditions: [{ kind: "file", path: `${join(folder, "public")}{uri}`, not: false }],
    }),
    route(ANY, say("client"), { conditions: [{ kind: "client", ranges: ["127.0.0.0/8"], not: true }] }),
    route(segments("/"), say("rest")),
  ];
  await using sites = await open(routes);
  assert.equal((await sites.ask("/", { headers: { "X-Beta": "1" } })).body.toString(), "beta");
  assert.equal((await sites.ask("/a.txt")).body.toString(), "file");
  assert.equal((await sites.ask("/b.txt")).body.toString(), "rest");
});

test("clients that leave in the midst of redirects leave nothing open", async () => {
  write(join(folder, "private/large.bin"), Buffer.alloc(4_000_000, "x"));
  await using sites = await open(guarded());
  const headers = { "X-Answer": JSON.stringify({ "X-Accel-Redirect": "/files/large.bin" }) };
  const head = await sites.ask("/get", { method: "HEAD", headers });
  assert.deepEqual([head.status, head.headers["content-length"], head.body.length], [200, "4000000", 0]);
  const client = await connect(sites.port);
  client.write(`GET /get HTTP/1.1\r\nHost: a\r\nX-Answer: ${headers["X-Answer"]}\r\n\r\n`);
  await client.until(() => client.length > 0);
  client.socket.destroy();
  await until("the connections are gone", () => sites.server.connections.size === 0);
  await until("files are closed", () => openFilesBelow(folder) === 0);
});
