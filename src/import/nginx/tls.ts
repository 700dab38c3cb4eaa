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
  for (const name of ["ssl_password_file", "ssl_crl", "ssl_conf_command", "ssl_ocsp"])
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
    ...clientAuthority(scope, t),
    minimum: oldestVersion(scope, t),
    ciphers: ciphers(scope, t),
  });
  noteTuning(scope, t);
  return pairs.length === 0 ? null : settings;
}

// --- internal ---

function clientAuthority(scope: Scope, t: Translation): Plain {
  const verify = scope.one("ssl_verify_client");
  const authority = scope.one("ssl_client_certificate");
  if (authority !== null) t.ledger.claim(authority);
  if (verify === null) return {};
  t.ledger.claim(verify);
  const word = firstOf(verify);
  if (word === "off") return {};
  if (authority === null) {
    t.refuse(verify, "no ssl_client_certificate for ssl_verify_client");
    return {};
  }
  if (word === "optional_no_ca")
    t.ledger.claim(verify, "needs-a-decision", "certificates of unknown authorities are refused here");
  else t.ledger.claim(verify, "approximated", "it holds for every server on the address");
  return {
    client_ca: t.configurationPath(authority, firstOf(authority)),
    client: word === "on" ? "required" : "optional",
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
  "ssl_trusted_certificate",
  "ssl_verify_depth",
  "ssl_early_data",
];
