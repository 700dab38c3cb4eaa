import type { CacheStoreMetrics } from "../metrics/cache-metrics.ts";
import type { Counter } from "../metrics/registry.ts";
import type { Entry } from "./entry.ts";
import type { Flight } from "./flight.ts";
import { MemoryStore } from "./memory-store.ts";
import { RESULTS, type Result } from "./notes.ts";
import { RecentKeys } from "./recent-keys.ts";

/** Keys that are remembered beside the entries. */
const REMEMBERED = 20_000;
/** What could not be kept is not waited for so long, ms. */
const UNKEPT = 60_000;
const FAILED = 1_000;

/** One named store, with what is under way to it. Outlives a reload. */
export class Shelf {
  readonly store: MemoryStore;
  readonly results: Readonly<Record<Result, Counter>>;
  readonly metrics: CacheStoreMetrics;
  readonly #flights = new Map<string, Flight[]>();
  /** Until when requests for a key don't wait for each other, since its answers are not kept. */
  readonly #unkept = new RecentKeys(REMEMBERED);
  readonly #uses = new RecentKeys(REMEMBERED);

  constructor(limit: number, metrics: CacheStoreMetrics) {
    this.store = new MemoryStore(limit);
    this.metrics = metrics;
    this.results = Object.fromEntries(RESULTS.map((name) => [name, metrics.result(name)])) as Record<Result, Counter>;
  }

  flights(key: string): readonly Flight[] {
    return this.#flights.get(key) ?? NONE;
  }

  began(key: string, flight: Flight): void {
    const others = this.#flights.get(key);
    if (others === undefined) this.#flights.set(key, [flight]);
    else others.push(flight);
  }

  ended(key: string, flight: Flight): void {
    const flights = this.#flights.get(key);
    const at = flights?.indexOf(flight) ?? -1;
    if (at < 0) return;
    if (flights!.length === 1) this.#flights.delete(key);
    else flights!.splice(at, 1);
  }

  /** Answers of this key are not kept at present: requests need not wait for each other. */
  isUnkept(key: string, now: number): boolean {
    const until = this.#unkept.get(key);
    return until !== undefined && now < until;
  }

  setUnkept(key: string, now: number, why: "answer" | "failure"): void {
    this.#unkept.set(key, now + (why === "answer" ? UNKEPT : FAILED));
  }

  /** Counts a request for a key that nothing is stored for. Returns the how-manieth it is. */
  countUse(key: string): number {
    const uses = (this.#uses.get(key) ?? 0) + 1;
    this.#uses.set(key, uses);
    return uses;
  }

  put(entry: Entry): void {
    if (this.store.put(entry)) this.metrics.stored.value++;
    this.#unkept.delete(entry.key);
    this.#uses.delete(entry.key);
  }

  /** Removes what fits, and keeps what is under way to it from being stored. Returns how many entries there were. */
  purge(fits: (url: string) => boolean): number {
    const removed = this.store.removeWhere((entry) => fits(entry.url));
    this.#spoil(fits);
    this.metrics.purged.value += removed;
    return removed;
  }

  purgeUrl(url: string): number {
    const removed = this.store.removeUrl(url);
    this.#spoil((one) => one === url);
    this.metrics.purged.value += removed;
    return removed;
  }

  /** Brings the gauges up to date. */
  measure(): void {
    const { metrics, store } = this;
    metrics.bytes.value = store.bytes;
    metrics.entries.value = store.count;
    metrics.limit.value = store.limit;
    metrics.evicted.value = store.evicted;
  }

  // --- internal ---

  #spoil(fits: (url: string) => boolean): void {
    for (const flights of [...this.#flights.values()])
      for (const flight of [...flights]) if (fits(flight.url)) flight.spoil();
  }
}

const NONE: readonly Flight[] = [];
