import { parseHttpDate, rangeApplies } from "../http/conditional.ts";
import { parseEtagList, weakMatch } from "../http/etag.ts";
import { type ByteRange, evaluateRange } from "../http/range.ts";
import { type Fields, firstOf } from "./fields.ts";
import type { Special } from "./wishes.ts";

/** What a stored answer is known by. */
export interface Known {
  readonly status: number;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** Of Last-Modified, else of Date, in seconds. */
  readonly modified: number;
}

/** The same of an answer that is not stored yet. */
export function knownOf(status: number, fields: Fields): Known {
  const lastModified = firstOf(fields, "last-modified");
  const modified = parseHttpDate(lastModified ?? firstOf(fields, "date") ?? "") ?? 0;
  return { status, etag: firstOf(fields, "etag"), lastModified, modified };
}

/**
 * Whether a client already has this answer: If-None-Match by weak comparison, else If-Modified-Since (RFC 9111 §4.3.2, RFC 9110 §13.2.2;
 * the other preconditions are the origin's). Only a 200 can be one that a client has (RFC 9110 §13.2.1).
 */
export function isNotModified(asked: Special, known: Known): boolean {
  if (known.status !== 200) return false;
  const { ifNoneMatch, ifModifiedSince } = asked;
  if (ifNoneMatch !== undefined) {
    const tags = parseEtagList(ifNoneMatch);
    return tags === "*" || (known.etag !== undefined && (tags?.some((tag) => weakMatch(tag, known.etag!)) ?? false));
  }
  if (ifModifiedSince === undefined) return false;
  const since = parseHttpDate(ifModifiedSince);
  return since !== null && known.modified > 0 && known.modified <= since;
}

/** The parts of a stored answer that a GET asks for; null: the whole; `none`: there are no such parts (416). */
export function partsOf(asked: Special, known: Known, size: number): readonly ByteRange[] | "none" | null {
  if (asked.range === undefined || known.status !== 200) return null;
  const lastModified = parseHttpDate(known.lastModified ?? "") ?? Number.NaN;
  if (!rangeApplies(asked.ifRange, { etag: known.etag ?? "", lastModified })) return null;
  const outcome = evaluateRange(asked.range, size);
  if (outcome.kind === "unsatisfiable") return "none";
  return outcome.kind === "whole" ? null : outcome.ranges;
}
