/** The directives of a Cache-Control field (RFC 9111 §5.2) by lower-case name; `null` where one came without an argument. */
export type Directives = ReadonlyMap<string, string | null>;

export const NO_DIRECTIVES: Directives = new Map();

/** Parsed fields are kept, since servers send few different ones. */
const ENTRIES = 256;
const LONGEST = 256;
const known = new Map<string, Directives>();

/**
 * Reads a Cache-Control field, its lines joined with commas. Arguments may come as tokens or quoted (§5.2 asks to take both); of
 * numbers that contradict each other the smallest counts (§4.2.1), and one that can't be read counts as 0 (stale).
 */
export function parseDirectives(field: string | undefined): Directives {
  if (field === undefined || field === "") return NO_DIRECTIVES;
  const before = known.get(field);
  if (before !== undefined) return before;
  const directives = parse(field);
  if (field.length <= LONGEST) {
    if (known.size >= ENTRIES) known.delete(known.keys().next().value!);
    known.set(field, directives);
  }
  return directives;
}

/** The seconds that a directive says, or null when it is not there. Larger numbers than 2^31 count as that (§1.2.2). */
export function secondsOf(directives: Directives, name: string): number | null {
  const value = directives.get(name);
  if (value === undefined) return null;
  return value === null ? 0 : deltaSeconds(value);
}

/** delta-seconds (RFC 9111 §1.2.2); 0 for what is no such number. */
export function deltaSeconds(text: string): number {
  return /^\d+$/.test(text) ? Math.min(Number(text), LARGEST) : 0;
}

// --- internal ---

const LARGEST = 2 ** 31;
const DIRECTIVE = /([!#$%&'*+.^_`|~\w-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?[^,]*/g;
/** Of these the smallest argument counts. */
const NUMBERS = new Set(["max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"]);

function parse(field: string): Directives {
  const directives = new Map<string, string | null>();
  for (const [, name, quoted, token] of field.matchAll(DIRECTIVE)) {
    const key = name!.toLowerCase();
    const value = quoted?.replace(/\\(.)/g, "$1") ?? token ?? null;
    const before = directives.get(key);
    if (before === undefined) directives.set(key, value);
    else if (NUMBERS.has(key) && deltaSeconds(value ?? "") < deltaSeconds(before ?? "")) directives.set(key, value);
  }
  return directives;
}
