import { parseHttpDate } from "../http/conditional.ts";
import { type Directives, deltaSeconds, secondsOf } from "./directives.ts";

/** Times of one answer in milliseconds: of the clock since 1970, but for `delay`. */
export interface Times {
  /** When it came (its head, where its body takes time). */
  readonly received: number;
  /** From the request to the answer. */
  readonly delay: number;
}

/** A day: what a cache guesses is never more. */
const LONGEST_GUESS = 86_400_000;

/**
 * The age of an answer when it came, in milliseconds (RFC 9111 §4.2.3, `corrected_initial_age`). `date` in ms, null where the
 * answer had none; `age` as its Age field says, undefined without one.
 */
export function initialAge(date: number | null, age: string | undefined, times: Times): number {
  const apparent = date === null ? 0 : Math.max(0, times.received - date);
  // The first of several is used, an invalid one ignored (§5.1).
  const told = age === undefined ? 0 : deltaSeconds(age.split(",", 1)[0]!.trim()) * 1000;
  return Math.max(apparent, told + times.delay);
}

/**
 * How long an answer is fresh by what it says itself, in milliseconds (RFC 9111 §4.2.1 for a shared cache: `s-maxage`, else
 * `max-age`, else Expires minus Date); null: it says nothing.
 */
export function explicitLifetime(
  directives: Directives,
  expires: string | undefined,
  date: number | null,
  received: number,
): number | null {
  const seconds = secondsOf(directives, "s-maxage") ?? secondsOf(directives, "max-age");
  if (seconds !== null) return seconds * 1000;
  if (expires === undefined) return null;
  const until = parseHttpDate(expires);
  // An invalid date, "0" above all, means that it has expired (§5.3).
  return until === null ? 0 : Math.max(0, until * 1000 - (date ?? received));
}

/** A tenth of the time since the last change, a day at most (RFC 9111 §4.2.2), in milliseconds; null: nothing to go by. */
export function guessedLifetime(lastModified: number | null, date: number): number | null {
  if (lastModified === null || lastModified * 1000 > date) return null;
  return Math.min(LONGEST_GUESS, (date - lastModified * 1000) / 10);
}
