import type { RequestHeaders } from "../http/request-headers.ts";

/** The request fields that an answer depended on (RFC 9111 §4.1), with what they were. */
export interface Variant {
  /** Lower case, sorted. */
  readonly names: readonly string[];
  /** What the request had, normalised; undefined: it had no such field. */
  readonly values: readonly (string | undefined)[];
}

export const INVARIANT: Variant = { names: [], values: [] };

/** The variant that an answer with this Vary is to this request; null for `*`, which no request ever matches. */
export function variantOf(vary: string | undefined, headers: RequestHeaders): Variant | null {
  if (vary === undefined) return INVARIANT;
  const listed = vary
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (listed.includes("*")) return null;
  if (listed.length === 0) return INVARIANT;
  const names = [...new Set(listed)].sort();
  return { names, values: names.map((name) => copied(normalised(name, headers))) };
}

/** Whether a request with these headers would have been answered with this variant. */
export function matches(variant: Variant, headers: RequestHeaders): boolean {
  const { names, values } = variant;
  for (let i = 0; i < names.length; i++) if (normalised(names[i]!, headers) !== values[i]) return false;
  return true;
}

/** Whether two answers depend on the same, so that the later takes the place of the earlier. */
export function isSame(one: Variant, other: Variant): boolean {
  return (
    one.names.length === other.names.length &&
    one.names.every((name, i) => name === other.names[i] && one.values[i] === other.values[i])
  );
}

// --- internal ---

/** Fields whose values mean the same in upper and lower case. */
const CASELESS = new Set(["accept-encoding", "accept-language", "accept-charset"]);

/** In memory of its own: a piece of a header section would keep all of it alive. */
function copied(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Buffer.from(text, "latin1").latin1Slice();
}

/** Lines combined, and space around commas gone: differences without a meaning (§4.1). */
function normalised(name: string, headers: RequestHeaders): string | undefined {
  const value = headers.list(name);
  if (value === undefined) return undefined;
  // Between quotes, as in cookies of some clients, a comma and its space are a part of the value.
  const plain = value.includes('"') ? value : value.replace(/[ \t]*,[ \t]*/g, ",");
  return CASELESS.has(name) ? plain.toLowerCase() : plain;
}
