import { z } from "zod";
import { choice, flag, path, pattern, text } from "./kinds.ts";
import { list, optional, section, withDefault } from "./sections.ts";

/** The public authority that most use. */
export const LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory";

const certifiedHost = pattern("host", "example.org", /^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$/);
const hosts = optional(
  list(certifiedHost),
  "Host names of the certificates.",
  "those of the sites on this listener, without patterns",
);
const storage = optional(
  path,
  "Folder of keys and certificates, which we alone may read.",
  "`.propylon/certificates` beside the file",
);

/** Certificates from an authority, by RFC 8555. */
const acmeSchema = section({
  hosts,
  email: optional(text, "Whom the authority may write to.", "nobody"),
  directory: withDefault(text, LETS_ENCRYPT, "URL of the authority's directory."),
  authorities: optional(path, "PEM file of those who may have signed the directory's own certificate.", "public ones"),
  key_id: optional(text, "Key identifier of an account at the authority (external account binding).", "none is needed"),
  hmac_key: optional(text, "Its key, base64url.", "none is needed"),
  storage,
}).meta({ id: "acme" });

/** Certificates of an authority of our own. */
const internalSchema = section({ hosts, storage }).meta({ id: "internal" });

/** TLS of a listener. */
export const tlsSchema = section({
  certificate: optional(path, "PEM file of the certificate and those between it and the authority.", "`certificates`"),
  key: optional(path, "PEM file of its private key.", "`certificates`"),
  certificates: optional(
    list(
      section({
        certificate: path.describe("PEM file of the certificate and those between it and the authority."),
        chain: optional(path, "PEM file of those between it and the authority, where they lie apart.", "none"),
        key: path.describe("PEM file of its private key."),
      }).meta({ id: "certificate" }),
    ),
    "Several certificates, chosen by the host name that the client asks for; the first answers for others.",
    "the one of `certificate` and `key`",
  ),
  acme: optional(
    z.union([flag, acmeSchema]),
    "Certificates from an authority such as Let's Encrypt, got and renewed by us; using it is to agree to the authority's terms.",
    "none are asked for",
  ),
  internal: optional(
    z.union([flag, internalSchema]),
    "For development: certificates of an authority of our own, which browsers have to be told of.",
    "none are made",
  ),
  client_ca: optional(path, "PEM file of the authorities whose clients are let in.", "clients show no certificate"),
  client: optional(
    choice("required", "optional", "any"),
    "Clients without a certificate are refused, or let in (`optional`); `any` takes certificates of other authorities too, and `{ssl_client_verify}` tells.",
    "`required` with `client_ca`",
  ),
  client_crl: optional(path, "PEM file of certificates that were taken back, of every authority of the chain.", "none"),
  key_passwords: optional(path, "File of the passwords of encrypted keys, one a line, tried in turn.", "none"),
  unknown_names: withDefault(
    choice("first", "refuse"),
    "first",
    "What clients get that ask for no host, or one that no certificate is for: the first certificate, or a failed handshake.",
  ),
  minimum: withDefault(choice("1.2", "1.3"), "1.2", "Oldest version of TLS that is spoken."),
  ciphers: optional(text, "Suites of TLS 1.2, in OpenSSL's spelling.", "the safe ones"),
}).meta({ id: "tls" });

export type TlsSettings = z.output<typeof tlsSchema>;
