import { statSync } from "node:fs";
import { PropylonError } from "../base/errors.ts";
import { type CertificatePair, readCertificatePair } from "./certificate-pair.ts";
import { readClientAuthorities, readClientRevocations } from "./client-authorities.ts";

/** Where a certificate chain and its key lie, absolute. */
export interface CertificateFiles {
  readonly certificate: string;
  /** Those between it and the authority, where they lie in a file of their own. */
  readonly chain?: string;
  readonly key: string;
}

/** The files of one listener. */
export interface WatchedFiles {
  readonly certificates: readonly CertificateFiles[];
  /** Passwords of encrypted keys, or null. */
  readonly keyPasswords: string | null;
  /** Certificates of those whose clients are let in, and which of their certificates they have taken back, or null. */
  readonly clientAuthorities: string | null;
  readonly clientRevocations: string | null;
}

/** Between two looks at the files, ms: what renews certificates does so weeks ahead. */
const LOOK_INTERVAL = 2000;

export interface CertificateEvents {
  /** All pairs, after one of them was renewed. */
  readonly renewed: (pairs: readonly CertificatePair[]) => void;
  /** The list of clients' authorities is another, or what they have taken back. */
  readonly clientsChanged: () => void;
  /** A changed file can't be used: what was read before stays in effect. Told once for each state of the files. */
  readonly refused: (error: PropylonError) => void;
}

/**
 * The certificates of one listener, and the authorities of its clients, read in main, which alone may read the keys. Looks at the files now and then, by stat: that
 * sees links that were moved (`live/example.org/` of certbot) and files that were replaced, wherever they lie.
 */
export class CertificateWatch {
  readonly #files: WatchedFiles;
  readonly #events: CertificateEvents;
  readonly #pairs: CertificatePair[];
  readonly #states: string[];
  #clients: ClientLists;
  #clientsState: string;
  #timer: NodeJS.Timeout | null = null;

  /** Throws the PropylonError of what can't be used. */
  constructor(files: WatchedFiles, events: CertificateEvents) {
    this.#files = files;
    this.#events = events;
    this.#states = files.certificates.map((pair) => stateOf(pathsOf(pair)));
    this.#pairs = files.certificates.map((pair) =>
      readCertificatePair(pair.certificate, pair.key, files.keyPasswords, pair.chain),
    );
    this.#clientsState = stateOf(clientFiles(files));
    this.#clients = readClientLists(files);
  }

  get pairs(): readonly CertificatePair[] {
    return this.#pairs;
  }

  /** PEM of the authorities whose clients are let in; null: none are named. */
  get authorities(): string | null {
    return this.#clients.authorities;
  }

  /** PEM of the certificates that they have taken back, or null. */
  get revocations(): string | null {
    return this.#clients.revocations;
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
    for (const [index, files] of this.#files.certificates.entries()) {
      const state = stateOf(pathsOf(files));
      if (state === this.#states[index]) continue;
      // Noted whether it can be used or not: a wrong file is told of once, and is looked at again when it changes again.
      this.#states[index] = state;
      try {
        this.#pairs[index] = readCertificatePair(files.certificate, files.key, this.#files.keyPasswords, files.chain);
        renewed = true;
      } catch (error) {
        if (!(error instanceof PropylonError)) throw error;
        this.#events.refused(error);
      }
    }
    if (renewed) this.#events.renewed(this.#pairs);
    this.#lookAtClients();
  }

  #lookAtClients(): void {
    const state = stateOf(clientFiles(this.#files));
    if (state === this.#clientsState) return;
    this.#clientsState = state;
    try {
      const before = this.#clients;
      const clients = readClientLists(this.#files);
      if (clients.authorities === before.authorities && clients.revocations === before.revocations) return;
      this.#clients = clients;
      this.#events.clientsChanged();
    } catch (error) {
      if (!(error instanceof PropylonError)) throw error;
      this.#events.refused(error);
    }
  }
}

// --- internal ---

function pathsOf({ certificate, key, chain }: CertificateFiles): readonly string[] {
  return [certificate, key, ...(chain === undefined ? [] : [chain])];
}

interface ClientLists {
  readonly authorities: string | null;
  readonly revocations: string | null;
}

function clientFiles({ clientAuthorities, clientRevocations }: WatchedFiles): readonly string[] {
  return [clientAuthorities, clientRevocations].filter((file) => file !== null);
}

function readClientLists({ clientAuthorities, clientRevocations }: WatchedFiles): ClientLists {
  return {
    authorities: clientAuthorities === null ? null : readClientAuthorities(clientAuthorities),
    revocations: clientRevocations === null ? null : readClientRevocations(clientRevocations),
  };
}

function stateOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
      return stat === undefined ? "gone" : `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}`;
    })
    .join(" ");
}
