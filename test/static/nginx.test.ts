import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type Answer, ask } from "./client.ts";
import { openSite, put, type TestSite, until } from "./site.ts";

const NGINX = ["/usr/sbin/nginx", "/usr/local/sbin/nginx"].find((path) => existsSync(path));
const TEXT = "0123456789abcdefghijklmnopqrstuvwxyz";
/** Of the files: 1 700 000 000 s. */
const AT = "Tue, 14 Nov 2023 22:13:20 GMT";
const BEFORE = "Tue, 14 Nov 2023 22:13:19 GMT";
const AFTER = "Tue, 14 Nov 2023 22:13:21 GMT";

let site: TestSite;
let nginx: { port: number; process: ChildProcess };

before(async () => {
  if (NGINX === undefined) return;
  site = await openSite();
  put(join(site.root, "a.txt"), TEXT);
  put(join(site.root, "empty.txt"), "");
  put(join(site.root, "large.bin"), Buffer.alloc(1_500_000, TEXT));
  put(join(site.root, "index.html"), "<p>home");
  put(join(site.root, "sub/index.html"), "<p>sub");
  put(join(site.root, "app.css"), "a { color: red }");
  put(join(site.root, "app.css.gz"), gzipSync("a { color: red }"));
  put(join(site.root, "with space.html"), "<p>space");
  put(join(site.folder, "secret.txt"), "secret");
  mkdirSync(join(site.root, "bare"));
  symlinkSync("../secret.txt", join(site.root, "link.txt"));
  symlinkSync("loop", join(site.root, "loop"));
  nginx = await startNginx(NGINX, site);
});
after(async () => {
  if (NGINX === undefined) return;
  const ended = new Promise((done) => nginx.process.once("exit", done));
  nginx.process.kill("SIGTERM");
  await ended;
  await site.close();
});

interface Case {
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  /** Where we differ on purpose: our status, and why. */
  readonly ours?: readonly [status: number, reason: string];
}

const RANGES: readonly string[] = [
  "bytes=0-0",
  "bytes=0-9",
  "bytes=10-",
  "bytes=35-35",
  "bytes=-1",
  "bytes=-10",
  "bytes=-9999999",
  "bytes=0-9999999",
  "bytes=9999999-",
  "bytes=9999999-99999999",
  "bytes=-0",
  "bytes=0-1,4-5",
  "bytes=4-5,0-1",
  "bytes=0-1,-2",
  "bytes=0-1, 4-5",
  "bytes=0-1,9999999-",
  "bytes=0-,0-",
  "bytes=0-9,5-14",
  "bytes=",
  "lines=0-1",
  "0-1",
];

const LENIENT = "a Range that is not valid is ignored (RFC 9110 §14.2); nginx answers 416";
const INVALID_RANGES: readonly string[] = ["bytes=5-4", "bytes=-", "bytes=a-b", "bytes=0-1;2-3", "bytes=0-1,5-4"];

const CASES: readonly Case[] = [
  { target: "/" },
  { target: "/index.html" },
  { target: "/a.txt" },
  { target: "/a.txt?query" },
  { target: "/empty.txt" },
  { target: "/large.bin" },
  { target: "/with%20space.html" },
  { target: "/%61.txt" },
  { target: "/sub" },
  { target: "/sub?a=b" },
  { target: "/sub/" },
  { target: "/./sub/../a.txt" },
  { target: "/sub//index.html" },
  { target: "//a.txt" },
  { target: "/bare" },
  { target: "/bare/", ours: [404, "a folder without index says no more than an absent one; nginx says 403"] },
  { target: "/nothing" },
  { target: "/nothing/" },
  { target: "/a.txt/" },
  { target: "/a.txt/x" },
  { target: `/${"x".repeat(300)}` },
  { target: "/../a.txt" },
  { target: "/%2e%2e/a.txt" },
  { target: "/a.txt%00" },
  { target: "/%zz" },
  {
    target: "/link.txt",
    ours: [404, "links that lead out are not followed unless the site says so; nginx follows them"],
  },
  { target: "/loop", ours: [404, "a link that leads nowhere is an absent file; nginx says 403"] },
  ...["HEAD", "POST", "PUT", "DELETE", "OPTIONS"].map((method) => ({
    target: "/a.txt",
    method,
    headers: { "Content-Length": "0" },
  })),
  { target: "/nothing", method: "HEAD" },
  { target: "/sub", method: "HEAD" },
  ...["/a.txt", "/large.bin"].flatMap((target) => RANGES.map((Range) => ({ target, headers: { Range } }))),
  ...INVALID_RANGES.map((Range): Case => ({ target: "/a.txt", headers: { Range }, ours: [200, LENIENT] })),
  {
    target: "/a.txt",
    method: "HEAD",
    headers: { Range: "bytes=0-1" },
    ours: [200, "Range is for GET (RFC 9110 §14.2); nginx applies it to HEAD"],
  },
  { target: "/empty.txt", headers: { Range: "bytes=0-" } },
  { target: "/empty.txt", headers: { Range: "bytes=0-0" } },
  { target: "/empty.txt", headers: { Range: "bytes=-5" } },
  // Conditions; ETAG stands for the server's own tag.
  { target: "/a.txt", headers: { "If-None-Match": "ETAG" } },
  { target: "/a.txt", headers: { "If-None-Match": "W/ETAG" } },
  { target: "/a.txt", headers: { "If-None-Match": '"x", ETAG' } },
  { target: "/a.txt", headers: { "If-None-Match": '"x"' } },
  { target: "/a.txt", headers: { "If-None-Match": "*" } },
  { target: "/a.txt", headers: { "If-None-Match": "ETAG" }, method: "HEAD" },
  { target: "/nothing", headers: { "If-None-Match": "*" } },
  { target: "/a.txt", headers: { "If-Match": "ETAG" } },
  { target: "/a.txt", headers: { "If-Match": "W/ETAG" } },
  { target: "/a.txt", headers: { "If-Match": '"x"' } },
  { target: "/a.txt", headers: { "If-Match": '"x", ETAG' } },
  { target: "/a.txt", headers: { "If-Match": "*" } },
  { target: "/a.txt", headers: { "If-Modified-Since": AT } },
  { target: "/a.txt", headers: { "If-Modified-Since": BEFORE } },
  {
    target: "/a.txt",
    headers: { "If-Modified-Since": AFTER },
    ours: [304, "not modified since (RFC 9110 §13.1.3); nginx wants the exact time"],
  },
  { target: "/a.txt", headers: { "If-Modified-Since": "Tuesday, 14-Nov-23 22:13:20 GMT" } },
  { target: "/a.txt", headers: { "If-Modified-Since": "yesterday" } },
  { target: "/a.txt", headers: { "If-Unmodified-Since": AT } },
  { target: "/a.txt", headers: { "If-Unmodified-Since": AFTER } },
  { target: "/a.txt", headers: { "If-Unmodified-Since": BEFORE } },
  {
    target: "/a.txt",
    headers: { "If-Unmodified-Since": "yesterday" },
    ours: [200, "an invalid date is ignored (RFC 9110 §13.1.4); nginx answers 412"],
  },
  { target: "/a.txt", headers: { "If-None-Match": '"x"', "If-Modified-Since": AT } },
  { target: "/a.txt", headers: { "If-None-Match": "ETAG", "If-Modified-Since": AT } },
  {
    target: "/a.txt",
    headers: { "If-None-Match": "ETAG", "If-Modified-Since": BEFORE },
    ours: [304, "If-Modified-Since is ignored beside If-None-Match (RFC 9110 §13.1.3); nginx wants both to hold"],
  },
  {
    target: "/a.txt",
    headers: { "If-Match": "ETAG", "If-Unmodified-Since": BEFORE },
    ours: [200, "If-Unmodified-Since is ignored beside If-Match (RFC 9110 §13.1.4); nginx wants both to hold"],
  },
  { target: "/a.txt", headers: { "If-Match": '"x"', "If-None-Match": "ETAG" } },
  { target: "/a.txt", headers: { "If-Match": "ETAG", "If-None-Match": "ETAG" } },
  { target: "/a.txt", headers: { Range: "bytes=0-1", "If-Range": "ETAG" } },
  { target: "/a.txt", headers: { Range: "bytes=0-1", "If-Range": '"x"' } },
  { target: "/a.txt", headers: { Range: "bytes=0-1", "If-Range": AT } },
  { target: "/a.txt", headers: { Range: "bytes=0-1", "If-Range": BEFORE } },
  { target: "/a.txt", headers: { Range: "bytes=0-1", "If-Range": AFTER } },
  { target: "/a.txt", headers: { Range: "bytes=0-1", "If-Range": "W/ETAG" } },
  { target: "/a.txt", headers: { Range: "bytes=0-1", "If-None-Match": "ETAG" } },
  { target: "/a.txt", headers: { Range: "bytes=0-1", "If-Match": '"x"' } },
  { target: "/a.txt", headers: { Range: "bytes=99999-", "If-None-Match": "ETAG" } },
  { target: "/app.css", headers: { "Accept-Encoding": "gzip" } },
  { target: "/app.css", headers: { "Accept-Encoding": "gzip;q=0" } },
  { target: "/app.css", headers: { "Accept-Encoding": "br" } },
  {
    target: "/app.css",
    headers: { "Accept-Encoding": "gzip", Range: "bytes=0-3" },
    ours: [206, "a precompressed form has ranges like any other; nginx has none"],
  },
  { target: "/app.css" },
];

const COMPARED = ["content-length", "content-type", "content-range", "content-encoding", "location"] as const;

for (const item of CASES) {
  const { target, headers = {}, method = "GET", ours } = item;
  const name = `${method} ${target.slice(0, 40)} ${Object.keys(headers).length > 0 ? JSON.stringify(headers) : ""}`;
  const promise = ours === undefined ? "is answered as nginx does" : `is answered ${ours[0]}, unlike nginx: ${ours[1]}`;
  test(`${name} ${promise}`, { skip: NGINX === undefined && "nginx is not installed" }, async () => {
    const mine = await askWithTag(site.port, target, headers, method);
    const theirs = await askWithTag(nginx.port, target, headers, method);
    if (ours !== undefined) {
      assert.equal(mine.status, ours[0]);
      assert.notEqual(theirs.status, ours[0], "nginx agrees by now: drop the exception");
      return;
    }
    assert.deepEqual(essence(mine), essence(theirs));
  });
}

for (const [path, expires] of [
  ["never", "epoch"],
  ["always", "max"],
  ["past", -1],
  ["now", 0],
  ["day", 86_400],
] as const)
  test(`expires: ${expires} says when a file expires as nginx does`, {
    skip: NGINX === undefined && "nginx is not installed",
  }, async (t) => {
    const own = await openSite({ expires });
    t.after(() => own.close());
    put(join(own.root, "a.txt"), TEXT);
    for (const headers of [{}, { Range: "bytes=0-1" }, { "If-Modified-Since": AT }] as Record<string, string>[]) {
      const mine = (await ask(own.port, "/a.txt", headers)).headers;
      const theirs = (await ask(nginx.port, `/${path}/a.txt`, headers)).headers;
      assert.equal(mine["cache-control"], theirs["cache-control"]);
      if (typeof expires === "string") assert.equal(mine["expires"], theirs["expires"]);
      else assert.ok(Math.abs(lifetime(mine) - expires) <= 1 && Math.abs(lifetime(theirs) - expires) <= 1);
    }
  });

/** Seconds from an answer's Date to its Expires, each of which may fall into the next second. */
function lifetime(headers: Answer["headers"]): number {
  return (Date.parse(String(headers["expires"])) - Date.parse(String(headers["date"]))) / 1000;
}

// nginx leaves Accept-Ranges out of a 206, and has no ranges of precompressed forms.
const COMPARED_WHOLE = [...COMPARED, "accept-ranges"] as const;

/** Errors and multiparts differ in text and boundary, so there the fields that depend on it are left out. */
function essence(answer: Answer): Record<string, unknown> {
  const { status, headers } = answer;
  const multipart = headers["content-type"]?.startsWith("multipart/byteranges") === true;
  const plain = (status === 200 || status === 206) && !multipart;
  const names = status === 200 && headers["content-encoding"] === undefined ? COMPARED_WHOLE : COMPARED;
  const fields = names
    .filter((name) => plain || name === "content-range" || name === "location")
    .map((name) => [name, headers[name]]);
  const parts = multipart
    ? [...answer.body.toString("latin1").matchAll(/^Content-Range: (.*)\r$/gim)].map((match) => match[1])
    : null;
  return {
    status,
    fields,
    parts,
    body: plain || status === 304 ? answer.body.toString("latin1") : null,
    tagged: headers["etag"] !== undefined,
  };
}

async function askWithTag(
  port: number,
  target: string,
  headers: Readonly<Record<string, string>>,
  method: string,
): Promise<Answer> {
  const needed = Object.values(headers).some((value) => value.includes("ETAG"));
  const etag = needed ? (await ask(port, target)).headers["etag"]! : "";
  const filled = Object.entries(headers).map(([name, value]) => [name, value.replace("ETAG", etag)]);
  return ask(port, target, Object.fromEntries(filled), method);
}

async function startNginx(
  program: string,
  { folder, root }: TestSite,
): Promise<{ port: number; process: ChildProcess }> {
  const port = await freePort();
  const config = `
    daemon off; master_process off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
    events { worker_connections 64; }
    http {
      types { text/html html; text/css css; text/plain txt; }
      default_type application/octet-stream; charset utf-8; charset_types text/html text/css text/plain;
      access_log off; absolute_redirect off; gzip_static on; keepalive_timeout 0;
      client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
      uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
      server { listen 127.0.0.1:${port}; root ${root}; index index.html;
        location = /never/a.txt { alias ${root}/a.txt; expires epoch; }
        location = /always/a.txt { alias ${root}/a.txt; expires max; }
        location = /past/a.txt { alias ${root}/a.txt; expires -1; }
        location = /day/a.txt { alias ${root}/a.txt; expires 1d; }
        location = /now/a.txt { alias ${root}/a.txt; expires 0; } }
    }`;
  writeFileSync(join(folder, "nginx.conf"), config);
  const child = spawn(program, ["-p", folder, "-c", join(folder, "nginx.conf")], { stdio: "ignore" });
  await until("nginx accepts connections", () => accepts(port));
  return { port, process: child };
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = net.connect(port, "127.0.0.1", () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", () => done(false));
  });
}
