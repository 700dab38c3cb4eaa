import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
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
  readonly authorities: string | null;
}

/** Session tickets of all edges, also of those to come, are sealed with this (48 bytes); it lives as long as main. */
const TICKET_KEYS = randomBytes(48).toString("base64");

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
    return Object.fromEntries([...this.#kept].map(([key, kept]) => [key, secureSettings(kept)]));
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
    const watch = new CertificateWatch(tls.certificates, {
      renewed: () => {
        this.#log.info(`listener ${key}: the certificate was renewed`);
        this.#renewed(key, secureSettings(kept));
      },
      refused: (error) => this.#log.error(`listener ${key} keeps its certificate: ${describe(error)}`),
    });
    const authorities = tls.clientAuthorities === null ? null : readAuthorities(tls.clientAuthorities);
    const kept: Kept = { tls, watch, authorities };
    prove(key, kept);
    return kept;
  }
}

function secureSettings({ tls, watch, authorities }: Kept): SecureSettings {
  return {
    pairs: watch.pairs,
    minimum: tls.minimum,
    ciphers: tls.ciphers,
    clientAuthorities: authorities,
    clientRequired: tls.clientRequired,
    ticketKeys: TICKET_KEYS,
  };
}

/** OpenSSL's own word on all of it, before an edge has to live with it. */
function prove(key: string, { tls, watch, authorities }: Kept): void {
  for (const { certificate, key: privateKey } of watch.pairs) {
    try {
      createSecureContext({
        cert: certificate,
        key: privateKey,
        minVersion: tls.minimum,
        ...(tls.ciphers === null ? {} : { ciphers: tls.ciphers }),
        ...(authorities === null ? {} : { ca: authorities }),
      });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new PropylonError("user", `The TLS settings of ${key} can't be used: ${why}`, { cause });
    }
  }
}

function readAuthorities(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PropylonError("user", `Cannot read the authorities of clients ${file}: ${why}`, { cause });
  }
}
