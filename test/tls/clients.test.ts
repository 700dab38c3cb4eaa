import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import https from "node:https";
import path from "node:path";
import { test } from "node:test";
import type tls from "node:tls";
import { folder, freePort, type Instance, start, until } from "../support/instance.ts";
import { makeCertificate } from "./certificates.ts";

interface Shown {
  readonly cert: Buffer;
  readonly key: Buffer;
}

function read(folder: string, name: string): Shown {
  return {
    cert: fs.readFileSync(path.join(folder, `${name}.pem`)),
    key: fs.readFileSync(path.join(folder, `${name}.key`)),
  };
}

/** Asks over TLS on a connection of its own: the status and the body; rejects when the handshake fails. */
function ask(port: number, host: string, options: tls.ConnectionOptions = {}, name = host): Promise<string> {
  return new Promise((resolve, reject) => {
    const settings = { host: "127.0.0.1", port, servername: host, rejectUnauthorized: false, agent: false, ...options };
    const request = https.get({ ...settings, headers: { Host: name } } as https.RequestOptions, (answer) => {
      let text = `${answer.statusCode} `;
      answer.setEncoding("latin1").on("data", (piece: string) => {
        text += piece;
      });
      answer.on("end", () => resolve(text));
    });
    request.on("error", reject);
  });
}

async function ready({ output }: Instance): Promise<void> {
  await until(() => {
    if (/error|ended/.test(output.err)) throw new Error(output.err);
    return output.err.includes("main: ready");
  });
}

test("variables tell of the TLS connection and of the client's certificate, and a certificate that proves nothing is refused", async (t) => {
  const [strict, loose] = [await freePort(), await freePort()];
  const cwd = folder(t);
  makeCertificate(cwd, "site", ["site.example"]);
  makeCertificate(cwd, "client", ["client.example"]);
  makeCertificate(cwd, "other", ["other.example"]);
  // As long as such files are: more than one authority.
  const authorities = ["client", "second", "third"].map((name) => {
    if (name !== "client") makeCertificate(cwd, name, [`${name}.example`]);
    return fs.readFileSync(path.join(cwd, `${name}.pem`), "utf8");
  });
  fs.writeFileSync(path.join(cwd, "authorities.pem"), authorities.join(""));
  const text = [
    "protocol",
    "cipher",
    "server_name",
    "client_verify",
    "client_s_dn",
    "client_serial",
    "client_fingerprint",
  ]
    .map((name) => `{ssl_${name}}`)
    .join("|");
  const pair = "certificate: site.pem, key: site.key";
  fs.writeFileSync(
    path.join(cwd, "propylon.yaml"),
    `listeners:
  - { address: "127.0.0.1:${strict}", tls: { ${pair}, client_ca: authorities.pem, client: optional } }
  - { address: "127.0.0.1:${loose}", tls: { ${pair}, client: any } }
sites: [{ hosts: [_], routes: [{ path: /pem, respond: "{ssl_client_escaped_cert}" }, { path: /, respond: "${text}" }] }]
`,
  );
  await ready(start(t, ["run"], { cwd }));
  const client = read(cwd, "client");
  const serial = execFileSync("openssl", [
    "x509",
    "-in",
    path.join(cwd, "client.pem"),
    "-noout",
    "-serial",
    "-fingerprint",
  ]);
  const [, number, print] = /^serial=(\w+)\n.*Fingerprint=([\w:]+)/.exec(serial.toString())!;
  const known = `${number}|${print!.replaceAll(":", "").toLowerCase()}`;
  assert.equal(
    await ask(strict, "site.example", { ...client, maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" }),
    `200 TLSv1.2|ECDHE-ECDSA-AES128-GCM-SHA256|site.example|SUCCESS|CN=client.example|${known}`,
  );
  assert.match(await ask(strict, "site.example"), /^200 TLSv1\.3\|TLS_\w+\|site\.example\|NONE\|\|\|$/);
  await assert.rejects(ask(strict, "site.example", read(cwd, "other")));
  const stranger = await ask(loose, "site.example", read(cwd, "other"));
  assert.match(stranger, /\|FAILED:self-signed certificate\|CN=other\.example\|/);
});

test("a certificate that was taken back is refused", async (t) => {
  const port = await freePort();
  const cwd = folder(t, { "index.txt": "", serial: "01\n", "ca.cnf": AUTHORITY });
  makeCertificate(cwd, "site", ["site.example"]);
  const openssl = (words: string): Buffer => execFileSync("openssl", words.split(" "), { cwd, stdio: "pipe" });
  openssl(
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -keyout ca.key -out ca.pem -subj /CN=ca",
  );
  for (const name of ["good", "bad"]) {
    openssl(
      `req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ${name}.key -out ${name}.csr -subj /CN=${name}`,
    );
    openssl(`ca -batch -config ca.cnf -in ${name}.csr -out ${name}.pem -notext`);
  }
  openssl("ca -config ca.cnf -revoke bad.pem");
  openssl("ca -config ca.cnf -gencrl -out ca.crl");
  fs.writeFileSync(
    path.join(cwd, "propylon.yaml"),
    `listeners: [{ address: "127.0.0.1:${port}", tls: { certificate: site.pem, key: site.key, client_ca: ca.pem, client_crl: ca.crl } }]
sites: [{ hosts: [_], routes: [{ path: /, respond: "{ssl_client_s_dn}" }] }]
`,
  );
  await ready(start(t, ["run"], { cwd }));
  assert.equal(await ask(port, "site.example", read(cwd, "good")), "200 CN=good");
  await assert.rejects(ask(port, "site.example", read(cwd, "bad")));
});

const AUTHORITY = `[ca]
default_ca = own
[own]
dir = .
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 2
default_crl_days = 2
policy = any
[any]
commonName = supplied
`;

test("an encrypted key is opened by one of the passwords of a file, and both algorithms of a name are offered", async (t) => {
  const port = await freePort();
  const cwd = folder(t, { passwords: "wrong\nright\n" });
  makeCertificate(cwd, "site", ["site.example"]);
  const words = "req -x509 -newkey rsa:2048 -nodes -days 2 -keyout rsa.key -out rsa.pem -subj /CN=site.example -addext";
  execFileSync("openssl", [...words.split(" "), "subjectAltName=DNS:site.example"], { cwd, stdio: "pipe" });
  execFileSync("openssl", "pkcs8 -topk8 -in rsa.key -out locked.key -passout pass:right".split(" "), {
    cwd,
    stdio: "pipe",
  });
  fs.writeFileSync(
    path.join(cwd, "propylon.yaml"),
    `listeners:
  - address: "127.0.0.1:${port}"
    tls:
      certificates: [{ certificate: site.pem, key: site.key }, { certificate: rsa.pem, key: locked.key }]
      key_passwords: passwords
sites: [{ hosts: [_], routes: [{ path: /, respond: "{ssl_cipher}" }] }]
`,
  );
  await ready(start(t, ["run"], { cwd }));
  const old = { maxVersion: "TLSv1.2" } as const;
  const rsa = "ECDHE-RSA-AES128-GCM-SHA256";
  const ec = "ECDHE-ECDSA-AES128-GCM-SHA256";
  assert.equal(await ask(port, "site.example", { ...old, ciphers: rsa }), `200 ${rsa}`);
  assert.equal(await ask(port, "site.example", { ...old, ciphers: ec }), `200 ${ec}`);
});

test("with unknown_names: refuse there is no handshake for a host that no certificate is for, or for none", async (t) => {
  const port = await freePort();
  const cwd = folder(t);
  makeCertificate(cwd, "site", ["site.example"]);
  fs.writeFileSync(
    path.join(cwd, "propylon.yaml"),
    `listeners: [{ address: "127.0.0.1:${port}", tls: { certificate: site.pem, key: site.key, unknown_names: refuse } }]
sites: [{ hosts: [_], routes: [{ path: /, respond: "{ssl_server_name}" }] }]
`,
  );
  await ready(start(t, ["run"], { cwd }));
  assert.equal(await ask(port, "site.example"), "200 site.example");
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    await assert.rejects(ask(port, "unknown.example", { maxVersion: version }));
    await assert.rejects(ask(port, "", { maxVersion: version }, "site.example"));
  }
});

test("of NGINX's servers on one address each says whether it wants a certificate, whichever name was asked for before", async (t) => {
  const port = await freePort();
  const cwd = folder(t, {
    "nginx.conf": `pid nginx.pid; events {} http {
      ssl_certificate site.pem; ssl_certificate_key site.key;
      server { listen 127.0.0.1:${port} ssl default_server; server_name _; ssl_reject_handshake on; }
      server { listen 127.0.0.1:${port} ssl; server_name open.example; return 200 "open $ssl_client_verify"; }
      server { listen 127.0.0.1:${port} ssl; server_name closed.example; return 200 "closed $ssl_client_verify";
        ssl_verify_client on; ssl_client_certificate client.pem; } }`,
  });
  makeCertificate(cwd, "site", ["open.example", "closed.example"]);
  makeCertificate(cwd, "client", ["client.example"]);
  await ready(start(t, ["nginx", "-p", cwd, "-c", "nginx.conf", "-g", "daemon off;"], { cwd }));
  const client = read(cwd, "client");
  assert.equal(await ask(port, "open.example"), "200 open NONE");
  assert.equal(await ask(port, "closed.example", client), "200 closed SUCCESS");
  assert.match(await ask(port, "closed.example"), /^400 /);
  assert.match(await ask(port, "open.example", {}, "closed.example"), /^400 /);
  await assert.rejects(ask(port, "else.example"));
});
