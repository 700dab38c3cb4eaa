import type { Entry } from "./entry.ts";

/**
 * Where entries are kept. All of it is answered at once, so that a hit waits for nothing: a store on disk has its index and its
 * heads in memory, and reads contents ahead of `get` or keeps them mapped.
 */
export interface Store {
  /** Bytes that entries take, and how many they are. */
  readonly bytes: number;
  readonly count: number;
  /** Entries that went to make room. */
  readonly evicted: number;
  /** Most bytes that it may take. */
  readonly limit: number;
  /** All of them, in no particular order. */
  entries(): Iterable<Entry>;
  /** The entries of a key, one for each variant, the newest first. */
  get(key: string): readonly Entry[];
  /** An entry was answered with: it is worth keeping. */
  used(entry: Entry): void;
  /** Keeps an entry in place of the same variant; false: it is too large. */
  put(entry: Entry): boolean;
  remove(entry: Entry): void;
  /** Removes every entry that was asked for by this URL. Returns how many there were. */
  removeUrl(url: string): number;
  /** Removes the entries that fit. Returns how many there were. */
  removeWhere(fits: (entry: Entry) => boolean): number;
}
