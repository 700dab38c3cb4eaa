import type { RequestHeaders } from "../http/request-headers.ts";
import type { Entry } from "./entry.ts";
import { matches } from "./vary.ts";
import type { Wishes } from "./wishes.ts";

/** What may be done with a stored answer: used; used while another is fetched; asked about. */
export type Use = "fresh" | "stale" | "updating" | "validate";

/** The stored answer for a request with these headers (RFC 9111 §4.1): the newest of those that match; null: none does. */
export function selectEntry(entries: readonly Entry[], headers: RequestHeaders): Entry | null {
  for (const entry of entries) if (matches(entry.variant, headers)) return entry;
  return null;
}

/** How a stored answer of this age (ms) may be used for a request (RFC 9111 §4, §5.2.1; RFC 5861 §3). */
export function useOf({ terms }: Entry, wishes: Wishes, age: number): Use {
  const left = terms.lifetime - age;
  if (wishes.plain) return left > 0 && !terms.noCache ? "fresh" : stalely(terms.staleWhileRevalidate, left);
  if (terms.noCache || wishes.noCache) return "validate";
  const { maxAge, minFresh, maxStale } = wishes;
  if (maxAge !== null && age > maxAge) return "validate";
  if (left > 0 && (minFresh === null || left >= minFresh)) return "fresh";
  if (minFresh !== null) return "validate";
  if (maxStale !== null && !terms.neverStale && -left <= maxStale) return "stale";
  return maxAge === null ? stalely(terms.staleWhileRevalidate, left) : "validate";
}

/** Whether it may stand in for an answer that can't be had (RFC 5861 §4). */
export function helpsOnError({ terms }: Entry, wishes: Wishes | null, age: number): boolean {
  return wishes?.noCache !== true && terms.staleIfError > 0 && age - terms.lifetime <= terms.staleIfError;
}

// --- internal ---

function stalely(window: number, left: number): Use {
  return window > 0 && -left <= window ? "updating" : "validate";
}
