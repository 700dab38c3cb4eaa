import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { folderWith } from "../config/files.ts";
import { start } from "../support/instance.ts";

const NGINX = "/usr/sbin/nginx";
const skip = fs.existsSync(NGINX) ? false : `no ${NGINX}`;

const FILES = {
  "html/index.html": "home",
  "html/50x.html": "sorry",
  "html/404.html": "not here",
  "html/a/index.html": "a's index",
  "html/a/style.css": "css",
  "html/b/c.php": "source",
  "html/.hidden": "seen",
  "hosts/first.org/hosts/h.txt": "of the host",
  "data/one.txt": "one",
  "data/sub/index.htm": "sub",
};

/** What both serve; the ports are filled in. */
const SERVERS = `
  map $http_x_kind $kind { default plain; special "very $http_x_kind"; ~^r(?<rest>.+)$ "regex $rest"; }
  geo $place { default out; 127.0.0.0/8 loopback; }
  split_clients "$arg_k" $part { 50% half; 10.5% "a tenth"; * rest; }
  split_clients $arg_k $few { 20% few; }
  upstream app { server 127.0.0.1:BACKEND; keepalive 4; }
  server {
    listen 127.0.0.1:PORT default_server; server_name first.org *.wild.org ~^(?<who>\\w+)\\.re\\.org$;
    root html; add_header X-Outer outer; error_page 404 /404.html; error_page 502 503 /50x.html;
    set $mine "set $kind";
    if ($arg_gone) { return 410; }
    rewrite ^/moved/(.*)$ /a/$1 last;
    rewrite ^/away/(.*)$ http://other.org/$1 permanent;
    rewrite ^/here/(.*)$ /a/$1 redirect;
    location / { try_files $uri $uri/ =404; }
    location = /exact { return 200 "exact $uri $mine $who $place\\n"; }
    location /text/ { default_type text/html; return 200 "[$request_method] $request_uri | $uri | $args | $is_args | {literal} $host"; }
    location /own { add_header X-Own own always; return 404; }
    location /proxy/ { proxy_pass http://127.0.0.1:BACKEND; proxy_set_header X-Real-IP $remote_addr; }
    location /uri/ { proxy_pass http://127.0.0.1:BACKEND/base/; proxy_set_header Host $host; proxy_set_header X-Who "$who"; }
    location /named/ { proxy_pass http://app/n; }
    location ~ ^/cap/(?<id>\\d+)/(.*)$ { proxy_pass http://127.0.0.1:BACKEND/id/$id?rest=$2&$args; }
    location /dead { proxy_pass http://127.0.0.1:1; }
    location /errors/ { proxy_pass http://127.0.0.1:BACKEND; proxy_intercept_errors on; }
    location /back/ { proxy_pass http://127.0.0.1:BACKEND/; proxy_redirect default; }
    location /hide/ { proxy_pass http://127.0.0.1:BACKEND; proxy_hide_header X-Secret; proxy_cookie_path / /hide/; }
    location /files/ { alias data/; index index.htm; expires 1h; }
    location ~ \\.php$ { return 403 "no source\\n"; }
    location ^~ /b/raw/ { alias html/b/; }
    location /inner/ { return 200 outer; location /inner/deep { return 200 deep; } location ~ \\.x$ { return 200 regex; } }
    location /private/ { internal; alias data/; }
    location /accel { proxy_pass http://127.0.0.1:BACKEND; }
    location /methods { limit_except GET { deny all; } proxy_pass http://app; }
    location /if { if ($request_method = POST) { return 405; } if ($http_x_kind ~* ^spec) { add_header X-If yes; return 204; } return 200 "plain"; }
    location /spa { try_files $uri @app; }
    location @app { proxy_pass http://app; proxy_set_header X-From named; }
    location /denied { deny all; }
    location /small { client_max_body_size 10; proxy_pass http://app; }
    location /list/ { alias data/; autoindex on; autoindex_format json; }
    location /break/ { rewrite ^/break/(.*)$ /a/$1 break; }
    location /status { error_page 418 = @app; return 418; }
    location /nothing { return 444; }
    location ~ ^/re/(\\w+)\\.txt$ { alias data/$1.txt; }
    location /soft/ { error_page 404 =200 /50x.html; root html; }
    location /asapp/ { error_page 403 404 = @app; root html; }
    location /gone/ { error_page 404 =301 http://gone.org/; root html; }
    rewrite ^/q/(.*)$ /text/$1?extra=1 last;
    rewrite ^/noargs/(.*)$ /text/$1? last;
    location /r307 { return 307 /x; }
    location /r204 { return 204; }
    location /r302 { return 302 $scheme://$host/y; }
    location /hosts/ { root hosts/$host; }
    location /allowed { allow 127.0.0.1; deny all; return 200 in; }
    location /utf { charset utf-8; default_type text/plain; return 200 ok; }
    location /fixed { try_files /a/style.css =404; }
    location /fall { try_files $uri /index.html; }
    location /fallp { try_files $uri /text/f?$args; }
    location /files2/ { alias html/; if (-f $request_filename) { return 410; } if (!-d $request_filename) { return 404; } }
    location /ifp { if ($arg_x) { proxy_pass http://app; } return 200 no; }
    location /setif { set $v a; if ($arg_b = b) { set $v "b$v"; } if ($arg_c) { set $v "$v$arg_c"; } return 200 $v; }
    location /deephead/ { add_header X-Own outer; location /deephead/in { return 200 in; } location /deephead/own { add_header X-If own; return 200 own; } }
    location /zip.css { gzip on; gzip_min_length 1; gzip_types text/css; alias html/a/style.css; }
    location /varproxy/ { set $to 127.0.0.1:BACKEND; proxy_pass http://$to; }
    location /varuri/ { set $to 127.0.0.1:BACKEND; proxy_pass http://$to/fixed$uri; }
    location /again/ { proxy_pass http://app; proxy_set_header X-Add $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-First 1;
      proxy_intercept_errors on; error_page 404 = @again; }
    location @again { rewrite ^ /found break; proxy_pass http://app; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }
    location /hidden/ { internal; error_page 404 /index.html; }
    location /single/ { alias html/; try_files $uri / =404; }
    location /headed/ { add_header X-Own headed always; proxy_pass http://app; }
    location /texts/ { charset utf-8; proxy_pass http://app; location /texts/all { charset koi8-r; charset_types *; override_charset on; proxy_pass http://app; } }
    location /split { return 200 "$part $few"; }
    location /follow/ { proxy_pass http://app; proxy_intercept_errors on; error_page 302 = @followed; }
    location @followed { return 200 "led by $upstream_status"; }
    location /protocol/ { set $protocol http; set $to 127.0.0.1:BACKEND; proxy_pass $protocol://$to/fixed; }
    location /protocol/whole/ { set $to http://127.0.0.1:BACKEND; proxy_pass $to/fixed/; }
    location /scheme/ { proxy_pass $scheme://127.0.0.1:BACKEND; }
    location /rewritten/ { rewrite ^/rewritten/(.*)$ /else/$1 break; proxy_pass http://app; }
    location /double { rewrite ^ /exact last; return 200 never; }
    location /loop { rewrite ^/loop(.*)$ /loop$1x last; }
    location /body { proxy_pass http://app; proxy_set_header X-Body "$content_length $content_type"; proxy_set_header X-Add $proxy_add_x_forwarded_for; }
    location /cookie { return 200 "$cookie_a|$arg_a|$http_user_agent|$remote_addr|$server_name|$request_filename|$document_root"; }
  }
  server { listen 127.0.0.1:PORT; server_name second.org; return 301 https://$host$request_uri; }
  server { listen 127.0.0.1:PORT; server_name fourth.org; port_in_redirect off; location /x { return 302 /y; } rewrite ^/z /y permanent; }
  server { listen 127.0.0.1:PORT; server_name fifth.org; absolute_redirect off; location /x { return 302 /y; } error_page 404 /here; location /here { return 301 /there; } }
  server { listen 127.0.0.1:PORT; server_name third.org; location = / { return 200 third; } location /d { root data; } }
`;

interface Asked {
  readonly target: string;
  readonly host?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const REQUESTS: readonly Asked[] = [
  ..."/ /a /a/ /a/style.css /missing /missing/ /.hidden /b/c.php /b/raw/c.php /index.html /exact /exactly /moved/style.css /away/x?y=1 /here/x /?gone=1"
    .split(" ")
    .map((target) => ({ target })),
  ..."/text/x%20y?a=1&b /text//x/../y /own /owner /proxy/x?y=1 /proxy /uri/x%2Fy?z /uri /uri/ /named/x /cap/12/ab?c=d /cap/x/y /dead /errors/503 /errors/404 /errors/200"
    .split(" ")
    .map((target) => ({ target })),
  ..."/back/redirect /hide/x /files/one.txt /files/sub/ /files/sub /files/ /files/none /inner/x /inner/deeper /inner/a.x /private/one.txt /accel /spa /a/spa /denied /list/ /break/style.css /break/none /status"
    .split(" ")
    .map((target) => ({ target })),
  ..."/re/one.txt /re/none.txt /soft/x /asapp/x /gone/x /q/a?b=c /noargs/a?b=c /r307 /r204 /r302 /allowed /utf /fixed /fall /fall/x /fallp?k=v /files2/index.html /files2/ /files2/none /ifp /ifp?x=1 /setif /setif?b=b&c=d"
    .split(" ")
    .map((target) => ({ target })),
  ..."/deephead/in /deephead/own /deephead/x /varproxy/a%20b?c /varuri/x /rewritten/a?b /double /loop /hosts/h.txt //a///style.css /a/%2e%2e/index.html /a/../index.html /%61/style.css /proxy//x /proxy/%7Ex /uri//x"
    .split(" ")
    .map((target) => ({ target })),
  ..."/follow/redirect /follow/x /protocol/x?y /protocol/whole/x /scheme/x?y".split(" ").map((target) => ({ target })),
  ..."/again/404 /again/200 /hidden/x /single/none /single/ /single/a/style.css /headed /headed/ /texts/x /texts/plain /texts/html /texts/all/x /texts/all/html"
    .split(" ")
    .map((target) => ({ target })),
  { target: "/again/404", headers: { "X-Forwarded-For": "1.2.3.4" } },
  ...Array.from({ length: 40 }, (_, at) => ({ target: `/split?k=client${at * at}` })),
  ..."/x /z /none".split(" ").flatMap((target) => ["fourth.org", "fifth.org"].map((host) => ({ target, host }))),
  { target: "/zip.css", headers: { "Accept-Encoding": "gzip" } },
  { target: "/zip.css" },
  { target: "/cookie?a=1", headers: { Cookie: "b=c; a=d", "User-Agent": "me" } },
  {
    target: "/body",
    method: "POST",
    body: "hello",
    headers: { "Content-Type": "text/x", "X-Forwarded-For": "1.2.3.4" },
  },
  { target: "/proxy/head", method: "HEAD" },
  { target: "/a/style.css", headers: { Range: "bytes=1-1" } },
  { target: "/proxy/x", headers: { Connection: "close", "X-Odd": "1", TE: "trailers" } },
  { target: "/exact", host: "bob.re.org" },
  { target: "/uri/x", host: "bob.re.org" },
  { target: "/exact", host: "x.wild.org", headers: { "X-Kind": "special" } },
  { target: "/exact", host: "unknown.org", headers: { "X-Kind": "rest" } },
  { target: "/x?y", host: "second.org" },
  { target: "/", host: "third.org" },
  { target: "/other", host: "third.org" },
  { target: "/d/", host: "third.org" },
  { target: "/methods", method: "POST" },
  { target: "/methods" },
  { target: "/methods", method: "HEAD" },
  { target: "/if" },
  { target: "/if", method: "POST" },
  { target: "/if", headers: { "X-Kind": "SPECIAL" } },
  { target: "/proxy/post", method: "POST", body: "hello" },
  { target: "/small", method: "POST", body: "short" },
  { target: "/small", method: "POST", body: "much longer than that" },
  { target: "/a/style.css", method: "POST", body: "x" },
  { target: "/text/x", method: "DELETE" },
];

test("an nginx.conf is served as nginx serves it", { skip }, async (t) => {
  const backend = await startBackend(t);
  const [theirs, ours] = [await freePort(), await freePort()];
  const configuration = (port: number): string =>
    `pid nginx.pid; daemon off; error_log stderr emerg; events {}\nhttp {\n access_log off; ${TEMPORARY}\n default_type text/plain; types { text/html html htm; text/css css; text/plain txt; }\n${SERVERS.replaceAll("PORT", String(port)).replaceAll("BACKEND", String(backend))}}\n`;
  const folder = folderWith(t, { ...FILES, "nginx.conf": configuration(theirs), "ours.conf": configuration(ours) });
  // Its workers are another user's when the tests run as root.
  fs.chmodSync(folder, 0o755);
  const nginx = spawn(NGINX, ["-p", folder, "-c", path.join(folder, "nginx.conf"), "-e", "stderr"], {
    stdio: "inherit",
  });
  t.after(async () => {
    nginx.kill("SIGTERM");
    await once(nginx, "exit");
  });
  await accepts(theirs);
  await start(t, ["run", "ours.conf"], { cwd: folder }).url;
  for (const asked of REQUESTS) {
    const [expected, got] = [await ask(theirs, asked), await ask(ours, asked)];
    assert.deepEqual(got, expected, `${asked.method ?? "GET"} ${asked.host ?? ""}${asked.target}`);
  }
});

const TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
  .map((name) => `${name}_temp_path tmp_${name};`)
  .join(" ");

const TYPES: Readonly<Record<string, string>> = { plain: "text/plain", html: "text/html; charset=latin1" };

/** Says what it was asked, or does what the path's last part says. */
async function startBackend(t: TestContext): Promise<number> {
  const server = http.createServer((request, response) => {
    const last = /\/(\w+)$/.exec(request.url!)?.[1] ?? "";
    const { host, connection: _, "content-length": _length, ...headers } = request.headers;
    request.resume().on("end", () => {
      if (last === "redirect") response.writeHead(302, { Location: `http://127.0.0.1:${port(server)}/there` }).end();
      else if (last === "accel") response.writeHead(200, { "X-Accel-Redirect": "/private/one.txt" }).end("not this");
      else
        response
          .writeHead(/^[45]\d\d$/.test(last) ? Number(last) : 200, {
            "Content-Type": TYPES[last] ?? "application/json",
            "X-Secret": "secret",
            "Set-Cookie": "a=b; Path=/",
          })
          .end(
            JSON.stringify({
              method: request.method,
              url: request.url,
              host: host!.replace(/:\d+$/, ""),
              headers: Object.entries(headers).sort(),
            }),
          );
    });
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return port(server);
}

function port(server: net.Server | http.Server): number {
  return (server.address() as net.AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const found = port(server);
  server.close();
  await once(server, "close");
  return found;
}

/** Resolves once something listens at the port. */
async function accepts(at: number): Promise<void> {
  for (;;) {
    const socket = net.connect(at, "127.0.0.1");
    try {
      await once(socket, "connect");
      socket.destroy();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ECONNREFUSED") throw error;
    }
  }
}

/**
 * What of an answer has to be the same. The text of built-in pages need not, nor whether a Location names this server itself
 * (NGINX makes all of them absolute).
 */
async function ask(
  at: number,
  { target, host = "first.org", method = "GET", headers = {}, body }: Asked,
): Promise<unknown> {
  const request = http.request({
    port: at,
    host: "127.0.0.1",
    path: target,
    method,
    agent: false,
    headers: { Host: host, ...headers },
  });
  request.end(body);
  const outcome = await Promise.race([
    once(request, "response").then(([response]) => response as http.IncomingMessage),
    once(request, "error").then(() => null),
  ]);
  if (outcome === null) return "closed";
  let text = "";
  for await (const chunk of outcome.setEncoding("utf8")) text += chunk;
  const isBuiltIn = /<hr><center>nginx|<title>\d\d\d /.test(text);
  const fields = SHOWN.flatMap((name) => {
    const value = outcome.headers[name];
    if (value === undefined || (isBuiltIn && name === "content-type")) return [];
    return [`${name}: ${String(value).replace(`http://${host}:${at}/`, "/")}`];
  });
  const { statusCode: status } = outcome;
  if (isBuiltIn || outcome.headers.location !== undefined) return { status, fields, body: "built in" };
  return {
    status,
    fields,
    body: target === "/list/" ? (JSON.parse(text) as { name: string }[]).map(({ name }) => name) : text,
  };
}

const SHOWN = [
  "location",
  "content-type",
  "x-outer",
  "x-own",
  "x-if",
  "content-encoding",
  "content-range",
  "x-secret",
  "set-cookie",
] as const;
