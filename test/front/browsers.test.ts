import assert from "node:assert/strict";
import { test } from "node:test";
import { folder, freePort, run } from "../support/instance.ts";
import { makeCertificate } from "../tls/certificates.ts";
import { field, get, send, serve } from "./client.ts";

test("browsers are told to be careful, sent to https, and answered before they ask from another site", async (t) => {
  const [plain, secure] = [await freePort(), await freePort()];
  const { certificate, key } = makeCertificate(folder(t), "site", ["site.example"]);
  await serve(
    t,
    `
listeners: ["127.0.0.1:${plain}", {address: "127.0.0.1:${secure}", tls: {certificate: ${certificate}, key: ${key}}}]
sites:
  - hosts: site.example
    redirect_to_https: {status: 301, port: 8443}
    security_headers: {hsts: {max_age: 365d, subdomains: true, preload: true}, frame: deny, permissions: false}
    routes:
      - {path: /own, respond: {body: own, headers: {X-Frame-Options: SAMEORIGIN}}}
      - {path: /api, methods: [GET, PUT], cors: {origins: ["https://app.example"], credentials: true, max_age: 10m}, auth: {basic: {users: {a: "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="}}}, respond: {body: api}}
      - {respond: {body: hello}}
  - {hosts: plain.example, security_headers: {hsts: true}, routes: [{respond: {body: plain}}]}
`,
  );
  const sent = await send(plain, get("/a%20b?x=1"));
  assert.equal(sent?.status, 301);
  assert.deepEqual(field(sent, "location"), ["https://site.example:8443/a%20b?x=1"]);
  const over = (target: string, headers: readonly string[] = []) => send(secure, get(target, headers), { tls: true });
  const said = await over("/");
  assert.equal(said?.body, "hello");
  assert.deepEqual(field(said, "strict-transport-security"), ["max-age=31536000; includeSubDomains; preload"]);
  assert.deepEqual(field(said, "x-content-type-options"), ["nosniff"]);
  assert.deepEqual(field(said, "x-frame-options"), ["DENY"]);
  assert.deepEqual(field(said, "permissions-policy"), []);
  assert.deepEqual(field(await over("/own"), "x-frame-options"), ["SAMEORIGIN"], "an answer's own stays");
  const insecure = await send(plain, get("/", [], "plain.example"));
  assert.deepEqual(field(insecure, "strict-transport-security"), [], "never without TLS");
  assert.deepEqual(field(insecure, "x-frame-options"), ["SAMEORIGIN"]);

  const origin = "Origin: https://app.example";
  const preflight = (method: string) =>
    send(secure, get("/api", [origin, `Access-Control-Request-Method: ${method}`]).replace("GET", "OPTIONS"), {
      tls: true,
    });
  const answered = await preflight("PUT");
  assert.equal(answered?.status, 204);
  assert.deepEqual(field(answered, "access-control-allow-origin"), ["https://app.example"]);
  assert.deepEqual(field(answered, "access-control-max-age"), ["600"]);
  const asked = await over("/api", [origin]);
  assert.equal(asked?.status, 401, "the request itself is not let in by it");
  assert.deepEqual(field(asked, "access-control-allow-origin"), ["https://app.example"], "and the script may see so");
  const options = await send(secure, get("/api").replace("GET", "OPTIONS"), { tls: true });
  assert.equal(options?.status, 401);
});

test("settings that would harm are refused with what to write", async (t) => {
  const cwd = folder(t, {
    "propylon.yaml": `
sites:
  - cors: {origins: "*", credentials: true}
    security_headers: {hsts: {max_age: 1d, preload: true}}
    rate: none
    routes: [{respond: {}}]
`,
  });
  const { code, out, err } = await run(["check"], cwd);
  assert.notEqual(code, 0);
  for (const text of [
    /every site could act for whoever visits it/,
    /browsers take up only sites that say a year/,
    /there is no limit "none"/,
  ])
    assert.match(out + err, text);
});
