import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { hashSync } from "bcryptjs";
import { folder, freePort, run, until } from "../support/instance.ts";
import { field, get, send, serve, told } from "./client.ts";

const login = (name: string, password: string): string =>
  `Authorization: Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;

test("who has the right password comes in, is REMOTE_USER, and is logged; everyone else is asked", async (t) => {
  const port = await freePort();
  const instance = await serve(
    t,
    `
listeners: ["127.0.0.1:${port}"]
apps: {web: {wsgi: app:app, workers: 1}}
sites:
  - auth: {basic: {file: ./htpasswd, realm: 'Members "only"', users: {inline: "${hashSync("inner", 4)}"}}}
    errors: {401: {path: /login}}
    routes:
      - {path: /login, auth: false, respond: {body: please log in}}
      - {path: /open, auth: false, app: web}
      - {path: /say, respond: {body: "user {remote_user}"}}
      - {path: /ann, auth: {basic: {file: ./htpasswd, only: ann, pass: false}}, app: web}
      - {path: /either, satisfy: any, access: [{allow: 127.0.0.1}, {deny: all}], app: web}
      - {path: /both, access: [{deny: all}], app: web}
      - {app: web}
`,
    { htpasswd: `ann:${hashSync("secret", 4)}\nbob:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\nzoë:${hashSync("ö:ü", 4)}\n` },
  );
  const asked = await send(port, get("/"));
  assert.equal(asked?.status, 401);
  assert.equal(asked?.body, "please log in");
  assert.deepEqual(field(asked, "www-authenticate"), ['Basic realm="Members \\"only\\"", charset="UTF-8"']);
  for (const wrong of [
    login("ann", "wrong"),
    login("nobody", "secret"),
    login("", "secret"),
    "Authorization: Basic !",
    "Authorization: Bearer x",
    "Authorization: Basic YW5uOnNlY3JldAA=",
  ])
    assert.equal((await send(port, get("/", [wrong])))?.status, 401, wrong);

  const environ = told((await send(port, get("/", [login("ann", "secret")])))!.body);
  assert.equal(environ["REMOTE_USER"], "ann");
  assert.equal(environ["AUTH_TYPE"], "Basic");
  assert.ok(environ["HTTP_AUTHORIZATION"]!.startsWith("Basic "));
  assert.equal(told((await send(port, get("/", [login("bob", "password")])))!.body)["REMOTE_USER"], "bob");
  assert.equal(told((await send(port, get("/", [login("inline", "inner")])))!.body)["REMOTE_USER"], "inline");
  const zoe = told((await send(port, get("/", [login("zoë", "ö:ü")])))!.body)["REMOTE_USER"]!;
  assert.equal(Buffer.from(zoe, "latin1").toString(), "zoë");
  assert.equal((await send(port, get("/say", [login("bob", "password")])))?.body, "user bob");

  // A route's own auth replaces the site's; the app need not see the password.
  const own = told((await send(port, get("/ann", [login("ann", "secret")])))!.body);
  assert.equal(own["REMOTE_USER"], "ann");
  assert.equal(own["HTTP_AUTHORIZATION"], undefined);
  assert.equal((await send(port, get("/ann", [login("bob", "password")])))?.status, 401);
  // The same header bytes where nobody is asked say nothing of a user.
  assert.equal(told((await send(port, get("/open", [login("ann", "secret")])))!.body)["REMOTE_USER"], undefined);
  assert.equal((await send(port, get("/either")))?.status, 200);
  assert.equal((await send(port, get("/both", [login("ann", "secret")])))?.status, 403);

  fs.writeFileSync(`${instance.cwd}/htpasswd`, `ann:${hashSync("changed", 4)}\n`);
  await until(async () => (await send(port, get("/", [login("ann", "changed")])))?.status === 200);
  assert.equal((await send(port, get("/", [login("ann", "secret")])))?.status, 401);
  fs.rmSync(`${instance.cwd}/htpasswd`);
  await until(async () => (await send(port, get("/", [login("ann", "changed")])))?.status === 401);
  assert.match(instance.output.err, /nobody is let in by it/);
});

test("requests are served while passwords are checked, and an equal password is checked once", async (t) => {
  const port = await freePort();
  await serve(
    t,
    `
listeners: ["127.0.0.1:${port}"]
sites:
  - routes:
      - {path: /open, respond: {body: open}}
      - {auth: {basic: {users: {ann: "${hashSync("secret", 13)}"}}}, respond: {body: inside}}
`,
  );
  const done: string[] = [];
  const checks = Array.from({ length: 20 }, async () => {
    const said = await send(port, get("/", [login("ann", "secret")]));
    done.push(said!.body);
  });
  // Twenty checks of this cost would take several seconds; meanwhile anybody else is answered.
  assert.equal((await send(port, get("/open")))?.body, "open");
  assert.deepEqual(done, [], "the password was still being checked");
  await Promise.all(checks);
  assert.deepEqual(done, Array(20).fill("inside"));
  const began = performance.now();
  assert.equal((await send(port, get("/", [login("ann", "secret")])))?.body, "inside");
  assert.ok(performance.now() - began < 2000);
});

test("passwords that anybody could read are refused with what to do", async (t) => {
  const cwd = folder(t, {
    htpasswd: "ann:plain\nbob:rl.3StKT.4T8M\n",
    "propylon.yaml": `
sites:
  - routes:
      - {path: /a, auth: {basic: {file: ./htpasswd}}, respond: {}}
      - {path: /b, auth: {basic: {file: ./none}}, respond: {}}
      - {path: /c, auth: {basic: {users: {ann: secret}}}, respond: {}}
      - {path: /d, auth: {basic: {}}, respond: {}}
      - {path: /e, auth: {}, respond: {}}
`,
  });
  const { code, out, err } = await run(["check"], cwd);
  assert.notEqual(code, 0);
  for (const text of [
    /htpasswd, line 1: the password is written as it is/,
    /line 2: this is DES crypt/,
    /there is no file .*none/,
    /users.*|the password is written/,
    /there are no users/,
    /nothing is asked for/,
  ])
    assert.match(out + err, text);
});

test("programs by CGI are told who was let in, and of several fields that may stand once the first", async (t) => {
  const port = await freePort();
  const script =
    '#!/bin/sh\nprintf \'Content-Type: text/plain\\r\\n\\r\\n%s|%s|%s|%s\' "$REMOTE_USER" "$AUTH_TYPE" "$HTTP_USER_AGENT" "$HTTP_AUTHORIZATION"\n';
  const instance = await serve(
    t,
    `
listeners: ["127.0.0.1:${port}"]
sites:
  - routes:
      - {path: /cgi/, auth: {basic: {users: {ann: "${hashSync("secret", 4)}"}}}, cgi: {root: ./cgi}}
`,
    { "cgi/who.sh": script },
  );
  fs.chmodSync(`${instance.cwd}/cgi/who.sh`, 0o755);
  const said = await send(port, get("/cgi/who.sh", [login("ann", "secret"), "User-Agent: one", "User-Agent: two"]));
  assert.equal(said?.body, "ann|Basic|one|");
});
