import { statSync } from "node:fs";
import { PropylonError } from "../base/errors.ts";
import { type CertificatePair, readCertificatePair } from "./certificate-pair.ts";
import { readClientAuthorities } from "./client-authorities.ts";

/** Where a certificate chain and its key lie, absolute. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Between two looks at the files, ms: what renews certificates does so weeks ahead. */
const LOOK_INTERVAL = 2000;

export interface CertificateEvents {
  /** All pairs, after one of them was renewed. */
  readonly renewed: (pairs: readonly CertificatePair[]) => void;
  /** The list of clients' authorities is another. */
  readonly authoritiesChanged: () => void;
  /** A changed file can't be used: what was read before stays in effect. Told once for each state of the files. */
  readonly refused: (error: PropylonError) => void;
}

/**
 * The certificates of one listener, and the authorities of its clients, read in main, which alone may read the keys. Looks at the files now and then, by stat: that
 * sees links that were moved (`live/example.org/` of certbot) and files that were replaced, wherever they lie.
 */
export class CertificateWatch {
  readonly #files: readonly CertificateFiles[];
  readonly #events: CertificateEvents;
  readonly #pairs: CertificatePair[];
  readonly #states: string[];
  readonly #authoritiesFile: string | null;
  #authorities: string | null;
  #authoritiesState: string;
  #timer: NodeJS.Timeout | null = null;

  /** `authorities`: the file of those whose clients are let in, or null. Throws the PropylonError of what can't be used. */
  constructor(files: readonly CertificateFiles[], authorities: string | null, events: CertificateEvents) {
    this.#files = files;
    this.#events = events;
    this.#states = files.map(({ certificate, key }) => stateOf([certificate, key]));
    this.#pairs = files.map(({ certificate, key }) => readCertificatePair(certificate, key));
    this.#authoritiesFile = authorities;
    this.#authoritiesState = authorities === null ? "" : stateOf([authorities]);
    this.#authorities = authorities === null ? null : readClientAuthorities(authorities);
  }

  get pairs(): readonly CertificatePair[] {
    return this.#pairs;
  }

  /** PEM of the authorities whose clients are let in; null: clients show no certificate. */
  get authorities(): string | null {
    return this.#authorities;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.look(), LOOK_INTERVAL).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Reads what has changed since the last look. */
  look(): void {
    let renewed = false;
    for (const [index, files] of this.#files.entries()) {
      const state = stateOf([files.certificate, files.key]);
      if (state === this.#states[index]) continue;
      // Noted whether it can be used or not: a wrong file is told of once, and is looked at again when it changes again.
      this.#states[index] = state;
      try {
        this.#pairs[index] = readCertificatePair(files.certificate, files.key);
        renewed = true;
      } catch (error) {
        if (!(error instanceof PropylonError)) throw error;
        this.#events.refused(error);
      }
    }
    if (renewed) this.#events.renewed(this.#pairs);
    this.#lookAtAuthorities();
  }

  #lookAtAuthorities(): void {
    const file = this.#authoritiesFile;
    const state = file === null ? "" : stateOf([file]);
    if (file === null || state === this.#authoritiesState) return;
    this.#authoritiesState = state;
    try {
      const authorities = readClientAuthorities(file);
      if (authorities === this.#authorities) return;
      this.#authorities = authorities;
      this.#events.authoritiesChanged();
    } catch (error) {
      if (!(error instanceof PropylonError)) throw error;
      this.#events.refused(error);
    }
  }
}

// --- internal ---

function stateOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
      return stat === undefined ? "gone" : `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}`;
    })
    .join(" ");
}
