import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { folder, start, until } from "../support/instance.ts";

const APP = `
def app(environ, start_response):
    path = environ["PATH_INFO"]
    fields = [("Content-Type", "text/plain"), ("Set-Cookie", "seen=1")]
    if path.startswith("/private"):
        fields.append(("X-Accel-Redirect", environ["QUERY_STRING"]))
    start_response("503 Busy" if path == "/busy" else "200 OK", fields)
    keys = "PATH_INFO SCRIPT_NAME QUERY_STRING REQUEST_URI REMOTE_ADDR X_KIND HTTP_X_REAL_IP HTTP_X_DROPPED"
    return ["\\n".join(f"{key}={environ.get(key)}" for key in keys.split()).encode()]
`;

const CONFIG = `
listeners: [{ address: "127.0.0.1:0" }]
access_log: { path: ./access.log }
variables:
  kind: { from: "{arg_k}", values: { a: alpha }, default: other }
apps:
  web: { wsgi: "web:app", workers: 1, threads: 1 }
sites:
  - hosts: ["~^(?<user>\\\\w+)\\\\.test$"]
    response_headers: { set: { X-User: "{user}" } }
    request_headers: { set: { X-Real-IP: "{remote_addr}" }, remove: [X-Dropped] }
    errors: { 404: ./lost.html, 503: { path: /sorry, status: 200 } }
    intercept: true
    rules:
      - { rewrite: "^/old/(.*)$", to: "/wps/{1}" }
    routes:
      - { path: /wps, app: web, mount: /wps, environ: { X_KIND: "{kind}", REMOTE_ADDR: "10.0.0.7" } }
      - { path: /files/, static: ./files, internal: true }
      - { exact: /sorry, respond: "sorry, {user}" }
      - { exact: /health, respond: fine, logged: false }
      - { path: /download/, try: [{ static: ./files }, { redirect: "https://example.net{path}" }] }
      - { app: web }
`;

test("a program with an app serves routes as its configuration says", { timeout: 30_000 }, async (t) => {
  const cwd = folder(t, {
    "web.py": APP,
    "propylon.yaml": CONFIG,
    "files/a.txt": "a file",
    "lost.html": "<p>lost",
  });
  const instance = start(t, ["run"], { cwd });
  const get = (target: string, headers: Record<string, string> = {}) =>
    instance.get(target, { headers: { Host: "ann.test", ...headers } });

  const moved = await get("/old/x%20y?k=a", { "X-Dropped": "1" });
  assert.equal(moved.headers["x-user"], "ann");
  assert.deepEqual(moved.body.split("\n"), [
    "PATH_INFO=/x y",
    "SCRIPT_NAME=/wps",
    "QUERY_STRING=k=a",
    "REQUEST_URI=/old/x%20y?k=a",
    "REMOTE_ADDR=10.0.0.7",
    "X_KIND=alpha",
    "HTTP_X_REAL_IP=127.0.0.1",
    "HTTP_X_DROPPED=None",
  ]);

  const served = await get("/private?/files/a.txt");
  assert.deepEqual([served.status, served.body, served.headers["set-cookie"]], [200, "a file", ["seen=1"]]);
  const refused = await get("/private?/health");
  assert.deepEqual([refused.status, refused.body], [404, "<p>lost"]);
  assert.equal((await get("/files/a.txt")).body, "<p>lost");

  const busy = await get("/busy");
  assert.deepEqual([busy.status, busy.body], [200, "sorry, ann"]);
  assert.equal((await get("/download/a.txt")).headers["location"], undefined);
  assert.equal((await get("/download/b.txt")).headers["location"], "https://example.net/download/b.txt");

  assert.equal((await get("/health")).body, "fine");
  await get("/last");
  const log = path.join(cwd, "access.log");
  await until(() => fs.existsSync(log) && fs.readFileSync(log, "utf8").includes("/last"));
  assert.doesNotMatch(fs.readFileSync(log, "utf8"), /GET \/health/);
});
