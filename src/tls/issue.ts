import { webcrypto } from "node:crypto";
import net from "node:net";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY = 86_400_000;
/** Clocks of clients differ: a certificate is valid from a little before it is made, ms. */
const EARLIER = 3_600_000;

/** A certificate and its key, PEM. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

export interface Subject {
  /** As in `CN=...`; no commas. */
  readonly name: string;
  /** Host names and IP addresses. */
  readonly hosts: readonly string[];
  readonly days: number;
}

/** Makes an authority of our own: its certificate signs others and nothing else. */
export async function makeAuthority(name: string, days: number): Promise<Issued> {
  return issue({ name, hosts: [], days }, null);
}

/** Makes a certificate, signed by `authority`; null: by itself. */
export async function issueCertificate(subject: Subject, authority: Issued | null): Promise<Issued> {
  return issue(subject, authority);
}

// --- internal ---

async function issue({ name, hosts, days }: Subject, authority: Issued | null): Promise<Issued> {
  // Loaded here: nobody else pays its 140 ms.
  const x509 = await import("@peculiar/x509");
  const crypto = webcrypto as unknown as Crypto;
  x509.cryptoProvider.set(crypto);
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const isAuthority = hosts.length === 0;
  const extensions = [
    new x509.BasicConstraintsExtension(isAuthority, isAuthority ? 0 : undefined, true),
    new x509.KeyUsagesExtension(
      isAuthority ? x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign : x509.KeyUsageFlags.digitalSignature,
      true,
    ),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ...(isAuthority
      ? []
      : [
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          new x509.SubjectAlternativeNameExtension(
            hosts.map((value) => ({ type: net.isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value })),
          ),
        ]),
  ];
  const common = {
    serialNumber: Buffer.from(
      webcrypto.getRandomValues(new Uint8Array(16)).map((byte, at) => (at === 0 ? byte & 0x7f : byte)),
    ).toString("hex"),
    notBefore: new Date(Date.now() - EARLIER),
    notAfter: new Date(Date.now() + days * DAY),
    signingAlgorithm: ALGORITHM,
    extensions,
  };
  const certificate =
    authority === null
      ? await x509.X509CertificateGenerator.createSelfSigned({ ...common, name: `CN=${name}`, keys }, crypto)
      : await x509.X509CertificateGenerator.create(
          {
            ...common,
            subject: `CN=${name}`,
            issuer: new x509.X509Certificate(authority.certificate).subject,
            publicKey: keys.publicKey,
            signingKey: await importKey(crypto, authority.key),
          },
          crypto,
        );
  const key = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return {
    certificate: certificate.toString("pem"),
    key: `-----BEGIN PRIVATE KEY-----\n${key.replace(/.{64}/g, "$&\n").trim()}\n-----END PRIVATE KEY-----`,
  };
}

function importKey(crypto: Crypto, pem: string): Promise<CryptoKey> {
  const body = pem.replace(/-----[^-]+-----|\s/g, "");
  return crypto.subtle.importKey("pkcs8", Buffer.from(body, "base64"), ALGORITHM, false, ["sign"]);
}
