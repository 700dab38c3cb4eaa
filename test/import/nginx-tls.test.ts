import assert from "node:assert/strict";
import { test } from "node:test";
import { readNginx } from "../../src/import/nginx/read.ts";
import type { Plain } from "../../src/import/tree.ts";
import { machine } from "./nginx-machine.ts";

const PAIR = "ssl_certificate a.pem; ssl_certificate_key a.key;";

function settings(text: string): { listeners: Plain[]; sites: Plain[]; verdicts: string[] } {
  const reading = readNginx({ kind: "nginx", form: "file", path: "/n/site.conf", text }, machine({}));
  const { listeners, sites } = reading.settings as unknown as { listeners: Plain[]; sites: Plain[] };
  return { listeners, sites, verdicts: reading.directives.map(({ name, verdict }) => `${name} ${verdict}`) };
}

test("what one listen says of TLS holds for its address", () => {
  const { listeners } = settings(`server { listen 443 ssl; ${PAIR} } server { listen 443; server_name b;
    ssl_certificate b.pem; ssl_certificate_key b.key; }`);
  assert.equal(listeners.length, 1);
  assert.equal(((listeners[0]!["tls"] as Plain)["certificates"] as unknown[]).length, 2);
});

test("a default server that rejects handshakes makes the listener refuse unknown names", () => {
  const { listeners, sites, verdicts } = settings(`
    server { listen 443 ssl default_server; ssl_reject_handshake on; }
    server { listen 443 ssl; server_name a.example; ${PAIR} }`);
  const tls = { certificate: "/n/a.pem", key: "/n/a.key", unknown_names: "refuse" };
  assert.deepEqual(listeners, [{ address: "*:443", tls }]);
  assert.equal(sites.length, 2);
  assert.ok(verdicts.includes("ssl_reject_handshake mapped"));
});

test("servers that want certificates unlike their neighbours see to it themselves; other authorities prove nothing there", () => {
  const verify = (mode: string, authority: string): string =>
    `${PAIR} ssl_verify_client ${mode}; ssl_client_certificate ${authority}.pem;`;
  const checks = (text: string): unknown[] =>
    settings(text).sites.map(({ rules }) => {
      const [check] = (rules as Plain[] | undefined) ?? [];
      return ((check?.["rules"] as Plain[] | undefined)?.[0]?.["when"] as Plain | undefined)?.["matches"];
    });
  const server = (name: string, inside: string): string => `server { listen 443 ssl; server_name ${name}; ${inside} }`;
  assert.deepEqual(checks(server("a", verify("on", "x")) + server("b", verify("on", "x"))), [undefined, undefined]);
  assert.deepEqual(checks(server("a", verify("on", "x")) + server("b", PAIR)), ["^(?:SUCCESS)$", undefined]);
  assert.deepEqual(checks(server("a", verify("on", "x")) + server("b", verify("optional", "x"))), [
    "^(?:SUCCESS)$",
    "^(?:SUCCESS|NONE)$",
  ]);
  assert.deepEqual(checks(server("a", verify("on", "x")) + server("b", verify("on", "y"))), [undefined, "(?!)"]);
  const { listeners } = settings(server("a", verify("on", "x")) + server("b", verify("optional_no_ca", "x")));
  assert.equal((listeners[0]!["tls"] as Plain)["client"], "any");
});

test("revoked certificates, passwords of keys and trusted authorities come along", () => {
  const { listeners } = settings(`server { listen 443 ssl; ${PAIR} ssl_password_file words; ssl_verify_client on;
    ssl_trusted_certificate t.pem; ssl_crl gone.pem; }`);
  assert.deepEqual(listeners[0]!["tls"], {
    certificate: "/n/a.pem",
    key: "/n/a.key",
    key_passwords: "/n/words",
    client_ca: "/n/t.pem",
    client: "required",
    client_crl: "/n/gone.pem",
  });
});
