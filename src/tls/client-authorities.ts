import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { PropylonError } from "../base/errors.ts";
import { readPem } from "./read-pem.ts";

const BLOCK = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/**
 * The authorities whose clients are let in, PEM. Throws a PropylonError that names the file, for what can't be read, holds none, or one
 * that is none: a list half of which counts would shut out, or let in, others than are meant.
 */
export function readClientAuthorities(file: string): string {
  const text = readPem(file, "authorities of clients");
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length === 0)
    throw new PropylonError("user", `${file} holds no certificate of an authority in PEM form`, {
      remedy: "it begins with -----BEGIN CERTIFICATE-----",
    });
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch (cause) {
      throw new PropylonError("user", `Certificate ${index + 1} in ${file} can't be read`, {
        remedy: "write the list anew: each certificate whole, from -----BEGIN to -----END",
        cause,
      });
    }
  }
  return text;
}

/** The certificates of clients that their authorities have taken back (RFC 5280 §5), PEM. Throws a PropylonError that names the file. */
export function readClientRevocations(file: string): string {
  const text = readPem(file, "revoked certificates");
  try {
    createSecureContext({ crl: text });
  } catch (cause) {
    throw new PropylonError("user", `${file} holds no list of revoked certificates in PEM form`, {
      remedy: "it begins with -----BEGIN X509 CRL-----",
      cause,
    });
  }
  return text;
}
