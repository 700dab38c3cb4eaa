import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { type CertificatePair, isFor } from "./certificate-pair.ts";

/** The certificates of a listener, chosen by the name that the client asks for (RFC 6066 §3). */
export class CertificateChoice {
  readonly #contexts: readonly SecureContext[];
  readonly #exact = new Map<string, SecureContext>();
  readonly #wildcards = new Map<string, SecureContext>();

  /** The first pair answers for clients that name no host, or one that no certificate is for. */
  constructor(pairs: readonly CertificatePair[], options: SecureContextOptions) {
    this.#contexts = pairs.map(({ certificate, key }) => createSecureContext({ ...options, cert: certificate, key }));
    for (const [index, { names }] of pairs.entries()) {
      for (const name of names) {
        const table = name.startsWith("*.") ? this.#wildcards : this.#exact;
        const key = name.startsWith("*.") ? name.slice(1) : name;
        if (!table.has(key)) table.set(key, this.#contexts[index]!);
      }
    }
  }

  get default(): SecureContext {
    return this.#contexts[0]!;
  }

  /** `host` as the client sent it, without a final dot. */
  find(host: string): SecureContext {
    const name = host.toLowerCase();
    const dot = name.indexOf(".");
    return this.#exact.get(name) ?? (dot > 0 ? this.#wildcards.get(name.slice(dot)) : undefined) ?? this.default;
  }
}

/** Whether one of these certificates is for the host. */
export function hasCertificateFor(pairs: readonly CertificatePair[], host: string): boolean {
  return pairs.some(({ names }) => names.some((name) => isFor(name, host)));
}
