import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { CertificateChoice } from "../../src/tls/certificate-choice.ts";
import { CertificateWatch } from "../../src/tls/certificate-files.ts";
import { isFor, readCertificatePair } from "../../src/tls/certificate-pair.ts";
import { makeCertificate } from "./certificates.ts";

function folder(t: TestContext): string {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), "propylon-test-"));
  t.after(() => fs.rmSync(made, { recursive: true }));
  return made;
}

test("a pair is read with the names that the certificate is for and the time it ends", (t) => {
  const { certificate, key } = makeCertificate(folder(t), "a", ["Example.org", "*.example.org", "127.0.0.1"]);
  const pair = readCertificatePair(certificate, key);
  assert.deepEqual(pair.names, ["example.org", "*.example.org", "127.0.0.1"]);
  assert.ok(pair.expires > Date.now() + 86_400_000 && pair.expires < Date.now() + 3 * 86_400_000);
});

test("those between a certificate and the authority may lie in a file of their own", (t) => {
  const base = folder(t);
  const own = makeCertificate(base, "a", ["a.example"]);
  const other = makeCertificate(base, "b", ["b.example"]);
  const pair = readCertificatePair(own.certificate, own.key, null, other.certificate);
  const [first, second] = [own.certificate, other.certificate].map((file) => fs.readFileSync(file, "utf8").trim());
  assert.equal(pair.certificate.trim(), `${first}\n${second}`);
  assert.deepEqual(pair.names, ["a.example"]);
});

test("what can't be used is refused by the name of the file", (t) => {
  const base = folder(t);
  const a = makeCertificate(base, "a", ["a.example"]);
  const b = makeCertificate(base, "b", ["b.example"]);
  const text = path.join(base, "text");
  fs.writeFileSync(text, "hello");
  const locked = path.join(base, "locked.key");
  execFileSync("openssl", ["ec", "-in", a.key, "-aes128", "-passout", "pass:secret", "-out", locked], {
    stdio: "pipe",
  });
  for (const [certificate, key, message] of [
    [path.join(base, "absent"), a.key, /Cannot read the certificate .*absent: there is no such file/],
    [a.certificate, path.join(base, "absent"), /Cannot read the key .*absent/],
    [text, a.key, /text holds no certificate/],
    [a.certificate, text, /text holds no private key/],
    [a.certificate, locked, /The private key .*locked\.key is encrypted/],
    [a.certificate, b.key, /The key .*b\.key does not belong to the certificate .*a\.pem/],
  ] as const)
    assert.throws(() => readCertificatePair(certificate, key), { name: "PropylonError", message });
});

for (const [name, host, expected] of [
  ["example.org", "example.org", true],
  ["*.example.org", "a.example.org", true],
  ["*.example.org", "a.b.example.org", false],
  ["*.example.org", "example.org", false],
  ["*.example.org", ".example.org", false],
  ["example.org", "example.com", false],
] as const)
  test(`a certificate for ${name} is ${expected ? "" : "not "}for ${host}`, () => {
    assert.equal(isFor(name, host), expected);
  });

test("the certificate is chosen by name, wildcards after whole names, the first for all others", (t) => {
  const base = folder(t);
  const pairs = [["first.example"], ["*.example.org"], ["www.example.org"]].map((hosts, index) => {
    const { certificate, key } = makeCertificate(base, String(index), hosts);
    return readCertificatePair(certificate, key);
  });
  const choice = new CertificateChoice(pairs, {});
  const all = [choice.find("first.example"), choice.find("a.example.org"), choice.find("www.example.org")];
  assert.equal(new Set(all).size, 3);
  assert.equal(choice.find("WWW.example.org"), all[2]);
  for (const other of ["", "example.org", "a.b.example.org", "constructor"])
    assert.equal(choice.find(other), null, "what the server itself has");
  assert.equal(all[0], null);
});

test("a renewed pair is read, a wrong one is told once and leaves the old one in effect", (t) => {
  const base = folder(t);
  const files = makeCertificate(base, "a", ["a.example"]);
  const watched = { certificates: [files], keyPasswords: null, clientAuthorities: null, clientRevocations: null };
  const renewed: string[] = [];
  const refused: string[] = [];
  const watch = new CertificateWatch(watched, {
    clientsChanged: () => assert.fail("there are none"),
    renewed: ([pair]) => renewed.push(pair!.certificate),
    refused: (error) => refused.push(error.message),
  });
  const first = watch.pairs[0]!.certificate;
  watch.look();
  assert.deepEqual([renewed, refused], [[], []]);

  fs.writeFileSync(files.certificate, "half a file");
  watch.look();
  watch.look();
  assert.equal(refused.length, 1);
  assert.match(refused[0]!, /a\.pem holds no certificate/);
  assert.equal(watch.pairs[0]!.certificate, first);

  makeCertificate(base, "a", ["a.example"]);
  watch.look();
  assert.equal(renewed.length, 1);
  assert.notEqual(renewed[0], first);
  watch.stop();
});
