import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { folder, start, until } from "../support/instance.ts";

const APP = `
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ.get("HTTP_X_REQUEST_ID", "none").encode()]
`;

const CONFIG = (trust: string): string => `
listeners: [{ address: "127.0.0.1:0" }]
request_id: { trust: [${trust}], respond: true }
log_formats: { id: "{request_id} {status}" }
access_log: { path: ./access.log, format: id }
apps: { web: { wsgi: "web:app", workers: 1, threads: 1 } }
sites: [{ routes: [{ path: /lost, fail: 404 }, { app: web }] }]
`;

test("a request has one id: in the log, for the app and for the client; an error has one too", {
  timeout: 30_000,
}, async (t) => {
  const cwd = folder(t, { "web.py": APP, "propylon.yaml": CONFIG("10.0.0.0/8") });
  const instance = start(t, ["run"], { cwd });
  const one = await instance.get("/");
  assert.match(one.body, /^[0-9a-f]{32}$/);
  assert.equal(one.headers["x-request-id"], one.body);
  const forged = await instance.get("/", { headers: { "X-Request-ID": "mine" } });
  assert.match(forged.body, /^[0-9a-f]{32}$/);
  const lost = await instance.get("/lost");
  assert.match(String(lost.headers["x-request-id"]), /^[0-9a-f]{32}$/);
  const file = path.join(cwd, "access.log");
  const lines = (): string[] => fs.readFileSync(file, "utf8").split("\n").slice(0, -1);
  await until(() => lines().length === 3);
  assert.deepEqual(lines(), [`${one.body} 200`, `${forged.body} 200`, `${lost.headers["x-request-id"]} 404`]);
});

test("the id of a trusted client is taken when it can be an id, and when there is but one", {
  timeout: 30_000,
}, async (t) => {
  const cwd = folder(t, { "web.py": APP, "propylon.yaml": CONFIG("127.0.0.0/8") });
  const instance = start(t, ["run"], { cwd });
  const ask = async (id: string | string[]) => (await instance.get("/", { headers: { "x-request-id": id } })).body;
  assert.equal(await ask("abc-123:4/5"), "abc-123:4/5");
  for (const id of ["a b", "a\tb", 'a"b', "x".repeat(129), "", ["one", "two"]])
    assert.match(await ask(id), /^[0-9a-f]{32}$/, JSON.stringify(id));
});
