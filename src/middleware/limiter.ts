import type {
  ConcurrencyLimitConfig,
  ConcurrencyUseConfig,
  RateLimitConfig,
  RateUseConfig,
} from "../config/policy-model.ts";
import type { Exchange } from "../http/exchange.ts";
import { stateOf } from "../template/request-state.ts";
import type { Denial } from "./check.ts";
import type { Limits } from "./limits.ts";
import type { RateAnswer, RateDemand } from "./rate-store.ts";

type Key = (exchange: Exchange) => string;

export interface LimiterParts {
  readonly limits: Limits;
  readonly rates: readonly { readonly use: RateUseConfig; readonly limit: RateLimitConfig; readonly key: Key }[];
  readonly concurrency: readonly {
    readonly use: ConcurrencyUseConfig;
    readonly limit: ConcurrencyLimitConfig;
    readonly key: Key;
  }[];
}

/** The limits of one route: how often, and how many at the same time. Each request is counted once, wherever it is led. */
export class Limiter {
  readonly #parts: LimiterParts;

  constructor(parts: LimiterParts) {
    this.#parts = parts;
  }

  /** Calls `go` when the exchange may go on, at once or when its turn comes; else `refuse`. */
  admit(exchange: Exchange, go: () => void, refuse: (denial: Denial) => void): void {
    const state = stateOf(exchange);
    if (state.counted) return go();
    state.counted = true;
    const denial = this.#enter(exchange);
    if (denial !== null) return refuse(denial);
    const asked = this.#parts.rates
      .map(({ use, limit, key }) => ({ use, demand: demandOf(use, limit, key(exchange)) }))
      .filter(({ demand }) => demand.key !== "");
    if (asked.length === 0) return go();
    const now = performance.now();
    for (const { use, demand } of asked) if (use.dryRun) this.#rehearse(exchange, demand, now);
    const counted = asked.filter(({ use }) => !use.dryRun);
    if (counted.length === 0) return go();
    const answer = this.#parts.limits.rates.take(
      counted.map(({ demand }) => demand),
      now,
    );
    const settle = (settled: RateAnswer): void => this.#settle(exchange, counted, settled, go, refuse);
    if (answer instanceof Promise) void answer.then(settle, () => settle(UNKNOWN));
    else settle(answer);
  }

  // --- internal ---

  #settle(
    exchange: Exchange,
    counted: readonly { readonly use: RateUseConfig; readonly demand: RateDemand }[],
    { exceeded, wait }: RateAnswer,
    go: () => void,
    refuse: (denial: Denial) => void,
  ): void {
    if (exchange.aborted) return;
    const { limits } = this.#parts;
    const client = exchange.client.address;
    if (exceeded >= 0) {
      const { use, demand } = counted[exceeded]!;
      limits.say("rate", demand.limit, "refused", client);
      return refuse(denialOf(use.status, wait));
    }
    for (const { demand } of counted) limits.say("rate", demand.limit, wait > 0 ? "delayed" : "passed", client);
    if (wait <= 0) return go();
    const timer = setTimeout(() => {
      exchange.onAbort = null;
      if (!exchange.aborted) go();
    }, wait);
    exchange.onAbort = () => clearTimeout(timer);
  }

  /** null: there is room, and the exchange has taken it. */
  #enter(exchange: Exchange): Denial | null {
    const { limits, concurrency } = this.#parts;
    const client = exchange.client.address;
    for (const { use, key } of concurrency) {
      const value = key(exchange);
      if (value === "") continue;
      const full = limits.open(use.limit, value) >= use.most;
      limits.say("concurrency", use.limit, !full ? "passed" : use.dryRun ? "would_refuse" : "refused", client);
      if (full && !use.dryRun) return denialOf(use.status, 0);
      stateOf(exchange).atEnd.push(limits.enter(use.limit, value));
    }
    return null;
  }

  #rehearse(exchange: Exchange, demand: RateDemand, now: number): void {
    const { limits } = this.#parts;
    const say = ({ exceeded, wait }: RateAnswer): void =>
      limits.say(
        "rate",
        demand.limit,
        exceeded >= 0 ? "would_refuse" : wait > 0 ? "delayed" : "passed",
        exchange.client.address,
      );
    const answer = limits.rates.take([demand], now);
    if (answer instanceof Promise) void answer.then(say, () => {});
    else say(answer);
  }
}

// --- internal ---

/** A store that doesn't answer refuses nobody. */
const UNKNOWN: RateAnswer = { exceeded: -1, wait: 0 };

function demandOf({ limit: name, burst, delay }: RateUseConfig, limit: RateLimitConfig, key: string): RateDemand {
  return { limit: name, key, perSecond: limit.perSecond, burst, delay, keys: limit.keys };
}

function denialOf(status: number, wait: number): Denial {
  return {
    status,
    reason: "Too many requests",
    headers: [["Retry-After", String(Math.max(1, Math.ceil(wait / 1000)))]],
  };
}
