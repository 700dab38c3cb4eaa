import type { StaticCacheConfig } from "../config/model.ts";
import type { Coding } from "../http/accept-encoding.ts";
import type { Representation } from "./representation.ts";

/** A file as it was found: its forms, and what must still hold for them to be served. */
export interface Found {
  readonly plain: Representation;
  /** Precompressed forms, smallest first. */
  readonly variants: readonly Representation[];
  /** The codings of `variants`, in their order. */
  readonly codings: readonly Coding[];
  /** Paths that were looked for before this file and must stay absent: index files of higher rank. */
  readonly absent: readonly Buffer[];
  /** Precompressed forms that don't exist (or are out of date) now. */
  readonly missing: readonly Buffer[];
  /** Changed so shortly before it was read that another change may not show in its times. */
  readonly racy: boolean;
  /** `performance.now()` when the look-up began; moved on by each check. */
  checked: number;
  /** When `missing` was looked for. */
  searched: number;
}

/** The files of one handler, by request path. Handled by the cache alone. */
export type Shelf = Map<string, Slot>;

class Slot {
  readonly shelf: Shelf;
  readonly key: string;
  readonly found: Found;
  readonly bytes: number;
  newer: Slot | null = null;
  older: Slot | null = null;

  constructor(shelf: Shelf, key: string, found: Found) {
    this.shelf = shelf;
    this.key = key;
    this.found = found;
    this.bytes = sizeOf(key, found);
  }
}

/**
 * Small files in memory, over all roots: least recently used first out, counted in bytes. Outlives a reload of the
 * configuration: each handler has a shelf of its own, and what a handler of the past has left there ages out.
 */
export class StaticCache {
  #limit: number;
  #largest: number;
  #bytes = 0;
  #newest: Slot | null = null;
  #oldest: Slot | null = null;

  constructor(config: StaticCacheConfig = { cacheSize: 64 * 1024 * 1024, cacheFile: 1024 * 1024 }) {
    this.#limit = config.cacheSize;
    this.#largest = config.cacheFile;
  }

  /** Bytes held, with an estimate for what surrounds the contents. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Applies new limits, at once. */
  configure(config: StaticCacheConfig): void {
    this.#limit = config.cacheSize;
    this.#largest = config.cacheFile;
    this.#evict();
  }

  /** Whether the content of a file of this size is to be kept. */
  admits(size: number): boolean {
    return size <= this.#largest && size <= this.#limit;
  }

  createShelf(): Shelf {
    return new Map();
  }

  get(shelf: Shelf, key: string): Found | undefined {
    const slot = shelf.get(key);
    if (slot === undefined) return undefined;
    if (slot !== this.#newest) {
      this.#unlink(slot);
      this.#link(slot);
    }
    return slot.found;
  }

  /** Keeps it, in place of what was there; the least recently used of all shelves go when there is too much. */
  set(shelf: Shelf, key: string, found: Found): void {
    this.delete(shelf, key);
    const slot = new Slot(shelf, key, found);
    shelf.set(key, slot);
    this.#bytes += slot.bytes;
    this.#link(slot);
    this.#evict();
  }

  delete(shelf: Shelf, key: string): void {
    const slot = shelf.get(key);
    if (slot !== undefined) this.#remove(slot);
  }

  #evict(): void {
    while (this.#oldest !== null && this.#bytes > this.#limit) this.#remove(this.#oldest);
  }

  #remove(slot: Slot): void {
    slot.shelf.delete(slot.key);
    this.#bytes -= slot.bytes;
    this.#unlink(slot);
  }

  #link(slot: Slot): void {
    slot.older = this.#newest;
    slot.newer = null;
    if (this.#newest !== null) this.#newest.newer = slot;
    this.#newest = slot;
    this.#oldest ??= slot;
  }

  #unlink(slot: Slot): void {
    if (slot.newer === null) this.#newest = slot.older;
    else slot.newer.older = slot.older;
    if (slot.older === null) this.#oldest = slot.newer;
    else slot.older.newer = slot.newer;
  }
}

// Heads, paths and objects of one form, beside its content: estimated on the safe side.
const OVERHEAD = 1500;

function sizeOf(key: string, found: Found): number {
  let bytes = key.length + OVERHEAD + (found.plain.body?.length ?? 0);
  for (const variant of found.variants) bytes += OVERHEAD + (variant.body?.length ?? 0);
  return bytes;
}
