import assert from "node:assert/strict";
import { test } from "node:test";
import { issueCertificate, makeAuthority } from "../tls/issue.ts";
import { checkIssued } from "./check-issued.ts";

const DAY = 86_400_000;

test("only a certificate of our key, for our host, that is good now takes the place of another", async () => {
  const authority = await makeAuthority("authority", 10);
  const issue = (host: string) => issueCertificate({ name: host, hosts: [host], days: 5 }, authority);
  const [ours, others] = [await issue("one.example.org"), await issue("two.example.org")];
  const now = Date.now();
  const check = (chain: string, key: string, at = now) => checkIssued(chain, key, "one.example.org", at);
  check(`${ours.certificate}\n${authority.certificate}`, ours.key);
  assert.throws(() => check("<html>no</html>", ours.key), /sent no certificate/);
  assert.throws(() => check("", ours.key), /sent no certificate/);
  assert.throws(() => check(others.certificate, ours.key), /for another key/);
  assert.throws(() => check(others.certificate, others.key), /for DNS:two\.example\.org/);
  assert.throws(() => check(`${authority.certificate}\n${ours.certificate}`, ours.key), /for another key/);
  assert.throws(() => check(ours.certificate, ours.key, now + 6 * DAY), /ended on/);
});
