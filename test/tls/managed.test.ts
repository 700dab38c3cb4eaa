import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import https from "node:https";
import path from "node:path";
import { type TestContext, test } from "node:test";
import tls from "node:tls";
import { folder, freePort, HELLO, type Instance, run, start, until } from "../support/instance.ts";
import { makeCertificate } from "./certificates.ts";

const PEBBLE = program("pebble");
const DNS = program("pebble-challtestsrv");
const noPebble =
  PEBBLE === null || DNS === null
    ? "pebble is not installed (go install github.com/letsencrypt/pebble/v2/cmd/...@latest)"
    : false;

function program(name: string): string | null {
  const folders = [...(process.env["PATH"] ?? "").split(":"), path.join(process.env["HOME"] ?? "", "go/bin")];
  return folders.map((one) => path.join(one, name)).find((file) => fs.existsSync(file)) ?? null;
}

async function serving({ output, process: child }: Instance): Promise<void> {
  await until(() => {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`ended: ${output.err}`);
    return output.err.includes("main: ready");
  });
}

/** The certificate that is shown for this host, and whether it can be trusted with `ca`. */
function shown(
  port: number,
  servername: string,
  ca?: string,
): Promise<{ issuer: string; serial: string; trusted: boolean }> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect(
      { host: "127.0.0.1", port, servername, rejectUnauthorized: false, ...(ca && { ca }) },
      () => {
        const { issuer, serialNumber } = socket.getPeerCertificate();
        socket.destroy();
        resolve({ issuer: issuer.CN as string, serial: serialNumber, trusted: socket.authorized });
      },
    );
    socket.on("error", reject).on("close", () => reject(new Error("closed in the handshake")));
  });
}

test("internal: true makes an authority and a certificate that a client with that authority trusts, and keeps both", async (t) => {
  const port = await freePort();
  const cwd = folder(t, {
    "app.py": HELLO,
    "propylon.yaml": `
apps: {web: {wsgi: app:app}}
listeners: [{address: "127.0.0.1:${port}", tls: {internal: true}}]
sites: [{hosts: [web.test, "*.else.test"], routes: [{app: web}]}]
`,
  });
  const first = start(t, ["run"], { cwd });
  await serving(first);
  const storage = path.join(cwd, ".propylon/certificates");
  const ca = fs.readFileSync(path.join(storage, "authority.crt"), "utf8");
  const answer = await new Promise<string>((resolve, reject) => {
    const request = https.get(
      { host: "127.0.0.1", port, servername: "web.test", headers: { Host: "web.test" }, ca, agent: false },
      (response) => {
        response.setEncoding("utf8").on("data", resolve);
      },
    );
    request.on("error", reject);
  });
  assert.equal(answer, "hello");
  assert.equal((await shown(port, "localhost", ca)).trusted, true);
  const before = await shown(port, "web.test", ca);
  assert.deepEqual([before.trusted, before.issuer], [true, "Propylon local authority"]);
  for (const file of fs.readdirSync(storage).filter((name) => name.endsWith(".pem")))
    assert.equal(fs.statSync(path.join(storage, file)).mode & 0o077, 0, file);
  first.process.kill("SIGTERM");
  await first.exited;
  const second = start(t, ["run"], { cwd });
  await serving(second);
  assert.equal((await shown(port, "web.test", ca)).serial, before.serial);
});

test("an authority that is down stops nothing: clients get a certificate that stands in, and the log says when it is tried again", async (t) => {
  const port = await freePort();
  const nobody = await freePort();
  const cwd = folder(t, {
    "app.py": HELLO,
    "propylon.yaml": `
apps: {web: {wsgi: app:app}}
listeners:
  - {address: "127.0.0.1:${port}", tls: {acme: {hosts: [one.example.org], directory: "https://127.0.0.1:${nobody}/dir"}}}
`,
  });
  const instance = start(t, ["run"], { cwd });
  await serving(instance);
  assert.equal((await shown(port, "one.example.org")).issuer, "Propylon placeholder");
  await until(() => /no certificate for one\.example\.org: .*tries again in \d+ min/.test(instance.output.err));
});

test("what can be had of no authority is refused, with its place", async (t) => {
  const cwd = folder(t, {
    "app.py": HELLO,
    "propylon.yaml": `
apps: {web: {wsgi: app:app}}
listeners: [{address: "127.0.0.1:0", tls: {acme: {hosts: [10.0.0.1, intranet], directory: "http://x/", key_id: a}, internal: true}}]
`,
  });
  const { code, out, err: said } = await run(["check"], cwd);
  const err = out + said;
  assert.notEqual(code, 0);
  for (const expected of [
    /no public authority certifies "10\.0\.0\.1"/,
    /certifies "intranet"/,
    /a URL with https/,
    /hmac_key belong together/,
    /not both/,
  ])
    assert.match(err, expected);
  assert.match(err, /propylon\.yaml:3:\d+/);
});

test("a certificate is got from an ACME authority, used without a restart, kept, and asked for again when it is due", {
  skip: noPebble,
  timeout: 100_000,
}, async (t) => {
  const [http, port] = [await freePort(), await freePort()];
  const pebble = await startPebble(t, http);
  const settings = `
apps: {web: {wsgi: app:app}}
listeners:
  - "127.0.0.1:${http}"
  - {address: "127.0.0.1:${port}", tls: {acme: {email: a@example.org, directory: "${pebble.directory}", authorities: pebble.pem}}}
sites:
  - hosts: [one.example.org, two.example.org]
    rules: [{return: 301, to: "https://{host}{request_uri}"}]
    routes: [{app: web}]
`;
  const cwd = folder(t, {
    "app.py": HELLO,
    "propylon.yaml": settings,
    "pebble.pem": fs.readFileSync(pebble.certificate, "utf8"),
  });
  const instance = start(t, ["run"], { cwd });
  await serving(instance);
  const issuedTo = async (host: string): Promise<boolean> => {
    if (instance.process.exitCode !== null) throw new Error(instance.output.err);
    return /Pebble Intermediate/.test((await shown(port, host)).issuer);
  };
  await until(async () => (await issuedTo("one.example.org")) && (await issuedTo("two.example.org")));
  const { serial } = await shown(port, "one.example.org");
  assert.notEqual(serial, (await shown(port, "two.example.org")).serial);
  const storage = path.join(cwd, ".propylon/certificates");
  assert.equal(fs.statSync(path.join(storage, "account.key")).mode & 0o077, 0);

  instance.process.kill("SIGTERM");
  await instance.exited;
  // The authority is down, and what is kept is used; two's certificate is lost, and one's stays.
  fs.rmSync(path.join(storage, "two.example.org.pem"));
  await pebble.stop();
  const again = start(t, ["run"], { cwd });
  await serving(again);
  assert.equal((await shown(port, "one.example.org")).serial, serial);
  assert.equal((await shown(port, "two.example.org")).issuer, "Propylon placeholder");
});

/** A real ACME authority on loopback, whose checks go to our port for HTTP. */
async function startPebble(
  t: TestContext,
  httpPort: number,
): Promise<{ directory: string; certificate: string; stop(): Promise<void> }> {
  const [listen, management, dns, dnsManagement] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const cwd = folder(t);
  const { certificate, key } = makeCertificate(cwd, "pebble", ["127.0.0.1", "localhost"]);
  const pebble = {
    listenAddress: `127.0.0.1:${listen}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate,
    privateKey: key,
    httpPort,
    tlsPort: 1,
    ocspResponderURL: "",
    externalAccountBindingRequired: false,
  };
  fs.writeFileSync(path.join(cwd, "pebble.json"), JSON.stringify({ pebble }));
  const dnsWords = [
    "-dnsserver",
    `127.0.0.1:${dns}`,
    "-management",
    `127.0.0.1:${dnsManagement}`,
    "-http01",
    "",
    "-https01",
    "",
    "-tlsalpn01",
    "",
    "-doh",
    "",
    "-defaultIPv6",
    "",
    "-defaultIPv4",
    "127.0.0.1",
  ];
  const options = {
    cwd,
    stdio: ["ignore", "ignore", "inherit"] as ("ignore" | "inherit")[],
    env: { ...process.env, PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "5" },
  };
  const children = [
    spawn(DNS!, dnsWords, options),
    spawn(PEBBLE!, ["-config", "pebble.json", "-dnsserver", `127.0.0.1:${dns}`], options),
  ];
  const stop = async (): Promise<void> => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    }
  };
  t.after(stop);
  await until(async () => {
    if (children.some(({ exitCode }) => exitCode !== null)) throw new Error("pebble ended");
    return new Promise<boolean>((resolve) => {
      const request = https.get(
        { host: "127.0.0.1", port: listen, path: "/dir", rejectUnauthorized: false, agent: false },
        (response) => {
          response.resume();
          resolve(true);
        },
      );
      request.on("error", () => resolve(false));
    });
  });
  return { directory: `https://127.0.0.1:${listen}/dir`, certificate, stop };
}
