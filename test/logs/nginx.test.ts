import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { ask, folder, freePort, start, until } from "../support/instance.ts";

const NGINX = ["/usr/sbin/nginx", "/usr/local/sbin/nginx"].find((file) => fs.existsSync(file));

const TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
  .map((name) => `${name}_temp_path tmp_${name};`)
  .join(" ");

const configuration = (port: number, logs: string, backend: number): string => `
pid nginx.pid; daemon off; error_log ${logs}/error.log; events {}
http {
  ${TEMPORARY}
  default_type text/plain;
  log_format main '$remote_addr - $remote_user "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"';
  log_format wide '$host|$http_host|$uri|$args|$is_args|$request_method|$scheme|$server_protocol|$request_completion|'
                  '$sent_http_content_type|$sent_http_location|$upstream_status|$cookie_a|$arg_x|$http_x_odd|$pipe|$gzip_ratio';
  log_format doc escape=json '{"request":"$request","agent":"$http_user_agent","odd":"$http_x_odd","status":$status,"none":"$http_none"}';
  log_format bare escape=none '$http_user_agent [$http_none]';
  map $status $loud { ~^[45] 1; default 0; }
  access_log ${logs}/all.log main;
  access_log ${logs}/errors.log main if=$loud;
  server {
    listen 127.0.0.1:${port};
    server_name one.test;
    location / { return 200 "text"; }
    location /quiet { access_log off; return 200 "text"; }
    location /gone { return 410 "gone"; }
    location /wide { access_log ${logs}/wide.log wide; access_log ${logs}/doc.log doc; access_log ${logs}/bare.log bare; return 200 "x"; }
    location /back/ { access_log ${logs}/wide.log wide; proxy_pass http://127.0.0.1:${backend}; }
  }
  server {
    listen 127.0.0.1:${port};
    server_name two.test;
    access_log ${logs}/two.log combined buffer=4k flush=1s;
    location / { return 200 "text"; }
  }
}
`;

interface Asked {
  readonly target: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const REQUESTS: readonly Asked[] = [
  { target: "/" },
  { target: "/x%20y?a=b&x=c", headers: { Referer: 'http://a/"quoted"', "User-Agent": "caf\xe9 \\ x" } },
  { target: "/user", headers: { Authorization: `Basic ${Buffer.from("ann:x").toString("base64")}` } },
  { target: "/quiet" },
  { target: "/gone" },
  { target: "/wide/a%2fb?x=1&y" },
  { target: "/wide", headers: { Cookie: "b=2; a=1", "X-Odd": "a\tb", "User-Agent": 'say "x"' } },
  { target: "/wide?", headers: { "X-Odd": "\xc3\xa9" } },
  { target: "/back/ok" },
  { target: "/back/404?x=y" },
  { target: "/", host: "two.test" },
  { target: "/a?b", host: "two.test", headers: { "User-Agent": "me" } },
  { target: "/last" },
];

const FILES = ["all.log", "errors.log", "wide.log", "doc.log", "bare.log", "two.log"];

test("an nginx.conf writes the lines that nginx writes", {
  skip: NGINX === undefined && "needs nginx",
  timeout: 30_000,
}, async (t) => {
  const backend = http.createServer((request, response) => {
    response.writeHead(request.url!.startsWith("/back/404") ? 404 : 200, { "Content-Type": "text/x" }).end("hello");
  });
  backend.listen(0, "127.0.0.1");
  await once(backend, "listening");
  t.after(() => backend.close());
  const { port: behind } = backend.address() as net.AddressInfo;
  const [theirs, ours] = [await freePort(), await freePort()];
  const cwd = folder(t);
  for (const logs of ["theirs", "ours"]) {
    fs.mkdirSync(path.join(cwd, logs));
    const port = logs === "theirs" ? theirs : ours;
    fs.writeFileSync(path.join(cwd, `${logs}.conf`), configuration(port, path.join(cwd, logs), behind));
  }
  fs.chmodSync(cwd, 0o755);
  const nginx = spawn(NGINX!, ["-p", cwd, "-c", path.join(cwd, "theirs.conf"), "-e", "stderr"], { stdio: "ignore" });
  const instance = start(t, ["run", "ours.conf"], { cwd });
  await instance.url;
  await until(() => accepts(theirs));
  for (const { target, host = "one.test", headers } of REQUESTS)
    for (const port of [theirs, ours])
      await ask(`http://127.0.0.1:${port}${target}`, { headers: { Host: host, ...headers } });
  // Both write what waits when they end.
  nginx.kill("SIGQUIT");
  instance.process.kill("SIGTERM");
  await Promise.all([once(nginx, "exit"), instance.exited]);
  for (const name of FILES)
    assert.deepEqual(linesOf(path.join(cwd, "ours", name)), linesOf(path.join(cwd, "theirs", name)), name);
});

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/** Lines without their times; JSON by its meaning. */
function linesOf(file: string): unknown[] {
  return fs
    .readFileSync(file, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) =>
      line.startsWith("{") ? (JSON.parse(line) as unknown) : line.replace(/\[\d\d\/\w+\/[^\]]+\]/, "[]"),
    );
}
