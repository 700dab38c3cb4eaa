/** Content codings that we serve (RFC 9110 §8.4.1, RFC 7932, RFC 8878). */
export type Coding = "br" | "zstd" | "gzip";

/** How welcome each coding is, 0 (refused) to 1. */
export interface CodingWeights {
  readonly br: number;
  readonly zstd: number;
  readonly gzip: number;
  /** Of the plain representation; 0 where it was not named, which still leaves it acceptable. */
  readonly identity: number;
}

/** No Accept-Encoding: nothing but the plain form, as clients that can decode always say so. */
export const PLAIN_ONLY: CodingWeights = { br: 0, zstd: 0, gzip: 0, identity: 1 };

/**
 * Reads Accept-Encoding (RFC 9110 §12.5.3). Elements that can't be parsed are left out; the last word on a coding counts;
 * `x-gzip` is gzip (§8.4.1.3); `*` speaks for the codings that are not named.
 */
export function parseAcceptEncoding(field: string | undefined): CodingWeights {
  if (field === undefined) return PLAIN_ONLY;
  const named = new Map<string, number>();
  for (const element of field.toLowerCase().split(",")) {
    const match = ELEMENT.exec(element);
    if (match !== null)
      named.set(match[1] === "x-gzip" ? "gzip" : match[1]!, match[2] === undefined ? 1 : Number(match[2]));
  }
  const others = named.get("*") ?? 0;
  return {
    br: named.get("br") ?? others,
    zstd: named.get("zstd") ?? others,
    gzip: named.get("gzip") ?? others,
    identity: named.get("identity") ?? 0,
  };
}

/**
 * The welcomest of `available` (in the server's order of preference), or null for the plain representation. Where the client
 * refuses even that, it gets it all the same: better than a 406 (RFC 9110 §12.4.1 allows either).
 */
export function chooseCoding(weights: CodingWeights, available: readonly Coding[]): Coding | null {
  let best: Coding | null = null;
  for (const coding of available) {
    const weight = weights[coding];
    if (weight > 0 && (best === null || weight > weights[best])) best = coding;
  }
  return best !== null && weights[best] >= weights.identity ? best : null;
}

// codings [ OWS ";" OWS "q=" qvalue ], qvalue of RFC 9110 §12.4.2.
const ELEMENT = /^[ \t]*([!#$%&'*+.^_`|~0-9a-z-]+)[ \t]*(?:;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)[ \t]*)?$/;
