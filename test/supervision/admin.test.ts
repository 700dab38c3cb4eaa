import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { ask, folder, freePort, HELLO, type Instance, start, until } from "../support/instance.ts";

interface Served {
  readonly url: string;
  readonly cwd: string;
  readonly instance: Instance;
  /** The token; made by the first request that lacks one. */
  readonly token: () => string;
}

async function served(t: TestContext, more = ""): Promise<Served> {
  const port = await freePort();
  const cwd = folder(t, { "app.py": HELLO });
  const settings = `listeners: ["127.0.0.1:0"]\nadmin: 127.0.0.1:${port}\nadmin_token: state/token\n${more}apps: { web: { wsgi: "app:app", workers: 1 } }\n`;
  fs.writeFileSync(path.join(cwd, "propylon.yaml"), settings);
  const instance = start(t, ["run"], { cwd });
  await instance.url;
  const file = path.join(cwd, "state", "token");
  return { url: `http://127.0.0.1:${port}`, cwd, instance, token: () => fs.readFileSync(file, "utf8").trim() };
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

test("probes need no token; everything else does, and the answer says where it is", async (t) => {
  const { url, cwd, token } = await served(t);
  for (const open of ["/livez", "/readyz", "/metrics"]) assert.equal((await ask(url + open)).status, 200, open);
  assert.ok(!fs.existsSync(path.join(cwd, "state")), "a token nobody needs is not made");
  const refused = await ask(`${url}/status`);
  assert.equal(refused.status, 401);
  assert.match(String(refused.headers["www-authenticate"]), /^Bearer/);
  assert.ok(refused.body.includes("state/token"));
  assert.equal(fs.statSync(path.join(cwd, "state", "token")).mode & 0o777, 0o600);
  assert.equal((await ask(`${url}/status`, bearer("x".repeat(43)))).status, 401);
  assert.equal((await ask(`${url}/status`, bearer(token().slice(1)))).status, 401);
  const status = await ask(`${url}/status`, bearer(token()));
  assert.equal(status.status, 200);
  assert.equal((JSON.parse(status.body) as { apps: { name: string }[] }).apps[0]!.name, "web");
  const restarted = await ask(`${url}/restart`, {
    method: "POST",
    ...bearer(token()),
    body: JSON.stringify({ name: "web" }),
  });
  assert.equal(restarted.status, 200);
});

test("names that were pointed here, and pages of other sites, are refused whatever they hold", async (t) => {
  const { url, token } = await served(t);
  await ask(`${url}/status`);
  const { headers } = bearer(token());
  assert.equal((await ask(`${url}/livez`, { headers: { host: "evil.example" } })).status, 421);
  assert.equal((await ask(`${url}/status`, { headers: { ...headers, host: "evil.example" } })).status, 421);
  assert.equal((await ask(`${url}/status`, { headers: { ...headers, host: "localhost" } })).status, 200);
  assert.equal((await ask(`${url}/status`, { headers: { ...headers, origin: "http://evil.example" } })).status, 403);
  assert.equal((await ask(`${url}/metrics`, { headers: { "sec-fetch-site": "cross-site" } })).status, 403);
  assert.equal((await ask(`${url}/status`, { headers: { ...headers, origin: "http://127.0.0.1" } })).status, 200);
});

test("metrics can be closed too, and a token that others can read is refused", async (t) => {
  const { url, cwd, token } = await served(t, "admin_metrics: false\n");
  assert.equal((await ask(`${url}/metrics`)).status, 401);
  assert.equal((await ask(`${url}/metrics`, bearer(token()))).status, 200);
  const other = path.join(cwd, "open");
  fs.writeFileSync(other, "a token that everybody can read", { mode: 0o644 });
  const port = await freePort();
  fs.writeFileSync(
    path.join(cwd, "other.yaml"),
    `listeners: ["127.0.0.1:0"]\nadmin: 127.0.0.1:${port}\nadmin_token: open\napps: { web: { wsgi: "app:app", workers: 1 } }\n`,
  );
  const instance = start(t, ["run", "other.yaml"], { cwd });
  await instance.url;
  const answer = await ask(`http://127.0.0.1:${port}/status`, bearer("a token that everybody can read"));
  assert.equal(answer.status, 500);
  await until(() => instance.output.err.includes("Others can read the token"));
});

test("the live state comes as events, at once and when it changes", async (t) => {
  const { url, token } = await served(t);
  await ask(`${url}/status`);
  const events: string[] = [];
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const request = http.get(`${url}/events`, { ...bearer(token()), agent: false }, (response) => {
    assert.equal(response.headers["content-type"], "text/event-stream");
    let text = "";
    response.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        events.push(text.slice(0, end));
        text = text.slice(end + 2);
      }
      if (events.length > 0) first.resolve();
      if (events.length > 1) second.resolve();
    });
    response.on("error", () => {});
  });
  request.on("error", () => {});
  await first.promise;
  assert.match(events[0]!, /^id: 1\nevent: status\ndata: \{/);
  await ask(`${url}/stop`, { method: "POST", ...bearer(token()), body: JSON.stringify({ name: "web" }) });
  await second.promise;
  assert.match(events[1]!, /^id: 2\nevent: status\ndata: \{/);
  request.destroy();
});

test("the API describes itself, each operation that there is", async (t) => {
  const { url, token } = await served(t);
  await ask(`${url}/status`);
  const description = JSON.parse((await ask(`${url}/openapi.json`, bearer(token()))).body) as {
    openapi: string;
    paths: Record<string, Record<string, { security: unknown[] }>>;
  };
  assert.equal(description.openapi, "3.1.0");
  assert.deepEqual(description.paths["/livez"]!["get"]!.security, []);
  assert.equal(description.paths["/restart"]!["post"]!.security.length, 1);
  assert.ok(Object.keys(description.paths).length >= 16);
});

test("a reload with another token, at the same address, asks for that from then on", async (t) => {
  const { url, cwd, instance, token } = await served(t);
  await ask(`${url}/status`);
  const before = token();
  const file = path.join(cwd, "propylon.yaml");
  fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("state/token", "state/other"));
  instance.process.kill("SIGHUP");
  await until(async () => (await ask(`${url}/status`, bearer(before))).status === 401);
  const after = fs.readFileSync(path.join(cwd, "state", "other"), "utf8").trim();
  assert.equal((await ask(`${url}/status`, bearer(after))).status, 200);
});
