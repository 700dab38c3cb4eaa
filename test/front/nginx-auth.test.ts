import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { NGINX, startNginx } from "../routes/real-nginx.ts";
import { folder } from "../support/instance.ts";
import { field, get, send, serveNginx } from "./client.ts";

/** Who is asked: answers as the request's X-Want says. */
const AUTHORITY = http.createServer((request, response) => {
  const want = Number(request.headers["x-want"] ?? 200);
  response.writeHead(want, {
    "X-User": `user-of-${request.headers["x-original-uri"]}`,
    "X-Method": request.method!,
    "X-Length": request.headers["content-length"] ?? "none",
    "WWW-Authenticate": 'Basic realm="behind"',
    "Set-Cookie": "seen=1",
    Location: "/login",
  });
  response.end("from the authority");
});
/** What is behind: tells what it got. */
const BEHIND = http.createServer((request, response) => {
  let body = "";
  request.on("data", (piece: Buffer) => {
    body += piece.toString();
  });
  request.on("end", () =>
    response.end(
      `${request.method} ${request.url} user=${request.headers["x-user"] ?? ""} cookie=${request.headers["x-cookie"] ?? ""} body=${body}`,
    ),
  );
});

/** ann:secret by apr1 and bob:password by SHA. */
const USERS = "ann:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/\nbob:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n";

function server(port: number, authority: number, behind: number, users: string): string {
  return `
  server {
    listen 127.0.0.1:${port};
    error_page 418 /teapot;
    location = /ask {
      internal;
      proxy_pass http://127.0.0.1:${authority}/check;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header X-Original-URI $request_uri;
    }
    location /asked/ {
      auth_request /ask;
      auth_request_set $user $upstream_http_x_user;
      auth_request_set $set_cookie $upstream_http_set_cookie;
      add_header X-Seen $user always;
      add_header Set-Cookie $set_cookie;
      proxy_set_header X-User $user;
      proxy_set_header X-Cookie $http_cookie;
      proxy_pass http://127.0.0.1:${behind};
      location /asked/off/ { auth_request off; proxy_pass http://127.0.0.1:${behind}; }
      location /asked/page/ { error_page 401 = @login; auth_request /ask; proxy_pass http://127.0.0.1:${behind}; }
    }
    location @login { return 302 http://login.example/?to=$request_uri; }
    location /missing/ { auth_request /nothing; proxy_pass http://127.0.0.1:${behind}; }
    location /users/ {
      auth_basic "Members";
      auth_basic_user_file ${users};
      proxy_set_header X-User $remote_user;
      proxy_pass http://127.0.0.1:${behind};
      location /users/open/ { auth_basic off; proxy_pass http://127.0.0.1:${behind}; }
      location /users/any/ { satisfy any; allow 127.0.0.1; deny all; proxy_pass http://127.0.0.1:${behind}; }
      location /users/any-deny/ { satisfy any; deny all; proxy_pass http://127.0.0.1:${behind}; }
      location /users/all-deny/ { satisfy all; deny all; proxy_pass http://127.0.0.1:${behind}; }
      location /users/any-silent/ { satisfy any; allow 10.0.0.1; proxy_pass http://127.0.0.1:${behind}; }
      location /users/both/ { satisfy any; auth_request /ask; proxy_pass http://127.0.0.1:${behind}; }
    }
  }`;
}

const login = (pair: string): string => `Authorization: Basic ${Buffer.from(pair).toString("base64")}`;
const QUESTIONS: readonly (readonly [target: string, headers: readonly string[], body?: string])[] = [
  ...[200, 204, 299, 301, 302, 400, 401, 403, 404, 500, 503].map(
    (want) => ["/asked/x?a=1", [`X-Want: ${want}`]] as const,
  ),
  ["/asked/x", ["X-Want: 200", "X-User: spoofed", "Cookie: a=b"]],
  ["/asked/x", ["Content-Length: 5"], "hello"],
  ["/asked/off/x", ["X-Want: 403"]],
  ["/asked/page/x", ["X-Want: 401"]],
  ["/asked/page/x", ["X-Want: 403"]],
  ["/missing/x", []],
  ["/ask", []],
  ["/users/x", []],
  ["/users/x", [login("ann:secret")]],
  ["/users/x", [login("bob:password")]],
  ["/users/x", [login("bob:secret")]],
  ["/users/x", [login("eve:secret")]],
  ["/users/x", ["Authorization: Basic"]],
  ["/users/x", ["Authorization: Bearer abc"]],
  ["/users/open/x", []],
  ["/users/any/x", []],
  ["/users/any-deny/x", []],
  ["/users/any-deny/x", [login("ann:secret")]],
  ["/users/all-deny/x", [login("ann:secret")]],
  ["/users/all-deny/x", []],
  ["/users/any-silent/x", []],
  ["/users/any-silent/x", [login("ann:secret")]],
  ["/users/both/x", ["X-Want: 200"]],
  ["/users/both/x", ["X-Want: 401"]],
  ["/users/both/x", ["X-Want: 403"]],
  ["/users/both/x", ["X-Want: 403", login("ann:secret")]],
  ["/users/both/x", ["X-Want: 500"]],
];

test("who may come in is decided as nginx decides it", {
  skip: NGINX === undefined && "nginx is not installed",
}, async (t) => {
  const directory = folder(t, { htpasswd: USERS });
  const users = join(directory, "htpasswd");
  const ports = await Promise.all(
    [AUTHORITY, BEHIND].map(async (one) => {
      await once(one.listen(0, "127.0.0.1"), "listening");
      t.after(() => one.close());
      return (one.address() as AddressInfo).port;
    }),
  );
  const nginx = await startNginx(directory, (port) => server(port, ports[0]!, ports[1]!, users));
  t.after(() => nginx.stop());
  const ours = await serveNginx(t, (port) => server(port, ports[0]!, ports[1]!, users));
  for (const [target, headers, body] of QUESTIONS)
    await t.test(`${target} ${headers.join(", ")}`, async () => {
      const bytes = get(target, headers).replace(/^GET/, body === undefined ? "GET" : "POST") + (body ?? "");
      const [theirs, own] = await Promise.all([send(nginx.port, bytes), send(ours, bytes)]);
      assert.equal(own?.status, theirs?.status);
      // nginx leaves the challenge of one check in the 500 of another.
      const challenge = own?.status === 500 ? [] : ["www-authenticate"];
      for (const name of [...challenge, "x-seen", "set-cookie", "location"])
        assert.deepEqual(
          field(own, name).map((value) => value.replace(', charset="UTF-8"', "")),
          field(theirs, name),
          name,
        );
      if (!theirs!.body.includes("<center>nginx")) assert.equal(own?.body, theirs?.body);
    });
});
