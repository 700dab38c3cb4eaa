import type { Client } from "acme-client";
import type { Log } from "../base/log.ts";
import { readManaged, writeManaged } from "../tls/managed-file.ts";
import { type AccountSettings, openAccount } from "./account.ts";
import { checkIssued } from "./check-issued.ts";
import { type ChallengeAnswers, orderCertificate } from "./order.ts";
import { failureWait, renewalTime } from "./schedule.ts";

/** Longest sleep, ms: a clock that was set, or a machine that slept, is noticed by then. */
const LONGEST_SLEEP = 3_600_000;
/** An order that has not come to an end by then never will, ms: its connection hangs. */
const LONGEST_ORDER = 600_000;
/** However short the life of what came, it is not asked for again before, ms. */
const SHORTEST_LIFE = 60_000;

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

  async #order(host: string, answers: ChallengeAnswers): Promise<{ key: string; chain: string }> {
    this.#client ??= await openAccount(this.#account);
    return orderCertificate({ client: this.#client, host, email: this.#account.email, answers });
  }

  async #renew(kept: Kept): Promise<void> {
    const { log, answers, written } = this.#parts;
    const { host, file } = kept;
    log.info(`asks ${new URL(this.#account.directory).host} for a certificate for ${host}`);
    try {
      const { key, chain } = await within(LONGEST_ORDER, this.#order(host, answers));
      if (this.#stopped) return;
      checkIssued(chain, key, host, Date.now());
      writeManaged(file, key, chain);
      kept.failures = 0;
      const has = readManaged(file);
      kept.due = Math.max(renewalTime(has, Math.random()), Date.now() + SHORTEST_LIFE);
      log.info(`the certificate for ${host} is here`, { until: new Date(has?.until ?? 0).toISOString() });
      written();
    } catch (error) {
      kept.failures++;
      this.#client = null;
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

/** The promise, or a rejection when it takes longer than so many ms; what becomes of it then is nobody's concern. */
async function within<T>(time: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | null = null;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the authority has not answered within ${time / 60_000} min`)), time);
    timer.unref();
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer!);
  }
}

/** The authority's own words, or the network's. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return error.message === "" && code !== undefined ? code : error.message;
}
