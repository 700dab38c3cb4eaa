/** What is to be removed: one URL, those that begin so, or `all`; in one store or in all. */
export interface Purge {
  readonly url?: string;
  readonly prefix?: string;
  readonly all?: boolean;
  readonly store?: string;
}

/** One store as it is now. */
export interface CacheStoreStatus {
  readonly store: string;
  readonly bytes: number;
  readonly limit: number;
  readonly entries: number;
  readonly evicted: number;
}

/** One stored answer. Times in seconds. */
export interface CachedAnswer {
  readonly store: string;
  readonly url: string;
  readonly status: number;
  readonly bytes: number;
  readonly age: number;
  /** Negative: it is stale. */
  readonly left: number;
  /** The request fields that it depends on. */
  readonly vary: readonly string[];
}

/** What is asked of the HTTP cache: how its stores are, what is in them, or to remove some of it. */
export type CacheOrder =
  | { readonly kind: "status" }
  /** `limit` answers at most, of URLs that begin so. */
  | { readonly kind: "list"; readonly prefix: string; readonly limit: number }
  | ({ readonly kind: "purge" } & Purge);

export interface CacheReport {
  readonly stores: readonly CacheStoreStatus[];
  /** For `list`. */
  readonly answers: readonly CachedAnswer[];
  /** Answers that were removed. */
  readonly removed: number;
}
