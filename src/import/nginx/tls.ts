import type { Plain } from "../tree.ts";
import type { Scope } from "./scope.ts";
import type { Translation } from "./translation.ts";
import { firstOf, textsOf } from "./tree.ts";
import { compact } from "./values.ts";

const CHOSEN_BY_NAME = "among several certificates on one address the names in them decide, not server_name";
const TUNING = "Propylon's TLS chooses it";

/** The `tls` of a listener as one server wants it; null where the server has no certificate. */
export function tlsOf(scope: Scope, t: Translation): Plain | null {
  const certificates = scope.nearest("ssl_certificate");
  const keys = scope.nearest("ssl_certificate_key");
  t.ledger.claimAll(certificates, "mapped", CHOSEN_BY_NAME);
  t.ledger.claimAll(keys);
  for (const name of ["ssl_conf_command", "ssl_ocsp"])
    t.ledger.claimAll(scope.nearest(name), "needs-a-decision", "it has no counterpart");
  const pairs = certificates.flatMap((certificate, at) => {
    const key = keys[at];
    const [file, keyFile] = [firstOf(certificate), key === undefined ? "" : firstOf(key)];
    if (key === undefined) t.refuse(certificate, `no "ssl_certificate_key" is defined for certificate "${file}"`);
    const other = [file, keyFile].find((text) => /^(?:data:|engine:|store:)|\$(?!\{)/.test(text));
    if (other !== undefined) t.ledger.claim(certificate, "needs-a-decision", `${other} is no file`);
    if (key === undefined || other !== undefined) return [];
    return [{ certificate: t.configurationPath(certificate, file), key: t.configurationPath(key, keyFile) }];
  });
  const settings = compact({
    certificates: pairs,
    key_passwords: fileOf(scope, "ssl_password_file", t),
    ...(pairs.length === 0 ? {} : clientAuthority(scope, t)),
    minimum: oldestVersion(scope, t),
    ciphers: ciphers(scope, t),
  });
  noteTuning(scope, t);
  return pairs.length === 0 ? null : settings;
}

/** Whether clients that ask for this server by name, or as the default one, get no further than their handshake. */
export function refusesHandshakes(scope: Scope, t: Translation): boolean {
  const directive = scope.one("ssl_reject_handshake");
  if (directive === null || firstOf(directive) !== "on") return false;
  t.ledger.claim(
    directive,
    "mapped",
    "on the default server: handshakes for names that no certificate of the address is for fail",
  );
  return true;
}

// --- internal ---

function fileOf(scope: Scope, name: string, t: Translation): string | undefined {
  const directive = scope.one(name);
  if (directive === null) return undefined;
  t.ledger.claim(directive);
  return t.configurationPath(directive, firstOf(directive));
}

function clientAuthority(scope: Scope, t: Translation): Plain {
  const verify = scope.one("ssl_verify_client");
  const trusted = scope.one("ssl_trusted_certificate");
  const authority = scope.one("ssl_client_certificate") ?? trusted;
  if (authority !== null) t.ledger.claim(authority);
  const revoked = fileOf(scope, "ssl_crl", t);
  if (verify === null) return {};
  t.ledger.claim(verify);
  const word = firstOf(verify);
  if (word === "off") return {};
  if (authority === null && word !== "optional_no_ca") {
    t.refuse(verify, "no ssl_client_certificate or ssl_trusted_certificate for ssl_verify_client");
    return {};
  }
  if (trusted !== null && authority !== trusted)
    t.ledger.claim(trusted, "approximated", "the authorities of ssl_client_certificate alone count");
  return {
    client_ca: authority === null ? undefined : t.configurationPath(authority, firstOf(authority)),
    client: word === "on" ? "required" : word === "optional" ? "optional" : "any",
    client_crl: revoked,
  };
}

function oldestVersion(scope: Scope, t: Translation): string | undefined {
  const directive = scope.one("ssl_protocols");
  if (directive === null) return undefined;
  const words = textsOf(directive);
  const old = words.filter((word) => /^(?:SSLv[23]|TLSv1|TLSv1\.1)$/.test(word));
  t.ledger.claim(
    directive,
    old.length > 0 ? "approximated" : "mapped",
    old.length > 0 ? `${old.join(" and ")} are not spoken` : "",
  );
  return words.includes("TLSv1.3") && words.length === 1 ? "1.3" : undefined;
}

function ciphers(scope: Scope, t: Translation): string | undefined {
  const directive = scope.one("ssl_ciphers");
  if (directive === null) return undefined;
  t.ledger.claim(directive);
  const text = firstOf(directive);
  return /^HIGH:!aNULL:!MD5$/.test(text) || /[$]/.test(text) ? undefined : text;
}

function noteTuning(scope: Scope, t: Translation): void {
  const order = scope.one("ssl_prefer_server_ciphers");
  if (order !== null)
    t.ledger.claim(
      order,
      firstOf(order) === "on" ? "mapped" : "approximated",
      firstOf(order) === "on" ? "" : "the server's order counts",
    );
  const trusted = scope.one("ssl_trusted_certificate");
  if (trusted !== null && scope.one("ssl_verify_client") === null) t.ledger.claim(trusted, "ignored", TUNING);
  for (const name of TUNED) t.ledger.claimAll(scope.nearest(name), "ignored", TUNING);
}

const TUNED: readonly string[] = [
  "ssl_session_cache",
  "ssl_session_timeout",
  "ssl_session_tickets",
  "ssl_session_ticket_key",
  "ssl_dhparam",
  "ssl_ecdh_curve",
  "ssl_buffer_size",
  "ssl_stapling",
  "ssl_stapling_verify",
  "ssl_stapling_responder",
  "ssl_stapling_file",
  "ssl_verify_depth",
  "ssl_early_data",
];
