import type { MetricFamily } from "./family.ts";
import { type Counter, type Gauge, type Labelled, Registry } from "./registry.ts";

/** What is counted of one store of the HTTP cache. Kept by its owner; the hot path adds to the members. */
export interface CacheStoreMetrics {
  /** By how the request came to be answered: HIT, MISS, ... */
  result(name: string): Counter;
  /** Requests that waited for another's answer. */
  readonly collapsed: Counter;
  readonly stored: Counter;
  readonly purged: Counter;
  readonly evicted: Counter;
  readonly bytes: Gauge;
  readonly entries: Gauge;
  readonly limit: Gauge;
}

/** Metrics of the stores of an edge's HTTP cache. */
export class CacheMetrics {
  readonly #registry = new Registry();
  readonly #requests: Labelled<Counter>;
  readonly #collapsed: Labelled<Counter>;
  readonly #stored: Labelled<Counter>;
  readonly #purged: Labelled<Counter>;
  readonly #evicted: Labelled<Counter>;
  readonly #bytes: Labelled<Gauge>;
  readonly #entries: Labelled<Gauge>;
  readonly #limit: Labelled<Gauge>;

  constructor() {
    const registry = this.#registry;
    const requests = "Requests to routes with a cache, by how they were answered.";
    this.#requests = registry.counter("propylon_cache_requests_total", requests, ["store", "result"]);
    const collapsed = "Requests that waited for an answer that another was fetching.";
    this.#collapsed = registry.counter("propylon_cache_collapsed_total", collapsed, ["store"]);
    this.#stored = registry.counter("propylon_cache_stored_total", "Answers that were stored.", ["store"]);
    const purged = "Answers that were removed by a purge or an unsafe request.";
    this.#purged = registry.counter("propylon_cache_purged_total", purged, ["store"]);
    const evicted = "Answers that were removed to make room.";
    this.#evicted = registry.counter("propylon_cache_evicted_total", evicted, ["store"]);
    this.#bytes = registry.gauge("propylon_cache_bytes", "Memory that stored answers take.", ["store"]);
    this.#entries = registry.gauge("propylon_cache_entries", "Answers that are stored.", ["store"]);
    this.#limit = registry.gauge("propylon_cache_limit_bytes", "Memory that stored answers may take.", ["store"]);
  }

  families(): MetricFamily[] {
    return this.#registry.families();
  }

  /** The same name gives the same counts, before and after a reload. */
  store(name: string): CacheStoreMetrics {
    return {
      result: (result) => this.#requests.with(name, result.toLowerCase()),
      collapsed: this.#collapsed.with(name),
      stored: this.#stored.with(name),
      purged: this.#purged.with(name),
      evicted: this.#evicted.with(name),
      bytes: this.#bytes.with(name),
      entries: this.#entries.with(name),
      limit: this.#limit.with(name),
    };
  }
}
