import type { Log } from "../base/log.ts";
import type { ConcurrencyLimitConfig, RateLimitConfig } from "../config/policy-model.ts";
import type { MetricFamily, MetricSample } from "../metrics/family.ts";
import { MemoryRateStore, type RateStore } from "./rate-store.ts";

export type RateOutcome = "passed" | "delayed" | "refused" | "would_refuse";

/** A limit that is exceeded is logged at most this often, ms. */
const QUIET = 10_000;

interface Tally {
  readonly outcomes: Record<RateOutcome, number>;
  quietUntil: number;
  /** Refusals since the last line in the log. */
  unsaid: number;
}

/** What is counted by the limits of this edge. Outlives a reload. */
export class Limits {
  readonly rates: RateStore;
  readonly #memory = new MemoryRateStore();
  readonly #log: Log;
  /** Limit -> key -> requests that are being answered. */
  readonly #open = new Map<string, Map<string, number>>();
  readonly #tallies = new Map<string, Tally>();

  constructor(log: Log) {
    this.#log = log;
    this.rates = this.#memory;
  }

  /** Forgets what no limit counts any more. Requests on their way keep what they hold. */
  configure(
    rates: Readonly<Record<string, RateLimitConfig>>,
    concurrency: Readonly<Record<string, ConcurrencyLimitConfig>>,
  ): void {
    this.#memory.retain(new Set(Object.keys(rates)));
    for (const key of this.#tallies.keys()) {
      const [kind, name] = [key.slice(0, key.indexOf(" ")), key.slice(key.indexOf(" ") + 1)];
      if (!Object.hasOwn(kind === "rate" ? rates : concurrency, name)) this.#tallies.delete(key);
    }
  }

  /** Requests of this key that are being answered. */
  open(limit: string, key: string): number {
    return this.#open.get(limit)?.get(key) ?? 0;
  }

  /** One more of this key; what is returned takes it back. */
  enter(limit: string, key: string): () => void {
    let keys = this.#open.get(limit);
    if (keys === undefined) {
      keys = new Map();
      this.#open.set(limit, keys);
    }
    keys.set(key, (keys.get(key) ?? 0) + 1);
    const counted = keys;
    return () => {
      const left = counted.get(key)! - 1;
      if (left === 0) counted.delete(key);
      else counted.set(key, left);
    };
  }

  /** Counts what became of a request; refusals are logged, now and then. */
  say(kind: "rate" | "concurrency", limit: string, outcome: RateOutcome, client: string): void {
    const name = `${kind} ${limit}`;
    let tally = this.#tallies.get(name);
    if (tally === undefined) {
      tally = { outcomes: { passed: 0, delayed: 0, refused: 0, would_refuse: 0 }, quietUntil: 0, unsaid: 0 };
      this.#tallies.set(name, tally);
    }
    tally.outcomes[outcome]++;
    if (outcome !== "refused" && outcome !== "would_refuse") return;
    tally.unsaid++;
    const now = performance.now();
    if (now < tally.quietUntil) return;
    tally.quietUntil = now + QUIET;
    const what = outcome === "refused" ? "refused" : "only counted (dry_run)";
    const times = tally.unsaid === 1 ? "a request was" : `${tally.unsaid} requests were`;
    this.#log.warn(`${kind} limit ${limit}: ${times} ${what}, the last of ${client || "unix:"}`);
    tally.unsaid = 0;
  }

  families(): MetricFamily[] {
    const name = "propylon_http_limited_requests_total";
    const samples: MetricSample[] = [];
    for (const [key, { outcomes }] of this.#tallies) {
      const [kind, limit] = [key.slice(0, key.indexOf(" ")), key.slice(key.indexOf(" ") + 1)];
      for (const [outcome, value] of Object.entries(outcomes))
        samples.push({ name, labels: { kind, limit, outcome }, value });
    }
    if (samples.length === 0) return [];
    return [
      {
        name,
        help: "Requests that a rate or concurrency limit has looked at, by what became of them.",
        type: "counter",
        samples,
      },
    ];
  }
}
