import type { z } from "zod";
import { choice, path, text } from "./kinds.ts";
import { list, optional, section, withDefault } from "./sections.ts";

/** TLS of a listener. */
export const tlsSchema = section({
  certificate: optional(path, "PEM file of the certificate and those between it and the authority.", "`certificates`"),
  key: optional(path, "PEM file of its private key.", "`certificates`"),
  certificates: optional(
    list(
      section({
        certificate: path.describe("PEM file of the certificate and those between it and the authority."),
        key: path.describe("PEM file of its private key."),
      }).meta({ id: "certificate" }),
    ),
    "Several certificates, chosen by the host name that the client asks for; the first answers for others.",
    "the one of `certificate` and `key`",
  ),
  client_ca: optional(path, "PEM file of the authorities whose clients are let in.", "clients show no certificate"),
  client: optional(
    choice("required", "optional"),
    "With `client_ca`: whether a client without a certificate is refused.",
    "`required`",
  ),
  minimum: withDefault(choice("1.2", "1.3"), "1.2", "Oldest version of TLS that is spoken."),
  ciphers: optional(text, "Suites of TLS 1.2, in OpenSSL's spelling.", "the safe ones"),
}).meta({ id: "tls" });

export type TlsSettings = z.output<typeof tlsSchema>;
