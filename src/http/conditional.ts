import { isEtag, parseEtagList, strongMatch, weakMatch } from "./etag.ts";

/** What the selected representation is known by. */
export interface Validators {
  /** A strong entity tag, with its quotes. */
  readonly etag: string;
  /** Last-Modified in whole seconds since 1970. */
  readonly lastModified: number;
}

/** The precondition fields of a request, as received; undefined where absent. */
export interface Preconditions {
  readonly ifMatch: string | undefined;
  readonly ifUnmodifiedSince: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
}

/** What a GET or HEAD must do: answer as usual, 304, or 412. */
export type Verdict = "perform" | "not-modified" | "failed";

/**
 * Evaluates the preconditions of a GET or HEAD for a representation that exists, in the order of RFC 9110 §13.2.2. Fields
 * whose date is invalid are ignored (§13.1.3, §13.1.4); an entity-tag list that can't be parsed matches nothing.
 */
export function evaluatePreconditions(asked: Preconditions, current: Validators): Verdict {
  // Step 1, else step 2: If-Unmodified-Since is ignored beside If-Match (§13.1.4).
  if (asked.ifMatch !== undefined) {
    if (!matches(asked.ifMatch, current.etag, strongMatch)) return "failed";
  } else if (asked.ifUnmodifiedSince !== undefined) {
    const date = parseHttpDate(asked.ifUnmodifiedSince);
    if (date !== null && current.lastModified > date) return "failed";
  }
  // Step 3, else step 4: If-Modified-Since is ignored beside If-None-Match (§13.1.3).
  if (asked.ifNoneMatch !== undefined) {
    if (matches(asked.ifNoneMatch, current.etag, weakMatch)) return "not-modified";
  } else if (asked.ifModifiedSince !== undefined) {
    const date = parseHttpDate(asked.ifModifiedSince);
    if (date !== null && current.lastModified <= date) return "not-modified";
  }
  return "perform";
}

/**
 * Step 5 of RFC 9110 §13.2.2: whether Range is to be honoured. `ifRange` undefined: yes. An entity tag compares strongly; a
 * date must be exactly Last-Modified (§13.1.5). Anything else: the whole representation.
 */
export function rangeApplies(ifRange: string | undefined, current: Validators): boolean {
  if (ifRange === undefined) return true;
  if (isEtag(ifRange)) return strongMatch(ifRange, current.etag);
  return parseHttpDate(ifRange) === current.lastModified;
}

/**
 * An HTTP-date in seconds since 1970, or null. All three forms that a recipient must accept (RFC 9110 §5.6.7); a two-digit
 * year more than 50 years ahead means the past.
 */
export function parseHttpDate(text: string, now?: Date): number | null {
  const known = fixdates.get(text);
  if (known !== undefined) return known;
  const fixed = IMF_FIXDATE.exec(text);
  if (fixed !== null) {
    const date = seconds(fixed[4]!, fixed[3]!, fixed[2]!, fixed[5]!, fixed[1]!, SHORT_DAYS);
    if (fixdates.size >= FIXDATES) fixdates.clear();
    fixdates.set(text, date);
    return date;
  }
  const old = RFC_850.exec(text);
  if (old !== null) {
    const thisYear = (now ?? new Date()).getUTCFullYear();
    const year = thisYear - (thisYear % 100) + Number(old[4]);
    return seconds(String(year > thisYear + 50 ? year - 100 : year), old[3]!, old[2]!, old[5]!, null, null);
  }
  const asctime = ASCTIME.exec(text);
  if (asctime !== null)
    return seconds(asctime[5]!, asctime[2]!, asctime[3]!.trim(), asctime[4]!, asctime[1]!, SHORT_DAYS);
  return null;
}

/** IMF-fixdate of whole seconds since 1970. */
export function formatHttpDate(secondsSince1970: number): string {
  return new Date(secondsSince1970 * 1000).toUTCString();
}

/** Clients send the dates of our own files back: reading them anew was a sixth of what JavaScript does for a 304. */
const fixdates = new Map<string, number | null>();
const FIXDATES = 512;
const SHORT_DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const IMF_FIXDATE = /^(\w{3}), (\d\d) (\w{3}) (\d{4}) (\d\d:\d\d:\d\d) GMT$/;
const RFC_850 = /^(?:Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day, ((\d\d))-(\w{3})-(\d\d) (\d\d:\d\d:\d\d) GMT$/;
const ASCTIME = /^(\w{3}) (\w{3}) ([ \d]\d) (\d\d:\d\d:\d\d) (\d{4})$/;

function matches(field: string, etag: string, equal: (a: string, b: string) => boolean): boolean {
  const tags = parseEtagList(field);
  return tags === "*" || (tags?.some((tag) => equal(tag, etag)) ?? false);
}

function seconds(
  year: string,
  month: string,
  day: string,
  time: string,
  weekday: string | null,
  weekdays: readonly string[] | null,
): number | null {
  const monthIndex = MONTHS.indexOf(month);
  const [hour, minute, second] = time.split(":").map(Number) as [number, number, number];
  if (monthIndex < 0 || hour > 23 || minute > 59 || second > 60) return null;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), monthIndex, Number(day));
  if (date.getUTCDate() !== Number(day) || date.getUTCMonth() !== monthIndex) return null;
  // A wrong day of the week is a sender's slip; a word that is no day at all is no date.
  if (weekdays !== null && weekday !== null && !weekdays.includes(weekday)) return null;
  return date.getTime() / 1000 + hour * 3600 + minute * 60 + second;
}
