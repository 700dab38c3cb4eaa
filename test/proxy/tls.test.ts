import assert from "node:assert/strict";
import fs from "node:fs";
import https from "node:https";
import type net from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import type tls from "node:tls";
import type { ProxyConfig } from "../../src/config/proxy-model.ts";
import { talk } from "../http/client.ts";
import { get, pattern } from "../http/fixtures.ts";
import { makeCertificate } from "../tls/certificates.ts";
import { proxyStage, targetAt } from "./stage.ts";

const CLOSE = "Connection: close\r\n";
const CONTENT = pattern(500_000);
let folder: string;
let files: { server: ReturnType<typeof makeCertificate>; client: ReturnType<typeof makeCertificate> };
let server: https.Server;
let port: number;
/** Of each connection: SNI, whether the session was resumed, the client's certificate. */
const seen: { name: string | false; resumed: boolean; client: string }[] = [];

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "propylon-proxy-tls-"));
  files = {
    server: makeCertificate(folder, "server", ["app.internal", "127.0.0.1"]),
    client: makeCertificate(folder, "client", ["front.internal"]),
  };
  const options = {
    cert: fs.readFileSync(files.server.certificate),
    key: fs.readFileSync(files.server.key),
    ca: fs.readFileSync(files.client.certificate),
    requestCert: true,
    rejectUnauthorized: false,
  };
  server = https.createServer(options, (_request, response) => response.end(CONTENT));
  server.on("secureConnection", (socket: tls.TLSSocket & { servername?: string | false }) => {
    const subject = socket.getPeerCertificate()?.subject;
    seen.push({
      name: socket.servername ?? false,
      resumed: socket.isSessionReused(),
      client: socket.authorized ? String(subject?.CN ?? "") : "",
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as net.AddressInfo).port;
});

after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  fs.rmSync(folder, { recursive: true });
});

async function ask(secure: Partial<NonNullable<ProxyConfig["tls"]>> | null, keepalive = 32) {
  const tls =
    secure === null ? null : { verify: true, ca: null, crl: null, name: null, certificate: null, key: null, ...secure };
  await using front = await proxyStage({
    targets: [targetAt(port)],
    upstream: { keepalive },
    proxy: { protocol: "https", tls },
  });
  const { responses } = await talk(front.port, [get("/1"), get("/2", CLOSE)]);
  return { responses, logged: front.logged.map((record) => record.message).join("\n") };
}

test("a target's certificate is verified unless told otherwise", async () => {
  const { responses, logged } = await ask(null);
  assert.deepEqual(
    responses.map((response) => response.status),
    [502, 502],
  );
  assert.match(logged, /connect: .*certificate/i);
  const unverified = await ask({ verify: false });
  assert.equal(unverified.responses[0]!.status, 200);
});

test("a target with a certificate of the given authority is spoken to, by address or by name with SNI", async () => {
  const ca = files.server.certificate;
  const { responses } = await ask({ ca });
  assert.ok(responses.length === 2 && responses.every((response) => response.body.equals(CONTENT)));
  assert.equal(seen.at(-1)!.name, false);
  const byName = await ask({ ca, name: "app.internal" });
  assert.equal(byName.responses[0]!.status, 200);
  assert.equal(seen.at(-1)!.name, "app.internal");
});

test("a certificate for another name is refused", async () => {
  const { responses, logged } = await ask({ ca: files.server.certificate, name: "other.internal" });
  assert.equal(responses[0]!.status, 502);
  assert.match(logged, /other\.internal/);
});

test("our own certificate is shown to the target, and sessions are resumed", async () => {
  const { certificate, key } = files.client;
  const secure = { verify: true, ca: files.server.certificate, name: "app.internal", crl: null, certificate, key };
  await using front = await proxyStage({
    targets: [targetAt(port)],
    upstream: { keepalive: 0 },
    proxy: { protocol: "https", tls: secure },
  });
  const before = seen.length;
  for (let i = 0; i < 3; i++) assert.equal((await talk(front.port, [get("/", CLOSE)])).responses[0]!.status, 200);
  const own = seen.slice(before);
  assert.deepEqual(
    own.map((one) => one.client),
    ["front.internal", "front.internal", "front.internal"],
  );
  assert.ok(own.slice(1).some((one) => one.resumed));
});

test("a file that can't be read is an error of the configuration", async () => {
  await assert.rejects(ask({ ca: path.join(folder, "missing.pem") }), /read the authorities .*missing\.pem/);
});
