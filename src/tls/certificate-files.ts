import { statSync } from "node:fs";
import { PropylonError } from "../base/errors.ts";
import { type CertificatePair, readCertificatePair } from "./certificate-pair.ts";

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
  /** A changed file can't be used: what was read before stays in effect. Told once for each state of the files. */
  readonly refused: (error: PropylonError) => void;
}

/**
 * The certificates of one listener, read in main, which alone may read the keys. Looks at the files now and then, by stat: that
 * sees links that were moved (`live/example.org/` of certbot) and files that were replaced, wherever they lie.
 */
export class CertificateWatch {
  readonly #files: readonly CertificateFiles[];
  readonly #events: CertificateEvents;
  readonly #pairs: CertificatePair[];
  readonly #states: string[];
  #timer: NodeJS.Timeout | null = null;

  /** Throws the PropylonError of a pair that can't be used. */
  constructor(files: readonly CertificateFiles[], events: CertificateEvents) {
    this.#files = files;
    this.#events = events;
    this.#states = files.map(stateOf);
    this.#pairs = files.map(({ certificate, key }) => readCertificatePair(certificate, key));
  }

  get pairs(): readonly CertificatePair[] {
    return this.#pairs;
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
      const state = stateOf(files);
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
  }
}

// --- internal ---

function stateOf({ certificate, key }: CertificateFiles): string {
  return [certificate, key]
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
      return stat === undefined ? "gone" : `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}`;
    })
    .join(" ");
}
