import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import path from "node:path";
import { type TestContext, test } from "node:test";
import tls from "node:tls";
import { folder, freePort, HELLO, type Instance, run, start, until } from "../support/instance.ts";
import { makeCertificate } from "./certificates.ts";

interface Shown {
  readonly names: string;
  readonly serial: string;
}

/** Shakes hands, and tells which certificate was shown; rejects when the handshake fails. */
function shake(port: number, options: tls.ConnectionOptions = {}): Promise<Shown> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options }, () => {
      const { subjectaltname = "", serialNumber } = socket.getPeerCertificate();
      // A server that wants a certificate says so after the handshake (TLS 1.3): only an answer proves it.
      socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      socket.once("data", () => {
        socket.destroy();
        resolve({ names: subjectaltname, serial: serialNumber });
      });
      socket.once("close", () => reject(new Error("closed without an answer")));
    });
    socket.on("error", reject);
  });
}

function serve(t: TestContext, files: Record<string, string>, settings: string): { cwd: string; instance: Instance } {
  const cwd = folder(t, { "app.py": HELLO, ...files });
  fs.writeFileSync(path.join(cwd, "propylon.yaml"), settings);
  return { cwd, instance: start(t, ["run"], { cwd }) };
}

async function ready({ output, process: child }: Instance): Promise<void> {
  while (!output.err.includes("main: ready")) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`ended: ${output.err}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("clients get the certificate for the name that they ask for, and apps are told of https", async (t) => {
  const port = await freePort();
  const cwd = folder(t, {
    "app.py": `
def app(environ, start_response):
    start_response("200 OK", [])
    return [("%s %s %s" % (environ["wsgi.url_scheme"], environ.get("HTTPS"), environ["SERVER_PORT"])).encode()]
`,
  });
  for (const [name, hosts] of [
    ["one", ["one.example"]],
    ["two", ["two.example", "*.two.example"]],
  ] as const)
    makeCertificate(cwd, name, hosts);
  const pairs = `[{ certificate: one.pem, key: one.key }, { certificate: two.pem, key: two.key }]`;
  fs.writeFileSync(
    path.join(cwd, "propylon.yaml"),
    `listeners: [{ address: "127.0.0.1:${port}", tls: { certificates: ${pairs} } }]\napps: { web: { wsgi: "app:app", workers: 1 } }\n`,
  );
  const instance = start(t, ["run"], { cwd });
  await ready(instance);
  assert.match(instance.output.err, new RegExp(`https://127\\.0\\.0\\.1:${port}`));
  assert.equal((await shake(port)).names, "DNS:one.example");
  assert.equal((await shake(port, { servername: "two.example" })).names, "DNS:two.example, DNS:*.two.example");
  assert.equal((await shake(port, { servername: "a.two.example" })).names, "DNS:two.example, DNS:*.two.example");
  assert.equal((await shake(port, { servername: "other.example" })).names, "DNS:one.example");
  const ca = fs.readFileSync(path.join(cwd, "two.pem"));
  const body = await new Promise<string>((resolve, reject) => {
    https
      .get(
        { host: "127.0.0.1", port, servername: "two.example", ca, headers: { host: "two.example" }, agent: false },
        (answer) => {
          answer.setEncoding("utf8").once("data", resolve);
        },
      )
      .on("error", reject);
  });
  assert.equal(body, `https on ${port}`);
  await assert.rejects(shake(port, { maxVersion: "TLSv1.1", minVersion: "TLSv1" }));
});

test("texts may name what TLS settled, and nothing without it", async (t) => {
  const [port, plain] = [await freePort(), await freePort()];
  const cwd = folder(t, {});
  const { certificate, key } = makeCertificate(cwd, "one", ["one.example"]);
  fs.writeFileSync(
    path.join(cwd, "propylon.yaml"),
    `listeners:
  - { address: 127.0.0.1:${port}, tls: { certificate: ${certificate}, key: ${key} } }
  - 127.0.0.1:${plain}
sites: [{ routes: [{ respond: "{ssl_protocol}|{ssl_cipher}|{ssl_server_name}" }] }]
`,
  );
  await ready(start(t, ["run"], { cwd }));
  const told = (options: https.RequestOptions & { readonly port: number }, client: typeof http | typeof https) =>
    new Promise<string>((resolve, reject) => {
      const asked = { host: "127.0.0.1", rejectUnauthorized: false, agent: false, ...options } as const;
      const request = client.get(asked, (answer) => answer.on("data", (piece: Buffer) => resolve(piece.toString())));
      request.on("error", reject);
    });
  assert.match(await told({ port, servername: "one.example" }, https), /^TLSv1\.3\|TLS_\w+\|one\.example$/);
  assert.match(await told({ port, maxVersion: "TLSv1.2" }, https), /^TLSv1\.2\|[\w-]+\|$/);
  assert.equal(await told({ port: plain }, http), "||");
});

test("a renewed certificate is shown to new clients, open connections go on, and a wrong one changes nothing", {
  timeout: 60_000,
}, async (t) => {
  const port = await freePort();
  const cwd = folder(t, { "app.py": HELLO });
  makeCertificate(cwd, "site", ["site.example"]);
  fs.writeFileSync(
    path.join(cwd, "propylon.yaml"),
    `listeners: [{ address: "127.0.0.1:${port}", tls: { certificate: site.pem, key: site.key } }]\napps: { web: { wsgi: "app:app", workers: 1 } }\n`,
  );
  const instance = start(t, ["run"], { cwd });
  await ready(instance);
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  t.after(() => agent.destroy());
  const get = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const request = https.get({ host: "127.0.0.1", port, agent }, (answer) => resolve(answer.resume().statusCode!));
      request.on("error", reject);
    });
  assert.equal(await get(), 200);
  const before = (await shake(port)).serial;

  fs.writeFileSync(path.join(cwd, "site.pem"), "no certificate");
  await until(() => instance.output.err.includes("keeps its certificate"));
  assert.match(instance.output.err, /site\.pem holds no certificate/);
  assert.equal((await shake(port)).serial, before);

  makeCertificate(cwd, "site", ["site.example"]);
  await until(() => instance.output.err.includes("the certificate was renewed"));
  await until(async () => (await shake(port)).serial !== before);
  assert.equal(await get(), 200);
});

test("with an authority only its clients get an answer", async (t) => {
  const port = await freePort();
  const cwd = folder(t, { "app.py": HELLO });
  makeCertificate(cwd, "site", ["site.example"]);
  const client = makeCertificate(cwd, "client", ["client.example"]);
  const other = makeCertificate(cwd, "other", ["other.example"]);
  fs.writeFileSync(
    path.join(cwd, "propylon.yaml"),
    `listeners: [{ address: "127.0.0.1:${port}", tls: { certificate: site.pem, key: site.key, client_ca: client.pem, client: required } }]\napps: { web: { wsgi: "app:app", workers: 1 } }\n`,
  );
  await ready(start(t, ["run"], { cwd }));
  const read = ({ certificate, key }: { certificate: string; key: string }) => ({
    cert: fs.readFileSync(certificate),
    key: fs.readFileSync(key),
  });
  await shake(port, read(client));
  await assert.rejects(shake(port));
  await assert.rejects(shake(port, read(other)));
});

test("a key that does not belong to the certificate is named, and nothing starts", async (t) => {
  const port = await freePort();
  const { cwd } = serve(t, {}, "apps: {}\n");
  makeCertificate(cwd, "a", ["a.example"]);
  makeCertificate(cwd, "b", ["b.example"]);
  fs.writeFileSync(
    path.join(cwd, "propylon.yaml"),
    `listeners: [{ address: "127.0.0.1:${port}", tls: { certificate: a.pem, key: b.key } }]\napps: { web: { wsgi: "app:app", workers: 1 } }\n`,
  );
  const { code, err } = await run(["run"], cwd);
  assert.equal(code, 1);
  assert.match(err, /The key .*b\.key does not belong to the certificate .*a\.pem/);
});

test("who speaks plainly to a TLS listener gets nothing, and the next client is served", async (t) => {
  const port = await freePort();
  const cwd = folder(t, { "app.py": HELLO });
  makeCertificate(cwd, "site", ["site.example"]);
  fs.writeFileSync(
    path.join(cwd, "propylon.yaml"),
    `listeners: [{ address: "127.0.0.1:${port}", tls: { certificate: site.pem, key: site.key } }]\napps: { web: { wsgi: "app:app", workers: 1 } }\n`,
  );
  await ready(start(t, ["run"], { cwd }));
  const said = await new Promise<string>((resolve) => {
    let text = "";
    const socket = net.connect(port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    socket.on("data", (piece) => {
      text += piece.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });
  assert.doesNotMatch(said, /hello/);
  await shake(port);
});

test("openssl's own client shakes hands with TLS 1.2 and 1.3", async (t) => {
  const port = await freePort();
  const cwd = folder(t, { "app.py": HELLO });
  makeCertificate(cwd, "site", ["site.example"]);
  fs.writeFileSync(
    path.join(cwd, "propylon.yaml"),
    `listeners: [{ address: "127.0.0.1:${port}", tls: { certificate: site.pem, key: site.key } }]\napps: { web: { wsgi: "app:app", workers: 1 } }\n`,
  );
  await ready(start(t, ["run"], { cwd }));
  for (const version of ["-tls1_2", "-tls1_3"]) {
    const words = [
      "s_client",
      "-connect",
      `127.0.0.1:${port}`,
      version,
      "-brief",
      "-CAfile",
      path.join(cwd, "site.pem"),
    ];
    const said = execFileSync("openssl", words, { input: "", encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });
    assert.ok(said !== undefined);
  }
});
