import type { Plain } from "../tree.ts";

/** Who may come in: by address, by password, or nobody that could be checked. */
export interface Requirement {
  /** Entries in the order of `access`; who fits none is treated as `rest` says. */
  readonly entries: readonly Plain[];
  readonly rest: "allow" | "deny";
  /** Names that may log in, `any` user, or null: nobody is asked. */
  readonly users: readonly string[] | "any" | null;
  /** Whether the address, the password, or both have to fit, where both are asked for. */
  readonly both: boolean;
}

export const EVERYONE: Requirement = { entries: [], rest: "allow", users: null, both: true };
export const NOBODY: Requirement = { ...EVERYONE, rest: "deny" };

/** Both have to hold; null: it can't be said with one list and one login. */
export function and(one: Requirement, other: Requirement): Requirement | null {
  if (isEveryone(one)) return other;
  if (isEveryone(other) || isSame(one, other)) return one;
  if (isNobody(one) || isNobody(other)) return NOBODY;
  if ([one, other].some((each) => each.users !== null && !each.both)) return null;
  if (one.users !== null && other.users !== null && one.users !== "any" && other.users !== "any") return null;
  const users = one.users === null || one.users === "any" ? (other.users ?? one.users) : one.users;
  const [first, second] = narrows(one) ? [one, other] : [other, one];
  if (!narrows(first)) return null;
  return { entries: [...first.entries, ...second.entries], rest: second.rest, users, both: true };
}

/** One of them is enough; null: it can't be said with one list and one login. */
export function or(one: Requirement, other: Requirement): Requirement | null {
  if (isNobody(one)) return other;
  if (isNobody(other) || isSame(one, other)) return one;
  if (isEveryone(one) || isEveryone(other)) return EVERYONE;
  const [left, right] = [byPassword(one), byPassword(other)];
  if (left === null || right === null) return null;
  const users =
    left.users === "any" || right.users === "any"
      ? "any"
      : left.users === null || right.users === null
        ? (left.users ?? right.users)
        : [...left.users, ...right.users];
  if (left.entries.length + right.entries.length === 0) return { ...EVERYONE, users };
  const [first, second] = widens(left) ? [left, right] : [right, left];
  if (!widens(first)) return null;
  return { entries: [...first.entries, ...second.entries], rest: second.rest, users, both: false };
}

/** Who is not meant; null: logins can't be turned round. */
export function not({ entries, rest, users }: Requirement): Requirement | null {
  if (users !== null) return null;
  const turned = entries.map((entry) =>
    entry["allow"] === undefined ? { allow: entry["deny"] } : { deny: entry["allow"] },
  );
  return { ...EVERYONE, entries: turned, rest: rest === "allow" ? "deny" : "allow" };
}

/** As `access` lists it; empty: everybody. */
export function listOf({ entries, rest }: Requirement): readonly Plain[] {
  return rest === "allow"
    ? entries.some((entry) => entry["deny"] !== undefined)
      ? entries
      : []
    : [...entries, { deny: "all" }];
}

// --- internal ---

function isEveryone({ entries, rest, users }: Requirement): boolean {
  return entries.length === 0 && rest === "allow" && users === null;
}

function isNobody({ entries, rest, users, both }: Requirement): boolean {
  return entries.length === 0 && rest === "deny" && (users === null || both);
}

function isSame(one: Requirement, other: Requirement): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Only keeps some out. */
function narrows({ entries, rest }: Requirement): boolean {
  return rest === "allow" && entries.every((entry) => entry["deny"] !== undefined);
}

/** Only lets some in. */
function widens({ entries, rest }: Requirement): boolean {
  return rest === "deny" && entries.every((entry) => entry["allow"] !== undefined);
}

/** A login alone is one that no address is let past. */
function byPassword(one: Requirement): Requirement | null {
  if (one.users === null || !one.both) return one;
  return one.entries.length === 0 && one.rest === "allow" ? { ...one, rest: "deny", both: false } : null;
}
