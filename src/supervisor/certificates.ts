import { hash, hkdfSync, randomBytes } from "node:crypto";
import { createSecureContext } from "node:tls";
import { isDeepStrictEqual } from "node:util";
import { describe, PropylonError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Config, TlsConfig } from "../config/model.ts";
import type { SecureSettings } from "../edge/messages.ts";
import { CertificateWatch } from "../tls/certificate-files.ts";

interface Kept {
  readonly tls: TlsConfig;
  readonly watch: CertificateWatch;
}

/** What the keys come from that session tickets of all edges, also of those to come, are sealed with; it lives as long as main. */
const TICKET_SECRET = randomBytes(48);

/** The certificates of the listeners, by the listener's address: read here, since edges may not read keys, and told to the edge. */
export class Certificates {
  readonly #log: Log;
  readonly #renewed: (key: string, secure: SecureSettings) => void;
  #kept = new Map<string, Kept>();

  constructor(log: Log, renewed: (key: string, secure: SecureSettings) => void) {
    this.#log = log;
    this.#renewed = renewed;
  }

  /** Reads what this configuration needs and does not have yet, and watches it. Throws a PropylonError for what can't be used; then all is as before. */
  use({ listeners }: Pick<Config, "listeners">): void {
    const next = new Map<string, Kept>();
    for (const { address, tls } of listeners) {
      if (tls === null) continue;
      const known = this.#kept.get(address);
      next.set(address, known !== undefined && isDeepStrictEqual(known.tls, tls) ? known : this.#read(address, tls));
    }
    for (const [key, { watch }] of this.#kept) if (next.get(key)?.watch !== watch) watch.stop();
    for (const { watch } of next.values()) watch.start();
    this.#kept = next;
  }

  /** What the edge is told. */
  settings(): Readonly<Record<string, SecureSettings>> {
    return Object.fromEntries([...this.#kept].map(([key, kept]) => [key, secureSettings(key, kept)]));
  }

  /** Looks at the files now: somebody knows that they were written. */
  look(): void {
    for (const { watch } of this.#kept.values()) watch.look();
  }

  stop(): void {
    for (const { watch } of this.#kept.values()) watch.stop();
  }

  // --- internal ---

  #read(key: string, tls: TlsConfig): Kept {
    const watch = new CertificateWatch(tls, {
      renewed: () => {
        this.#log.info(`listener ${key}: the certificate was renewed`);
        this.#renewed(key, secureSettings(key, kept));
      },
      clientsChanged: () => {
        this.#log.info(`listener ${key}: the authorities of its clients have changed`);
        this.#renewed(key, secureSettings(key, kept));
      },
      refused: (error) => this.#log.error(`listener ${key} keeps its certificate: ${describe(error)}`),
    });
    const kept: Kept = { tls, watch };
    prove(key, kept);
    return kept;
  }
}

function secureSettings(key: string, { tls, watch }: Kept): SecureSettings {
  const { authorities, revocations } = watch;
  return {
    pairs: watch.pairs,
    minimum: tls.minimum,
    ciphers: tls.ciphers,
    clientAuthorities: authorities,
    clients: tls.clients,
    clientRevocations: revocations,
    refuseUnknown: tls.refuseUnknown,
    ticketKeys: ticketKeys(tls.clients === "none" ? "" : [key, tls.clients, authorities, revocations].join("\0")),
  };
}

/**
 * A session is taken up without a look at the client's certificate (RFC 8446 §4.6.1): a ticket has to be worth nothing where
 * other clients are let in than where it was given.
 */
function ticketKeys(who: string): string {
  // Node takes 1024 bytes of it at most, and a file of authorities is longer.
  return Buffer.from(hkdfSync("sha256", TICKET_SECRET, "", hash("sha256", who), 48)).toString("base64");
}

/** OpenSSL's own word on all of it, before an edge has to live with it. */
function prove(key: string, { tls, watch }: Kept): void {
  const { authorities, revocations } = watch;
  for (const { certificate, key: privateKey } of watch.pairs) {
    try {
      createSecureContext({
        cert: certificate,
        key: privateKey,
        minVersion: tls.minimum,
        ...(tls.ciphers === null ? {} : { ciphers: tls.ciphers }),
        ...(authorities === null ? {} : { ca: authorities }),
        ...(revocations === null ? {} : { crl: revocations }),
      });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new PropylonError("user", `The TLS settings of ${key} can't be used: ${why}`, { cause });
    }
  }
}
