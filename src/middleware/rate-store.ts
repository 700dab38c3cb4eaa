import { createHash } from "node:crypto";

/** One request as one limit sees it. */
export interface RateDemand {
  /** Name of the limit. */
  readonly limit: string;
  readonly key: string;
  readonly perSecond: number;
  readonly burst: number;
  /** Requests of the burst that are answered at once; null: all. */
  readonly delay: number | null;
  readonly keys: number;
}

export interface RateAnswer {
  /** The limit that is exceeded, by its place among the demands; -1: none. Then nothing was counted. */
  readonly exceeded: number;
  /** Milliseconds until the request's turn; where a limit is exceeded, until it may be asked again. */
  readonly wait: number;
}

/**
 * Where requests are counted. Ours is the memory of one edge; one that edges or machines share answers later, by a promise.
 */
export interface RateStore {
  /** Counts one request against all of these limits, or against none if one of them is exceeded. `now`: ms. */
  take(demands: readonly RateDemand[], now: number): RateAnswer | Promise<RateAnswer>;
}

interface Level {
  /** Requests above the rate, as of `last`. */
  excess: number;
  last: number;
}

/** Longer keys are kept as their digest: clients choose them. */
const LONGEST_KEY = 64;

/**
 * Counts in memory, as NGINX's `limit_req` does: what comes above the rate fills a bucket that drains at the rate; above `burst`
 * it is refused. A limit remembers a bounded number of keys, of which the one not seen for longest goes first.
 */
export class MemoryRateStore implements RateStore {
  readonly #limits = new Map<string, Map<string, Level>>();

  take(demands: readonly RateDemand[], now: number): RateAnswer {
    const levels: number[] = [];
    for (const [place, demand] of demands.entries()) {
      const { burst, perSecond } = demand;
      const level = this.#levels(demand.limit).get(storedKey(demand.key));
      const excess = level === undefined ? 0 : Math.max(0, level.excess - ((now - level.last) * perSecond) / 1000 + 1);
      if (excess > burst) return { exceeded: place, wait: ((excess - burst) * 1000) / perSecond };
      levels.push(excess);
    }
    let wait = 0;
    for (const [place, demand] of demands.entries()) {
      const excess = levels[place]!;
      this.#keep(demand, { excess, last: now });
      if (demand.delay !== null && excess > demand.delay)
        wait = Math.max(wait, ((excess - demand.delay) * 1000) / demand.perSecond);
    }
    return { exceeded: -1, wait };
  }

  /** Forgets limits that are no longer there. */
  retain(names: ReadonlySet<string>): void {
    for (const name of this.#limits.keys()) if (!names.has(name)) this.#limits.delete(name);
  }

  /** Keys that are remembered for a limit. */
  size(limit: string): number {
    return this.#limits.get(limit)?.size ?? 0;
  }

  // --- internal ---

  #levels(limit: string): Map<string, Level> {
    let levels = this.#limits.get(limit);
    if (levels === undefined) {
      levels = new Map();
      this.#limits.set(limit, levels);
    }
    return levels;
  }

  #keep({ limit, key, keys }: RateDemand, level: Level): void {
    const levels = this.#levels(limit);
    const stored = storedKey(key);
    // What is put in anew goes to the end.
    levels.delete(stored);
    while (levels.size >= keys) levels.delete(levels.keys().next().value!);
    levels.set(stored, level);
  }
}

// --- internal ---

/** A copy, as a slice of a header would keep the whole of it alive. */
function storedKey(key: string): string {
  if (key.length > LONGEST_KEY) return createHash("sha256").update(key, "latin1").digest("base64");
  return Buffer.from(key, "latin1").latin1Slice();
}
