import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { put as write } from "../static/site.ts";
import { site, upstreamAt } from "./builders.ts";
import { locations, ROUTES, RULES } from "./nginx-site.ts";
import { NGINX, type RealNginx, startNginx } from "./real-nginx.ts";
import { ask, serveSites, type TestSites } from "./serve-sites.ts";

/** Targets, asked of both; those of one line belong together. */
const TARGETS: readonly string[] = [
  // =, prefixes, ^~, ~ and ~*
  ..."/ /none /exact /exact/ /exactly /prefix /prefix/ /prefixed /prefix/longer/ /prefix/longer/x /prefix/longer".split(
    " ",
  ),
  ..."/final/a.txt /final /a.txt /b/a.txt /prefix/a.txt /a.TXT /a.png /a.PnG /prefix/longer/a.png".split(" "),
  ..."/re/12/ab /re/12/ab/ /re/x/ab //exact /prefix//longer//x /./exact /a/../exact /%65xact /exact?q=1".split(" "),
  // nested
  ..."/nest/ /nest/x /nest/in/ /nest/in/a.css /nest/a.css /nest/a.txt /nest/in/a.txt /nest/exact /nest/exact/".split(
    " ",
  ),
  ..."/nest/final/a.css /nest/final/a.txt /nest/deep/ /nest/deep/er/x /nest/deep/er/a.txt /group/x /group/one/x".split(
    " ",
  ),
  ..."/Re-outer/x /Re-outer/inner/y".split(" "),
  // rewrite flags
  ..."/rw/last/a /rw/break/a.html /rw/redirect/a /rw/permanent/a?x=1 /rw/plain/a /rw/twice/a /rw/loop/".split(" "),
  ..."/rw/args/a?x=1 /rw/drop/a?x=1 /rw/none/a?x=1 /rw/abs/a?x=1 /rw/enc/a%20b%26c /rw/encq/a%20b%26c".split(" "),
  ..."/rw/chain/a /rw/stop/a /rw/case/ABC /rw/empty /rw/encr/a%20b%3Fc /rw/then/a".split(" "),
  // return and set
  ..."/ret/200 /ret/204 /ret/301 /ret/302 /ret/303 /ret/307 /ret/308 /ret/rel /ret/404 /ret/410 /ret/503 /ret/text".split(
    " ",
  ),
  ..."/ret/vars?x=1&y=2 /ret/uri/a /ret/set /ret/setargs?x=1 /ret/host /ret/empty /ret/deny /ret/a.html".split(" "),
  // if
  ..."/if/a /if/a?x=1 /if/a?x=0 /if/a?x=yes /if/m?u=bob-7 /if/neg /if/neg?x=1 /if/loc /if/loc?x=1 /if/two?x=1&y=1".split(
    " ",
  ),
  ..."/if/file/a.html /if/file/none /if/dir/sub /if/dir/none /if/break?x=1 /if/break /if/rw?x=1 /if/rw".split(" "),
  // try_files, named and internal locations, redirects inside
  ..."/try/a.html /try/sub /try/sub/ /try/none /try/none?x=1 /named/x /named/sub/ /tried/code /tried/query?x=1".split(
    " ",
  ),
  ..."/internal/a.html /to/internal /goto /goto/cycle /cycle/a /named2 /try/%2e%2e/a.html".split(" "),
  // error_page
  ..."/err/named /err/path /err/path200 /err/answer /err/redirect /err/redirect301 /err/missing /err/twice".split(" "),
  ..."/err/args?x=1 /err/403 /err/ret /err/file/none /err/to200 /err/301 /err/302 /err/303 /err/307 /err/308".split(
    " ",
  ),
  ..."/err/moved /err/folder/sub /err/folder/sub/a /err/there /err/passed".split(" "),
  // the slash of what is handed on
  ..."/app /app/ /app?x=1 /app/x".split(" "),
  // the server's own rules
  ..."/old/a /old/b?x=1 /gone/x /moved".split(" "),
];

/** Where we differ on purpose: a `?` of the path stays one of the path; nginx lets it begin a query. */
const OTHER_LOCATIONS: ReadonlyMap<string, string> = new Map([
  ["/rw/encr/a%20b%3Fc", "http://example.org:PORT/to/a%20b%3Fc"],
]);

let folder: string;
let ours: TestSites;
let nginx: RealNginx;
let target: net.Server;

before(async () => {
  if (NGINX === undefined) return;
  folder = mkdtempSync(join(tmpdir(), "propylon-routes-"));
  const root = join(folder, "root");
  for (const name of ["index.html", "a.html", "b/a.txt", "sub/index.html", "rw/b/a.html", "try/a.html"])
    write(join(root, name), `file ${name}`);
  for (const name of [
    "try/sub/index.html",
    "err/folder/sub/a",
    "internal/a.html",
    "pages/404.html",
    "pages/ok.html",
    "if/file/a.html",
  ])
    write(join(root, name), `file ${name}`);
  for (const name of ["named/sub/index.html", "if/dir/sub/x"]) write(join(root, name), `file ${name}`);
  target = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (head) => {
      const body = `upstream ${head.toString("latin1").split(" ")[1]}`;
      const line = body.endsWith("/redirects") ? "302 Found\r\nLocation: https://example.net/y" : "200 OK";
      socket.end(`HTTP/1.1 ${line}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    });
  });
  await new Promise<void>((done) => target.listen(0, "127.0.0.1", done));
  const behind = (target.address() as net.AddressInfo).port;
  nginx = await startNginx(folder, (port) => `server { listen 127.0.0.1:${port}; root ${root}; ${locations(behind)} }`);
  ours = await serveSites([site(ROUTES(root), { order: "nginx", rules: RULES })], {
    upstreams: upstreamAt("behind", behind),
  });
});

after(async () => {
  if (NGINX === undefined) return;
  await nginx.stop();
  await ours[Symbol.asyncDispose]();
  await new Promise((done) => target.close(done));
  rmSync(folder, { recursive: true, force: true });
});

for (const path of new Set(TARGETS)) {
  test(`order: nginx answers ${path} as nginx does`, {
    skip: NGINX === undefined && "nginx is not installed",
  }, async () => {
    for (const method of ["GET", "HEAD", "POST"]) {
      const [theirs, own] = await Promise.all([ask(nginx.port, path, { method }), ask(ours.port, path, { method })]);
      assert.equal(own.status, theirs.status, `${method}: status, nginx says ${theirs.body.toString()}`);
      const wanted = OTHER_LOCATIONS.get(path) ?? location(theirs, nginx.port, path);
      assert.equal(location(own, ours.port, path), wanted, `${method}: Location`);
      const isDefaultPage = theirs.body.includes("<center>nginx");
      if (!isDefaultPage) assert.equal(own.body.toString(), theirs.body.toString(), `${method}: body`);
    }
  });
}

/** Location as a client understands it, without the port that differs. */
function location(answer: { headers: Readonly<Record<string, string>> }, port: number, path: string): string {
  const given = answer.headers["location"];
  if (given === undefined) return "";
  const url = new URL(given, new URL(path.replace(/^\/+/, "/"), `http://example.org:${port}`));
  return url.href.replace(`:${port}/`, ":PORT/");
}
