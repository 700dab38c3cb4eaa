import type { BigIntStats } from "node:fs";
import type { StaticConfig } from "../config/route-model.ts";
import type { Coding } from "../http/accept-encoding.ts";
import { formatHttpDate, type Validators } from "../http/conditional.ts";
import { fileEtag } from "../http/etag.ts";
import { ResponseHead } from "../http/response-head.ts";
import { expiryFields } from "./expiry.ts";
import { identityOf } from "./open-file.ts";

/** One form of a file (RFC 9110 §3.2), plain or precompressed, with its heads built once. */
export interface Representation extends Validators {
  /** Absolute path of the file that holds it, as bytes. */
  readonly path: Buffer;
  readonly identity: string;
  readonly coding: Coding | null;
  readonly type: string;
  readonly size: number;
  /** Of the whole, 200. */
  readonly head: ResponseHead;
  /** 304, with the fields that RFC 9110 §15.4.5 asks for. */
  readonly notModified: ResponseHead;
  /** The content, or null for a file that is streamed. */
  readonly body: Buffer | null;
}

/** What all forms of a file share. */
export interface Traits {
  readonly type: string;
  readonly expires: StaticConfig["expires"];
  /** Whether clients are told the ETag. */
  readonly etag: boolean;
  /** Whether there are precompressed forms, so that caches must be told (RFC 9110 §12.5.5). */
  readonly varies: boolean;
}

export function createRepresentation(
  path: Buffer,
  stat: BigIntStats,
  coding: Coding | null,
  traits: Traits,
  body: Buffer | null,
): Representation {
  const etag = fileEtag(stat.mtimeNs, stat.size, coding ?? "");
  const lastModified = clampToPast(stat.mtimeNs);
  const kept: [string, string][] = traits.etag ? [["ETag", etag]] : [];
  if (traits.varies) kept.push(["Vary", "Accept-Encoding"]);
  const fields: [string, string][] = [["Content-Type", traits.type]];
  if (coding !== null) fields.push(["Content-Encoding", coding]);
  fields.push(["Last-Modified", formatHttpDate(lastModified)], ["Accept-Ranges", "bytes"], ...kept);
  const representation = {
    path,
    identity: identityOf(stat),
    coding,
    type: traits.type,
    size: Number(stat.size),
    etag,
    lastModified,
    body,
  };
  // Not by spreading: that would fix what moves with the clock.
  return Object.assign(heads(fields, kept, traits.expires), representation);
}

/** Heads that say when they expire are made anew once a second, and only where that is asked for and moves with the clock. */
function heads(
  fields: readonly [string, string][],
  kept: readonly [string, string][],
  expires: Traits["expires"],
): Pick<Representation, "head" | "notModified"> {
  const make = (more: readonly [string, string][]) => ({
    head: new ResponseHead(200, [...fields, ...more]),
    notModified: new ResponseHead(304, [...kept, ...more]),
  });
  if (expires === null) return make([]);
  if (typeof expires !== "number") return make(expiryFields(expires, 0));
  let second = -1;
  let made = make([]);
  const current = (): typeof made => {
    const now = Math.floor(Date.now() / 1000);
    if (now === second) return made;
    second = now;
    made = make(expiryFields(expires, now));
    return made;
  };
  return {
    get head() {
      return current().head;
    },
    get notModified() {
      return current().notModified;
    },
  };
}

/** A head for a part: the fields of the whole, with Content-Range, or with the type of a multipart. */
export function partialHead(whole: Representation, range: { contentRange: string } | { type: string }): ResponseHead {
  if ("contentRange" in range)
    return new ResponseHead(206, [...whole.head.headers, ["Content-Range", range.contentRange]]);
  return new ResponseHead(206, [
    ["Content-Type", range.type],
    ...whole.head.headers.filter(([name]) => name !== "Content-Type"),
  ]);
}

/** Whole seconds, never in the future (RFC 9110 §8.8.2.1) nor before 1970: clocks of build machines are wrong at times. */
function clampToPast(nanoseconds: bigint): number {
  const seconds = Number(nanoseconds / 1_000_000_000n);
  return Math.max(0, Math.min(seconds, Math.floor(Date.now() / 1000)));
}
