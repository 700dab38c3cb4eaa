import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { folder, freePort, run, until } from "../support/instance.ts";
import { makeCertificate } from "../tls/certificates.ts";
import { get, send, serve, told } from "./client.ts";

const CLAIMS = [
  "X-Forwarded-For: 203.0.113.9",
  "X-Forwarded-Proto: https",
  "X-Forwarded-Host: evil.example",
  "X-Forwarded-Port: 444",
  "X-Forwarded-Prefix: /x",
  "X-Real-IP: 203.0.113.9",
  "Forwarded: for=203.0.113.9;proto=https",
];

test("apps never see what an untrusted client claims to be, nor fields that could pass for others", async (t) => {
  const port = await freePort();
  await serve(t, `listeners: ["127.0.0.1:${port}"]\napps: {web: {wsgi: app:app, workers: 1}}\n`);
  const spoofs = [
    "Proxy: http://evil.example",
    "X_Forwarded_For: 203.0.113.9",
    "Remote_Addr: 203.0.113.9",
    "Remote-Addr: 203.0.113.9",
    "Script-Name: /evil",
    "SCRIPT_NAME: /evil",
    "Content_Length: 7",
    "Https: on",
    "Remote-User: root",
    "User-Agent: first",
    "User-Agent: second",
    "Accept: a",
    "Accept: b",
  ];
  const environ = told((await send(port, get("/path", [...CLAIMS, ...spoofs])))!.body);
  assert.equal(environ["REMOTE_ADDR"], "127.0.0.1");
  assert.equal(environ["wsgi.url_scheme"], "http");
  assert.equal(environ["SCRIPT_NAME"], "");
  assert.equal(environ["PATH_INFO"], "/path");
  assert.equal(environ["REMOTE_USER"], undefined);
  assert.equal(environ["HTTPS"], undefined);
  assert.equal(environ["HTTP_USER_AGENT"], "first");
  assert.equal(environ["HTTP_ACCEPT"], "a, b");
  const keys = Object.keys(environ).filter((key) => /FORWARDED|REAL_IP|HTTP_PROXY|CONTENT_LENGTH/.test(key));
  assert.deepEqual(keys, []);
  // What else a client calls a field is a field, not a variable of the server.
  assert.equal(environ["HTTP_REMOTE_ADDR"], "203.0.113.9");
  assert.equal(environ["HTTP_SCRIPT_NAME"], "/evil");
});

test("a trusted proxy is believed everywhere: rules, variables, logs, the environ", async (t) => {
  const [port, standard] = [await freePort(), await freePort()];
  const instance = await serve(
    t,
    `
listeners: ["127.0.0.1:${port}", "127.0.0.1:${standard}"]
access_log: access.log
trusted_proxies: [127.0.0.0/8, 10.0.0.0/8]
apps: {web: {wsgi: app:app, workers: 1}}
sites:
  - listeners: "127.0.0.1:${port}"
    routes:
      - {path: /own, access: [{allow: 198.51.100.7}, {deny: all}], respond: {body: "{remote_addr} {remote_port} {realip_remote_addr} {scheme} {server_port}"}}
      - {app: web}
  - listeners: "127.0.0.1:${standard}"
    trusted_proxies: {from: 127.0.0.1, fields: forwarded}
    routes: [{app: web}]
`,
  );
  const chain = ["X-Forwarded-For: 203.0.113.9, 198.51.100.7:5000, 10.1.2.3", "X-Forwarded-Proto: https"];
  const own = await send(port, get("/own", chain));
  assert.equal(own?.body, "198.51.100.7 5000 127.0.0.1 https 443");
  assert.equal((await send(port, get("/own")))?.status, 403);
  assert.equal((await send(port, get("/own", ["X-Forwarded-For: 198.51.100.7, 203.0.113.9"])))?.status, 403);

  const environ = told(
    (await send(port, get("/", [...chain, "Forwarded: for=203.0.113.9", "X-Forwarded-Port: 8443"])))!.body,
  );
  assert.equal(environ["REMOTE_ADDR"], "198.51.100.7");
  assert.equal(environ["wsgi.url_scheme"], "https");
  assert.equal(environ["SERVER_PORT"], "8443");
  assert.equal(environ["HTTP_FORWARDED"], undefined, "of both kinds only that which was read was vouched for");
  assert.equal(environ["HTTP_HOST"], "site.example");

  const alone = told(
    (await send(port, get("/", ['Forwarded: for="[2001:db8::7]:99";proto=https;host=a.example:444'])))!.body,
  );
  assert.equal(alone["REMOTE_ADDR"], "2001:db8::7");
  assert.equal(alone["REMOTE_PORT"], "99");
  assert.equal(alone["SERVER_PORT"], "444");
  assert.equal((await send(port, get("/", ['Forwarded: for="x, for=198.51.100.7'])))?.status, 400);

  const strict = told(
    (await send(standard, get("/", ["X-Forwarded-For: 203.0.113.9", "Forwarded: for=198.51.100.7"])))!.body,
  );
  assert.equal(strict["REMOTE_ADDR"], "198.51.100.7");
  assert.equal(strict["HTTP_X_FORWARDED_FOR"], undefined);

  const log = (): string => fs.readFileSync(`${instance.cwd}/access.log`, "latin1");
  await until(() => /^198\.51\.100\.7 .*GET \/own/m.test(log()) && /^2001:db8::7 .*GET \/ /m.test(log()));
});

test("a field of its own, the host and old fields for the scheme are believed where it is said so", async (t) => {
  const [port, single] = [await freePort(), await freePort()];
  await serve(
    t,
    `
listeners: ["127.0.0.1:${port}", "127.0.0.1:${single}"]
trusted_proxies: {from: 127.0.0.1, take: [address, scheme, host], hops: 2, secure_fields: {X-Forwarded-Ssl: "on"}}
unknown_hosts: 421
sites:
  - {hosts: a.example, routes: [{respond: {body: "a {remote_addr} {scheme} {http_host} {host}"}}]}
  - {hosts: b.example, routes: [{respond: {body: "b"}}]}
`,
  );
  const headers = [
    "X-Forwarded-For: 1.1.1.1, 198.51.100.7, 172.16.0.1",
    "X-Forwarded-Ssl: on",
    "X-Forwarded-Host: A.example:8443",
  ];
  assert.equal(
    (await send(port, get("/", headers, "b.example")))?.body,
    "a 198.51.100.7 https A.example:8443 a.example",
  );
  assert.equal((await send(port, get("/", [], "b.example")))?.body, "b");
  assert.equal((await send(port, get("/", [], "c.example")))?.status, 421);
  assert.equal((await send(port, get("/", ["X-Forwarded-Host: a b"], "b.example")))?.status, 400);
});

test("PROXY protocol headers of both versions are read before TLS and taken for the client", async (t) => {
  const [plain, secure, shown] = [await freePort(), await freePort(), await freePort()];
  const files = folder(t);
  const { certificate, key } = makeCertificate(files, "site", ["site.example"]);
  const instance = await serve(
    t,
    `
trusted_proxies: 127.0.0.1
access_log: access.log
listeners:
  - {address: "127.0.0.1:${plain}", proxy_protocol: true}
  - {address: "127.0.0.1:${secure}", proxy_protocol: {from: all}, tls: {certificate: ${certificate}, key: ${key}}}
  - {address: "127.0.0.1:${shown}", proxy_protocol: {from: 127.0.0.1, take: false}}
sites:
  - routes: [{respond: {body: "{remote_addr} {remote_port} {server_addr} {server_port} {realip_remote_addr} {scheme} {proxy_protocol_addr}"}}]
`,
  );
  const line = "PROXY TCP4 198.51.100.7 192.0.2.1 5000 444\r\n";
  const words = "198.51.100.7 5000 192.0.2.1 444 127.0.0.1";
  assert.equal((await send(plain, get("/"), { before: line }))?.body, `${words} http 198.51.100.7`);
  assert.equal((await send(plain, line + get("/")))?.body, `${words} http 198.51.100.7`);
  assert.equal((await send(secure, get("/"), { before: line, tls: true }))?.body, `${words} https 198.51.100.7`);
  const binary = Buffer.from(
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x14\xc6\x33\x64\x07\xc0\0\x02\x01\x13\x88\x01\xbc\x20\0\x05\x01\0\0\0\0",
    "latin1",
  );
  assert.equal((await send(plain, get("/"), { before: binary }))?.body, `${words} https 198.51.100.7`);
  const local = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
  assert.match(
    (await send(plain, get("/"), { before: local }))!.body,
    /^127\.0\.0\.1 \d+ 127\.0\.0\.1 \d+ 127\.0\.0\.1 http $/,
  );
  assert.match((await send(shown, get("/"), { before: line }))!.body, /^127\.0\.0\.1 .* 198\.51\.100\.7$/);
  // The proxy's word for its client doesn't make the client one that is believed.
  assert.match(
    (await send(plain, get("/", ["X-Forwarded-For: 203.0.113.9"]), { before: line }))!.body,
    /^198\.51\.100\.7 /,
  );

  for (const before of ["", "PROXY TCP4 x\r\n", "PROXY", "\r\n\r\n\0\r\nQUIX"])
    assert.equal(await send(plain, get("/"), { before }), null, JSON.stringify(before));
  assert.equal(await send(secure, get("/"), { tls: true }), null);
  const log = (): string => fs.readFileSync(`${instance.cwd}/access.log`, "latin1");
  await until(() => /^198\.51\.100\.7 .*GET \/ HTTP\/1\.1" 200/m.test(log()));
});

test("connections from elsewhere than the trusted proxies are closed on a listener for the PROXY protocol", async (t) => {
  const port = await freePort();
  await serve(
    t,
    `
listeners: [{address: "127.0.0.1:${port}", proxy_protocol: {from: 10.0.0.0/8}}]
sites: [{routes: [{respond: {body: hello}}]}]
`,
  );
  assert.equal(await send(port, get("/"), { before: "PROXY TCP4 10.0.0.1 192.0.2.1 5000 444\r\n" }), null);
});

test("settings of proxies that can't work are told with what to write", async (t) => {
  const cwd = folder(t, {
    "propylon.yaml": `
listeners: [{address: "127.0.0.1:8000", proxy_protocol: true}]
sites:
  - {trusted_proxies: {from: [10.0.0.0/40], take: [host]}, routes: [{respond: {}}]}
`,
  });
  const { code, err, out } = await run(["check"], cwd);
  const said = out + err;
  assert.notEqual(code, 0);
  assert.match(said, /nobody is trusted to say who the client is/);
  assert.match(said, /prefix length/);
  assert.match(said, /the site is chosen by the host/);
});
