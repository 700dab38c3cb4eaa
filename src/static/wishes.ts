import { type CodingWeights, PLAIN_ONLY, parseAcceptEncoding } from "../http/accept-encoding.ts";
import type { Preconditions } from "../http/conditional.ts";
import type { RequestHeaders } from "../http/request-headers.ts";

/** What a request's headers ask of a file. */
export interface Wishes {
  readonly weights: CodingWeights;
  /** null: the commonest case, nothing but the whole file. */
  readonly special: Special | null;
}

export interface Special extends Preconditions {
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}

/** Reads the wishes, or takes them from the headers' memo: equal header blocks share one object, so they are read once. */
export function wishesOf(headers: RequestHeaders): Wishes {
  if (headers.memoOwner === OWNER) return headers.memo as Wishes;
  const wishes = readWishes(headers);
  // A slot that is another handler's stays its own.
  if (headers.memoOwner === null) {
    headers.memoOwner = OWNER;
    headers.memo = wishes;
  }
  return wishes;
}

const OWNER = { owner: "static" };
const SPECIAL = new Set(["if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range"]);
const NOTHING: Wishes = { weights: PLAIN_ONLY, special: null };

function readWishes(headers: RequestHeaders): Wishes {
  const accept = headers.list("accept-encoding");
  const special = headers.names.some((name) => SPECIAL.has(name)) ? readSpecial(headers) : null;
  if (accept === undefined && special === null) return NOTHING;
  return { weights: parseAcceptEncoding(accept), special };
}

// Fields that may come once only are joined too, so that repeating them makes them invalid instead of picking one.
function readSpecial(headers: RequestHeaders): Special {
  return {
    ifMatch: headers.list("if-match"),
    ifNoneMatch: headers.list("if-none-match"),
    ifModifiedSince: headers.list("if-modified-since"),
    ifUnmodifiedSince: headers.list("if-unmodified-since"),
    ifRange: headers.list("if-range"),
    range: headers.list("range"),
  };
}
