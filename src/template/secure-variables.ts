import type { X509Certificate } from "node:crypto";
import type { Exchange } from "../http/exchange.ts";
import type { SecureSession } from "../http/secure-session.ts";

type Variable = (exchange: Exchange) => string;

/** Variables of the TLS connection that a request came on, by NGINX's names (ngx_http_ssl_module); empty without TLS. */
export const SECURE_VARIABLES: readonly (readonly [name: string, variable: Variable])[] = [
  ["ssl_protocol", ofSession(({ protocol }) => protocol)],
  ["ssl_cipher", ofSession(({ cipher }) => cipher)],
  ["ssl_server_name", ofSession(({ serverName }) => serverName)],
  ["ssl_alpn_protocol", ofSession(({ protocolName }) => protocolName)],
  ["ssl_session_reused", ofSession(({ resumed }) => (resumed ? "r" : "."))],
  ["ssl_client_verify", ofSession(({ verdict }) => verdict)],
  ["ssl_client_s_dn", ofCertificate(({ subject }) => distinguishedName(subject))],
  ["ssl_client_i_dn", ofCertificate(({ issuer }) => distinguishedName(issuer))],
  ["ssl_client_s_dn_legacy", ofCertificate(({ subject }) => legacyName(subject))],
  ["ssl_client_i_dn_legacy", ofCertificate(({ issuer }) => legacyName(issuer))],
  ["ssl_client_serial", ofCertificate(({ serialNumber }) => serialNumber)],
  ["ssl_client_fingerprint", ofCertificate(({ fingerprint }) => fingerprint.replaceAll(":", "").toLowerCase())],
  ["ssl_client_v_start", ofCertificate(({ validFrom }) => validFrom)],
  ["ssl_client_v_end", ofCertificate(({ validTo }) => validTo)],
  ["ssl_client_v_remain", ofCertificate(({ validTo }) => String(daysUntil(validTo)))],
  // A field has no line ends: where a receiver unfolds what NGINX sends, these are its words.
  ["ssl_client_cert", ofCertificate((certificate) => certificate.toString().trimEnd().replaceAll("\n", " \t"))],
  ["ssl_client_escaped_cert", ofCertificate((certificate) => encodeURIComponent(certificate.toString()))],
];

// --- internal ---

function ofSession(value: (session: SecureSession) => string): Variable {
  return ({ client }) => {
    const session = (client.peer ?? client).session;
    return session === undefined ? "" : value(session);
  };
}

function ofCertificate(value: (certificate: X509Certificate) => string): Variable {
  return ofSession(({ certificate }) => (certificate === null ? "" : Buffer.from(value(certificate)).latin1Slice()));
}

/** Node's form, a part a line, as RFC 2253 has it: the last part first, commas between. Both escape alike. */
function distinguishedName(lines: string | undefined): string {
  return (lines ?? "")
    .split("\n")
    .reverse()
    .map((part) => part.replaceAll(" + ", "+"))
    .join(",");
}

/** `/C=AU/CN=name`. */
function legacyName(lines: string | undefined): string {
  return (lines ?? "")
    .split("\n")
    .map((part) => (part === "" ? "" : `/${part.replace(/\\(.)/g, "$1")}`))
    .join("");
}

/** Whole days; 0 once it is over. */
function daysUntil(time: string): number {
  return Math.max(0, Math.floor((Date.parse(time) - Date.now()) / 86_400_000));
}
