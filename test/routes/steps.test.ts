import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import type net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect, request } from "../http2/frame-client.ts";
import { serve as serveHttp2 } from "../http2/serve.ts";
import { fc } from "../support/property.ts";
import { ANY, files, prefix, proxyTo, route, site, upstreamAt } from "./builders.ts";
import { NGINX, type RealNginx, startNginx } from "./real-nginx.ts";
import { serveSites, type TestSites } from "./serve-sites.ts";

/** How servers behind a front understand a target's path. */
const READERS: Readonly<Record<string, (path: string) => string>> = {
  "as it is, steps taken (RFC 3986 §5.2.4)": (path) => steps(path),
  "steps taken, then decoded": (path) => decoded(steps(path)),
  "decoded, then steps taken": (path) => steps(decoded(path)),
  "decoded, slashes merged, steps taken": (path) => steps(merged(decoded(path))),
  "slashes merged, steps taken, decoded": (path) => decoded(steps(merged(path))),
  "decoded, steps taken, slashes merged": (path) => merged(steps(decoded(path))),
  "not at all": (path) => path,
};

const PIECES = [
  "/",
  "//",
  "%2f",
  "%2F",
  ".",
  "..",
  "%2e",
  "%2E%2e",
  "admin",
  "open",
  "x",
  "%61dmin",
  "adm%69n",
  "a",
  ";",
  "%20",
];

let behind: http.Server;
let seen: string[] = [];

before(async () => {
  behind = http.createServer((message, response) => {
    seen.push(message.url!);
    response.end("reached");
  });
  behind.listen(0, "127.0.0.1");
  await once(behind, "listening");
});
after(() => {
  behind.closeAllConnections();
  behind.close();
});

function upstreams() {
  return { upstreams: upstreamAt("behind", (behind.address() as net.AddressInfo).port) };
}

for (const order of ["written", "nginx"] as const)
  test(`order: ${order}: whichever way a target's steps and slashes are read, nobody gets behind a closed path`, async () => {
    const closed = route(prefix("/admin/"), files("/nonexistent"), { access: [{ allow: false, range: "all" }] });
    const open = route(order === "nginx" ? prefix("/") : ANY, proxyTo("behind"));
    await using sites: TestSites = await serveSites([site([closed, open], { order })], upstreams());
    const target = fc
      .array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 9 })
      .map((pieces) => `/${pieces.join("")}`);
    await fc.assert(
      fc.asyncProperty(target, async (path) => {
        seen = [];
        const { status } = await sites.ask(path);
        assert.ok([200, 301, 400, 403].includes(status), `${path}: ${status}`);
        assert.equal(seen.length, status === 200 ? 1 : 0);
        for (const forwarded of seen)
          for (const [how, read] of Object.entries(READERS))
            assert.ok(
              !read(forwarded).startsWith("/admin/"),
              `${path} went on as ${forwarded}, ${how}: ${read(forwarded)}`,
            );
      }),
      { numRuns: 600 },
    );
  });

test("a target without steps goes on to the byte, one with them as the path that it was matched by", async () => {
  await using sites = await serveSites([site([route(ANY, proxyTo("behind"))])], upstreams());
  for (const [target, forwarded] of [
    ["/a%2Fb/c%20d//e;f=1?x=/../y", "/a%2Fb/c%20d//e;f=1?x=/../y"],
    ["/.well-known/x%2e.txt", "/.well-known/x%2e.txt"],
    ["/a/...", "/a/..."],
    ["/a/../b", "/b"],
    ["/a%2f..%2Fb%20c?q=%2e%2e", "/b%20c?q=%2e%2e"],
    ["/a/%2E", "/a/"],
    ["http://example.org/a/../b", "/b"],
    ["http://example.org/%2e%2e%2fa/../b", null],
  ] as const) {
    seen = [];
    const { status } = await sites.ask(target);
    assert.deepEqual([status, seen], forwarded === null ? [400, []] : [200, [forwarded]], target);
  }
});

test("HTTP/2 has the same paths: matched, refused and passed on alike", async () => {
  const closed = route(prefix("/admin/"), files("/nonexistent"), { access: [{ allow: false, range: "all" }] });
  await using sites = await serveSites([site([closed, route(ANY, proxyTo("behind"))])], upstreams());
  await using front = await serveHttp2((one) => sites.handler.handle(one));
  const client = await connect(front.port);
  let stream = 1;
  for (const target of [
    "/open/x",
    "/admin/x",
    "/open/../admin/x",
    "/open/%2e%2e/admin/x",
    "/open%2f..%2fadmin%2fx",
    "/open//../admin/x",
    "//admin/x",
    "/%61dmin/x",
    "/admin%2fx",
    "/admin/..%2fopen",
    "/../admin/x",
    "/%2e%2e/admin/x",
    "/a%00b",
    "/a%zz",
    "/%c0%ae%c0%ae/admin/x",
  ]) {
    seen = [];
    const { status } = await sites.ask(target);
    const first = seen;
    seen = [];
    client.ask(stream, request(target));
    assert.equal(await client.status(stream), String(status), target);
    assert.deepEqual(seen, first, target);
    stream += 2;
  }
  client.socket.destroy();
});

test("steps over slashes in a row lead where they lead in nginx", {
  skip: NGINX === undefined && "nginx is not installed",
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "propylon-steps-"));
  const { port } = behind.address() as net.AddressInfo;
  const nginx: RealNginx = await startNginx(
    folder,
    (own) =>
      `server { listen 127.0.0.1:${own}; location / { proxy_pass http://127.0.0.1:${port}/to/; } location /admin/ { return 403; } }`,
  );
  t.after(async () => {
    await nginx.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const to = { ...proxyTo("behind"), path: { strip: "/", to: "/to/" } };
  const routes = [
    route(prefix("/"), to),
    route(prefix("/admin/"), files("/nonexistent"), { access: [{ allow: false, range: "all" }] }),
  ];
  await using sites = await serveSites([site(routes, { order: "nginx" })], upstreams());
  const { ask } = await import("./serve-sites.ts");
  for (const target of [
    "/a//../b",
    "/open//../admin/x",
    "/admin//../open",
    "/admin/x//..//../open",
    "/a///b/.//../c",
    "/a%2f%2f../b",
    "/a//%2e%2e/b",
    "/a//..",
    "/a/.//",
    "//../a",
    "/./..//a",
  ]) {
    seen = [];
    const theirs = await ask(nginx.port, target);
    const [wanted] = seen;
    seen = [];
    const own = await sites.ask(target);
    assert.deepEqual([own.status, seen[0]], [theirs.status, wanted], target);
  }
});

// --- internal ---

function decoded(path: string): string {
  return path.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function merged(path: string): string {
  return path.replace(/\/+/g, "/");
}

function steps(path: string): string {
  const kept: string[] = [];
  const segments = path.split("/").slice(1);
  for (const [at, segment] of segments.entries()) {
    const last = at === segments.length - 1;
    if (segment === "..") kept.pop();
    else if (segment !== ".") kept.push(segment);
    if (last && (segment === ".." || segment === ".")) kept.push("");
  }
  return `/${kept.join("/")}`;
}
