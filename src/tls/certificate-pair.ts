import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { PropylonError } from "../base/errors.ts";
import { readPem } from "./read-pem.ts";

/** A certificate chain and its key, as text: what goes from main, which may read the key's file, to the edges, which may not. */
export interface CertificatePair {
  /** PEM, the site's own certificate first. */
  readonly certificate: string;
  readonly key: string;
  /** Host names that it is for, lower case, with `*.` wildcards. */
  readonly names: readonly string[];
  /** End of the validity, ms since 1970. */
  readonly expires: number;
  /** Of the key: `rsa`, `ec`, `ed25519`. */
  readonly algorithm: string;
}

/**
 * Reads a chain and its key, which may be encrypted with one of the passwords of a file, one a line. Throws a PropylonError that names the file, for what can't be read, is no certificate, no key, or
 * does not belong together. `chainFile`: what follows the certificate, where it lies apart.
 */
export function readCertificatePair(
  certificateFile: string,
  keyFile: string,
  passwordFile: string | null = null,
  chainFile?: string,
): CertificatePair {
  const own = readPem(certificateFile, "certificate");
  const certificate = chainFile === undefined ? own : `${own.trimEnd()}\n${readPem(chainFile, "certificate")}`;
  const key = certificateFile === keyFile ? own : readPem(keyFile, "key");
  const leaf = parseCertificate(certificate, certificateFile);
  const passwords = passwordFile === null ? [] : readPem(passwordFile, "passwords of keys").split(/\r?\n/);
  const isEncrypted = /ENCRYPTED/.test(key);
  const privateKey = isEncrypted ? decryptKey(key, keyFile, passwords) : parseKey(key, keyFile);
  if (!leaf.checkPrivateKey(privateKey))
    throw new PropylonError("user", `The key ${keyFile} does not belong to the certificate ${certificateFile}`, {
      remedy:
        "give the key that the certificate was requested with; the site's own certificate stands first in the file",
    });
  const opened = isEncrypted ? privateKey.export({ type: "pkcs8", format: "pem" }).toString() : key;
  prove(certificate, opened, certificateFile);
  return {
    certificate,
    key: opened,
    names: namesOf(leaf),
    expires: Date.parse(leaf.validTo),
    algorithm: privateKey.asymmetricKeyType ?? "",
  };
}

/** Whether a certificate for `name` (`example.org`, `*.example.org`) is for this host (RFC 6125 §6.4: a wildcard is one label). */
export function isFor(name: string, host: string): boolean {
  if (name === host) return true;
  if (!name.startsWith("*.")) return false;
  const dot = host.indexOf(".");
  return dot > 0 && host.slice(dot) === name.slice(1);
}

// --- internal ---

function parseCertificate(text: string, file: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (cause) {
    throw new PropylonError("user", `${file} holds no certificate in PEM form`, {
      remedy: "it begins with -----BEGIN CERTIFICATE-----",
      cause,
    });
  }
}

function parseKey(text: string, file: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw new PropylonError("user", `${file} holds no private key that we can use`, {
      remedy: "it begins with -----BEGIN PRIVATE KEY-----",
      cause,
    });
  }
}

/** OpenSSL's own word, before an edge has to live with it: keys that are too short, chains that are none. */
function prove(certificate: string, key: string, file: string): void {
  try {
    createSecureContext({ cert: certificate, key });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PropylonError("user", `The certificate ${file} can't be used: ${why}`, { cause });
  }
}

function decryptKey(text: string, file: string, passwords: readonly string[]): KeyObject {
  let last: unknown;
  for (const passphrase of passwords) {
    if (passphrase === "") continue;
    try {
      return createPrivateKey({ key: text, passphrase });
    } catch (error) {
      last = error;
    }
  }
  const given = passwords.length > 0;
  throw new PropylonError(
    "user",
    given ? `None of the passwords opens the private key ${file}` : `The private key ${file} is encrypted`,
    {
      remedy: given
        ? "give the file of its password, on a line of its own"
        : "name the file of its password (key_passwords), or write the key without one, readable by root alone",
      cause: last,
    },
  );
}

/** Of subjectAltName; without one, of the subject (which browsers no longer take, and tools still do). */
function namesOf(leaf: X509Certificate): readonly string[] {
  const alternatives = (leaf.subjectAltName ?? "").split(", ").flatMap((entry) => {
    const match = /^(?:DNS|IP Address):(.+)$/.exec(entry);
    return match === null ? [] : [match[1]!.toLowerCase()];
  });
  const common = /^CN=(.+)$/m.exec((leaf.subject as string | undefined) ?? "")?.[1];
  return alternatives.length > 0 || common === undefined ? alternatives : [common.toLowerCase()];
}
