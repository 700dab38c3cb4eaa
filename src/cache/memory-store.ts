import type { Entry } from "./entry.ts";
import type { Store } from "./store.ts";
import { isSame } from "./vary.ts";

/** The share of the room that is kept for entries that were used again. */
const PROTECTED = 0.8;
/** Variants of one key; the oldest goes. */
const VARIANTS = 64;

/** An entry's place in one of the two lists. */
class Place {
  readonly entry: Entry;
  list: List;
  newer: Place | null = null;
  older: Place | null = null;

  constructor(entry: Entry, list: List) {
    this.entry = entry;
    this.list = list;
  }
}

/** Places by their last use, and the bytes of their entries. */
class List {
  newest: Place | null = null;
  oldest: Place | null = null;
  bytes = 0;

  add(place: Place): void {
    place.list = this;
    place.older = this.newest;
    place.newer = null;
    if (this.newest !== null) this.newest.newer = place;
    this.newest = place;
    this.oldest ??= place;
    this.bytes += place.entry.bytes;
  }

  take(place: Place): void {
    if (place.newer === null) this.newest = place.older;
    else place.newer.older = place.older;
    if (place.older === null) this.oldest = place.newer;
    else place.older.newer = place.newer;
    this.bytes -= place.entry.bytes;
  }
}

/**
 * Entries in memory, bounded in bytes: a segmented LRU. What was never used again goes first, so that a crawler's walk through
 * rare pages does not drive out the ones that many ask for.
 */
export class MemoryStore implements Store {
  #limit: number;
  evicted = 0;
  readonly #keys = new Map<string, Entry[]>();
  readonly #urls = new Map<string, Set<Entry>>();
  readonly #places = new Map<Entry, Place>();
  readonly #probation = new List();
  readonly #protected = new List();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get bytes(): number {
    return this.#probation.bytes + this.#protected.bytes;
  }

  get count(): number {
    return this.#places.size;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Applies another limit, at once. */
  resize(limit: number): void {
    this.#limit = limit;
    this.#makeRoom(0);
  }

  entries(): Iterable<Entry> {
    return this.#places.keys();
  }

  get(key: string): readonly Entry[] {
    return this.#keys.get(key) ?? NONE;
  }

  used(entry: Entry): void {
    const place = this.#places.get(entry);
    // Among those that were used last its rank does not matter.
    if (place === undefined || place === this.#protected.newest) return;
    place.list.take(place);
    this.#protected.add(place);
    this.#demote();
  }

  put(entry: Entry): boolean {
    const same = this.get(entry.key).find((other) => isSame(other.variant, entry.variant));
    const list = same === undefined ? this.#probation : this.#places.get(same)!.list;
    if (same !== undefined) this.remove(same);
    // The origin varies its answers after all: one that did not say so would stand for all of them (RFC 9111 §4.1).
    if (entry.variant.names.length > 0)
      for (const other of [...this.get(entry.key)]) if (other.variant.names.length === 0) this.remove(other);
    if (entry.bytes > this.#limit) return false;
    this.#makeRoom(entry.bytes);
    const entries = this.#keys.get(entry.key);
    if (entries === undefined) this.#keys.set(entry.key, [entry]);
    else {
      if (entries.length >= VARIANTS) this.#evict(entries[entries.length - 1]!);
      entries.unshift(entry);
      this.#keys.set(entry.key, entries);
    }
    const named = this.#urls.get(entry.url);
    if (named === undefined) this.#urls.set(entry.url, new Set([entry]));
    else named.add(entry);
    const place = new Place(entry, list);
    this.#places.set(entry, place);
    list.add(place);
    this.#demote();
    return true;
  }

  remove(entry: Entry): void {
    const place = this.#places.get(entry);
    if (place === undefined) return;
    place.list.take(place);
    this.#places.delete(entry);
    const entries = this.#keys.get(entry.key)!;
    if (entries.length === 1) this.#keys.delete(entry.key);
    else entries.splice(entries.indexOf(entry), 1);
    const named = this.#urls.get(entry.url)!;
    named.delete(entry);
    if (named.size === 0) this.#urls.delete(entry.url);
  }

  removeUrl(url: string): number {
    const named = [...(this.#urls.get(url) ?? NONE)];
    for (const entry of named) this.remove(entry);
    return named.length;
  }

  removeWhere(fits: (entry: Entry) => boolean): number {
    const found = [...this.#places.keys()].filter(fits);
    for (const entry of found) this.remove(entry);
    return found.length;
  }

  // --- internal ---

  #makeRoom(bytes: number): void {
    while (this.bytes + bytes > this.#limit) {
      const oldest = this.#probation.oldest ?? this.#protected.oldest;
      if (oldest === null) return;
      this.#evict(oldest.entry);
    }
  }

  #evict(entry: Entry): void {
    this.evicted++;
    this.remove(entry);
  }

  /** What was used again long ago has to prove itself once more. */
  #demote(): void {
    const most = this.#limit * PROTECTED;
    while (this.#protected.bytes > most && this.#protected.oldest !== this.#protected.newest) {
      const place = this.#protected.oldest!;
      this.#protected.take(place);
      this.#probation.add(place);
    }
  }
}

const NONE: readonly Entry[] = [];
