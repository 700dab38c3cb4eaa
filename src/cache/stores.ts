import type { CacheStoreConfig } from "../config/model.ts";
import { CacheMetrics } from "../metrics/cache-metrics.ts";
import type { MetricFamily } from "../metrics/family.ts";
import type { CachedAnswer, CacheOrder, CacheReport, CacheStoreStatus, Purge } from "./orders.ts";
import { Shelf } from "./shelf.ts";
import { plainUrl } from "./url.ts";

/** The stores of an edge. They outlive a reload, and with them what is stored. */
export class CacheStores {
  readonly #metrics = new CacheMetrics();
  readonly #shelves = new Map<string, Shelf>();

  /** Takes the stores of a configuration: those that are no longer named are let go with all that is in them. */
  configure(configs: Readonly<Record<string, CacheStoreConfig>>): void {
    for (const name of [...this.#shelves.keys()]) if (configs[name] === undefined) this.#shelves.delete(name);
    for (const [name, { size }] of Object.entries(configs)) this.#shelves.get(name)?.store.resize(size);
  }

  /** The store of this name, made at its first use. */
  shelf(name: string, size: number): Shelf {
    let shelf = this.#shelves.get(name);
    if (shelf === undefined) {
      shelf = new Shelf(size, this.#metrics.store(name));
      this.#shelves.set(name, shelf);
    }
    return shelf;
  }

  /** Removes what is stored for a URL in every store: an unsafe request has changed it (RFC 9111 §4.4). */
  invalidate(url: string): void {
    for (const shelf of this.#shelves.values()) shelf.purgeUrl(url);
  }

  /** Returns how many entries were removed. */
  purge({ url, prefix, all, store }: Purge): number {
    let removed = 0;
    for (const [name, shelf] of this.#shelves) {
      if (store !== undefined && store !== name) continue;
      if (url !== undefined) removed += shelf.purgeUrl(plainUrl(url) ?? url);
      else if (prefix !== undefined) {
        const beginning = plainUrl(prefix) ?? prefix;
        removed += shelf.purge((one) => one.startsWith(beginning));
      } else if (all === true) removed += shelf.purge(() => true);
    }
    return removed;
  }

  status(): CacheStoreStatus[] {
    return [...this.#shelves].map(([name, { store }]) => ({
      store: name,
      bytes: store.bytes,
      limit: store.limit,
      entries: store.count,
      evicted: store.evicted,
    }));
  }

  /** What is stored, `limit` answers at most. */
  list(limit: number, prefix = ""): CachedAnswer[] {
    const now = performance.now();
    const answers: CachedAnswer[] = [];
    for (const [name, { store }] of this.#shelves) {
      for (const entry of store.entries()) {
        if (answers.length >= limit) return answers;
        if (!entry.url.startsWith(prefix)) continue;
        const age = entry.age(now);
        answers.push({
          store: name,
          url: entry.url,
          status: entry.status,
          bytes: entry.bytes,
          age: Math.floor(age / 1000),
          left: Math.floor((entry.terms.lifetime - age) / 1000),
          vary: entry.variant.names,
        });
      }
    }
    return answers;
  }

  /** Does what is asked for, and says how the stores are then. */
  obey(order: CacheOrder): CacheReport {
    const removed = order.kind === "purge" ? this.purge(order) : 0;
    const answers = order.kind === "list" ? this.list(order.limit, order.prefix) : [];
    return { stores: this.status(), answers, removed };
  }

  families(): MetricFamily[] {
    for (const shelf of this.#shelves.values()) shelf.measure();
    return this.#metrics.families();
  }
}
