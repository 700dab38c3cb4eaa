import type { Client } from "acme-client";
import type { Log } from "../base/log.ts";
import { readManaged, writeManaged } from "../tls/managed-file.ts";
import { type AccountSettings, openAccount } from "./account.ts";
import { type ChallengeAnswers, orderCertificate } from "./order.ts";
import { failureWait, renewalTime } from "./schedule.ts";

/** Longest sleep, ms: a clock that was set, or a machine that slept, is noticed by then. */
const LONGEST_SLEEP = 3_600_000;

export interface RenewalParts {
  readonly log: Log;
  readonly answers: ChallengeAnswers;
  /** A certificate was written. */
  readonly written: () => void;
}

/** A certificate to be had: for which host, in which file. */
export interface Wanted {
  readonly host: string;
  readonly file: string;
}

interface Kept extends Wanted {
  /** When it is due, ms since 1970. */
  due: number;
  failures: number;
}

/** Keeps the certificates of some hosts valid: one order at a time, again and later after a failure. Never throws. */
export class Renewals {
  readonly #account: AccountSettings;
  readonly #hosts: readonly Kept[];
  readonly #parts: RenewalParts;
  #client: Client | null = null;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(account: AccountSettings, wanted: readonly Wanted[], parts: RenewalParts) {
    this.#account = account;
    this.#hosts = wanted.map((one) => ({ ...one, due: 0, failures: 0 }));
    this.#parts = parts;
  }

  start(): void {
    for (const kept of this.#hosts) kept.due = renewalTime(readManaged(kept.file), Math.random());
    this.#sleep();
  }

  /** An order that runs is left to its end; nothing comes of it. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  // --- internal ---

  #sleep(): void {
    if (this.#stopped) return;
    const next = Math.min(...this.#hosts.map(({ due }) => due));
    const wait = Math.min(LONGEST_SLEEP, Math.max(0, next - Date.now()));
    this.#timer = setTimeout(() => void this.#work(), wait).unref();
  }

  async #work(): Promise<void> {
    for (const kept of this.#hosts) {
      if (kept.due <= Date.now() && !this.#stopped) await this.#renew(kept);
    }
    this.#sleep();
  }

  async #renew(kept: Kept): Promise<void> {
    const { log, answers, written } = this.#parts;
    const { host, file } = kept;
    log.info(`asks ${new URL(this.#account.directory).host} for a certificate for ${host}`);
    try {
      this.#client ??= await openAccount(this.#account);
      const { key, chain } = await orderCertificate({
        client: this.#client,
        host,
        email: this.#account.email,
        answers,
      });
      if (this.#stopped) return;
      writeManaged(file, key, chain);
      kept.failures = 0;
      const has = readManaged(file);
      kept.due = renewalTime(has, Math.random());
      log.info(`the certificate for ${host} is here`, { until: new Date(has?.until ?? 0).toISOString() });
      written();
    } catch (error) {
      kept.failures++;
      const wait = failureWait(kept.failures, Math.random());
      kept.due = Date.now() + wait;
      const until = readManaged(file);
      const meanwhile =
        until === null || until.placeholder
          ? "until then clients get a certificate that they do not trust"
          : `the present one is good until ${new Date(until.until).toISOString()}`;
      log.error(
        `no certificate for ${host}: ${reasonOf(error)}; tries again in ${Math.ceil(wait / 60_000)} min; ${meanwhile}`,
      );
    }
  }
}

/** The authority's own words, or the network's. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return error.message === "" && code !== undefined ? code : error.message;
}
