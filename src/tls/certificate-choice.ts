import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { type CertificatePair, isFor } from "./certificate-pair.ts";

/** The certificates of a listener, chosen by the name that the client asks for (RFC 6066 §3). */
export class CertificateChoice {
  readonly #exact = new Map<string, SecureContext | null>();
  readonly #wildcards = new Map<string, SecureContext | null>();
  readonly #unknown: SecureContext | null;

  /** With `refuseUnknown` the handshake fails of clients that ask for a host that no certificate is for. */
  constructor(pairs: readonly CertificatePair[], options: SecureContextOptions, refuseUnknown = false) {
    const ownPairs = refuseUnknown ? [] : defaultPairs(pairs);
    // A context that is chosen later has one certificate (of Node's): what the server itself has is best left to it.
    const contexts = pairs.map((pair) =>
      ownPairs.includes(pair) ? null : createSecureContext({ ...options, ...pairOptions([pair]) }),
    );
    for (const [index, { names }] of pairs.entries()) {
      for (const name of names) {
        const table = name.startsWith("*.") ? this.#wildcards : this.#exact;
        const key = name.startsWith("*.") ? name.slice(1) : name;
        if (!table.has(key)) table.set(key, contexts[index]!);
      }
    }
    this.#unknown = refuseUnknown ? createSecureContext(options) : null;
  }

  /** `host` as the client sent it, without a final dot. null: the certificates of `defaultPairs`, which the server itself has. */
  find(host: string): SecureContext | null {
    const name = host.toLowerCase();
    const dot = name.indexOf(".");
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    const wildcard = dot > 0 ? this.#wildcards.get(name.slice(dot)) : undefined;
    return wildcard === undefined ? this.#unknown : wildcard;
  }
}

/** Whether one of these certificates is for the host. */
export function hasCertificateFor(pairs: readonly CertificatePair[], host: string): boolean {
  return pairs.some(({ names }) => names.some((name) => isFor(name, host)));
}

/** Those for clients that name no host, or one that no certificate is for: the first pair, and one for the same hosts by each other algorithm. */
export function defaultPairs(pairs: readonly CertificatePair[]): readonly CertificatePair[] {
  const names = pairs[0]!.names.join();
  const alike = pairs.filter((pair, at) => at === 0 || pair.names.join() === names);
  return alike.filter((pair, at) => alike.findIndex(({ algorithm }) => algorithm === pair.algorithm) === at);
}

/** As Node wants them. */
export function pairOptions(pairs: readonly CertificatePair[]): Pick<SecureContextOptions, "cert" | "key"> {
  if (pairs.length === 0) return {};
  return { cert: pairs.map(({ certificate }) => certificate), key: pairs.map(({ key }) => key) };
}
