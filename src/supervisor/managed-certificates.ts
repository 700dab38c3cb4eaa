import { isDeepStrictEqual } from "node:util";
import { Renewals, type Wanted } from "../acme/renewals.ts";
import type { Log } from "../base/log.ts";
import type { Config, ManagedTls } from "../config/model.ts";
import { authorityFile, ensureInternal } from "../tls/internal-authority.ts";
import { issueCertificate } from "../tls/issue.ts";
import { PLACEHOLDER, readManaged, writeManaged } from "../tls/managed-file.ts";

/** How often certificates of our own authority are looked at, ms. */
const INTERNAL_LOOK = 6 * 3_600_000;
/** Life of a certificate that stands in, days. */
const PLACEHOLDER_DAYS = 7;

type Account = NonNullable<ManagedTls["account"]>;

export interface ManagedParts {
  readonly log: Log;
  /** The answers of challenges are now these, by token. */
  readonly answers: (answers: Readonly<Record<string, string>>) => void;
  /** Files of certificates were written. */
  readonly written: () => void;
}

/** The certificates that we get from authorities, or make ourselves. */
export class ManagedCertificates {
  readonly #parts: ManagedParts;
  readonly #answers = new Map<string, string>();
  #running: { readonly account: Account; readonly wanted: readonly Wanted[]; readonly renewals: Renewals }[] = [];
  #internal: readonly ManagedTls[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: ManagedParts) {
    this.#parts = parts;
  }

  /** The answers of challenges that run, by token: what a new edge is told. */
  get answers(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#answers);
  }

  /**
   * Sees to it that every file of this configuration is there: what is kept is used at once, so that an authority that is down
   * stops nothing; what is missing is stood in for. Throws a PropylonError when the folder can't be written.
   */
  async prepare(config: Pick<Config, "listeners">): Promise<void> {
    for (const managed of managedOf(config)) {
      if (managed.kind === "internal") await this.#makeInternal(managed);
      else for (const { file, hosts } of managed.kept) await placeholder(file, hosts);
    }
  }

  /** Begins with what this configuration wants, ends with what it no longer does. */
  use(config: Pick<Config, "listeners">): void {
    const managed = managedOf(config);
    const before = this.#running;
    this.#running = byAccount(managed).map(({ account, wanted }) => {
      const known = before.find((one) =>
        isDeepStrictEqual({ account: one.account, wanted: one.wanted }, { account, wanted }),
      );
      return known ?? { account, wanted, renewals: this.#begin(account, wanted) };
    });
    for (const one of before) if (!this.#running.includes(one)) one.renewals.stop();
    this.#internal = managed.filter(({ kind }) => kind === "internal");
    this.#timer ??= setInterval(() => void this.#renewInternal(), INTERNAL_LOOK).unref();
  }

  stop(): void {
    for (const { renewals } of this.#running) renewals.stop();
    this.#running = [];
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  // --- internal ---

  #begin(account: Account, wanted: readonly Wanted[]): Renewals {
    const { log, written } = this.#parts;
    const renewals = new Renewals(account, wanted, {
      log: log.child("certificates"),
      written,
      answers: {
        put: (token, answer) => this.#change(() => this.#answers.set(token, answer)),
        remove: (token) => this.#change(() => this.#answers.delete(token)),
      },
    });
    renewals.start();
    return renewals;
  }

  #change(change: () => void): void {
    change();
    this.#parts.answers(this.answers);
  }

  async #makeInternal({ storage, kept }: ManagedTls): Promise<void> {
    for (const { file, hosts } of kept)
      if (await ensureInternal(storage, file, hosts))
        this.#parts.log.info(
          `made a certificate for ${hosts.join(", ")}; browsers trust it once they trust ${authorityFile(storage)}`,
        );
  }

  async #renewInternal(): Promise<void> {
    try {
      for (const managed of this.#internal) await this.#makeInternal(managed);
      this.#parts.written();
    } catch (error) {
      this.#parts.log.error(`no new certificate of our own: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function managedOf({ listeners }: Pick<Config, "listeners">): readonly ManagedTls[] {
  return listeners.flatMap(({ tls }) => (tls?.managed ? [tls.managed] : []));
}

/** Listeners that share an account share its certificates, too. */
function byAccount(managed: readonly ManagedTls[]): { account: Account; wanted: Wanted[] }[] {
  const groups: { account: Account; wanted: Wanted[] }[] = [];
  for (const { account, kept } of managed) {
    if (account === null) continue;
    let group = groups.find((one) => isDeepStrictEqual(one.account, account));
    if (group === undefined) {
      group = { account, wanted: [] };
      groups.push(group);
    }
    for (const { file, hosts } of kept)
      if (!group.wanted.some((one) => one.file === file)) group.wanted.push({ file, host: hosts[0]! });
  }
  return groups;
}

/** For handshakes before the first certificate is here. */
async function placeholder(file: string, hosts: readonly string[]): Promise<void> {
  const kept = readManaged(file);
  if (kept !== null && !(kept.placeholder && kept.until < Date.now())) return;
  const { certificate, key } = await issueCertificate({ name: PLACEHOLDER, hosts, days: PLACEHOLDER_DAYS }, null);
  writeManaged(file, key, certificate);
}
