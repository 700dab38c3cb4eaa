import { approximated, ignored, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";
import type { ApacheNode } from "./parse.ts";

/** How long answers may be kept (mod_expires), in seconds from now. */
export interface ExpiresDraft {
  active: boolean | null;
  /** null: nothing is said. */
  otherwise: number | null;
  /** By media type, or family such as `image/*`. */
  readonly types: Map<string, number>;
}

export function newExpires(): ExpiresDraft {
  return { active: null, otherwise: null, types: new Map() };
}

/** Takes in a directive of mod_expires; null: it is none. */
export function readExpires({ key, args }: ApacheNode, draft: ExpiresDraft): Outcome | null {
  const [first = ""] = args;
  if (key === "expiresactive") {
    draft.active = /^on$/i.test(first);
    return draft.active ? mapped() : ignored("it is off");
  }
  if (key !== "expiresdefault" && key !== "expiresbytype") return null;
  const text = (key === "expiresdefault" ? args : args.slice(1)).join(" ").replace(/"/g, "");
  const seconds = expirySeconds(text);
  if (seconds === null) return undecided(`"${text}" is no time that we can read`);
  if (key === "expiresdefault") draft.otherwise = seconds;
  else draft.types.set(first.toLowerCase(), seconds);
  const modified = /^(?:modification|M\d)/i.test(text);
  return modified ? approximated("from the time of the request, not of the file") : mapped("as Cache-Control: max-age");
}

/**
 * The value of `Cache-Control` for answers that have none, a template, by these levels, the wider ones first; null: none is
 * added.
 */
export function maxAgeOf(drafts: readonly ExpiresDraft[], variables: Plain): string | null {
  if (drafts.map(({ active }) => active).findLast((flag) => flag !== null) !== true) return null;
  const otherwise = drafts.map((draft) => draft.otherwise).findLast((value) => value !== null) ?? null;
  const types = new Map(drafts.flatMap((draft) => [...draft.types]));
  const told = otherwise === null ? "" : `max-age=${otherwise}`;
  if (types.size === 0) return otherwise === null ? null : told;
  // What names a type whole goes before its family.
  const sorted = [...types].sort(([a], [b]) => Number(a.endsWith("*")) - Number(b.endsWith("*")));
  const patterns = sorted.map(([type, seconds]) => ({
    match: `^${type.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&").replace(/\\\*$/, "")}${type.endsWith("*") ? "" : "(?:[; ]|$)"}`,
    ignore_case: true,
    value: `max-age=${seconds}`,
  }));
  const wanted = { from: "{sent_http_content_type}", patterns, default: told };
  for (let number = 1; ; number++) {
    const name = number === 1 ? "expires_by_type" : `expires_by_type_${number}`;
    variables[name] ??= wanted;
    if (JSON.stringify(variables[name]) === JSON.stringify(wanted)) return `{${name}}`;
  }
}

// --- internal ---

const SECONDS: Readonly<Record<string, number>> = {
  year: 31_536_000,
  month: 2_592_000,
  week: 604_800,
  day: 86_400,
  hour: 3600,
  minute: 60,
  min: 60,
  second: 1,
  sec: 1,
};

/** `access plus 1 month 2 days`, `A3600`. */
function expirySeconds(text: string): number | null {
  const short = /^[AM](\d+)$/.exec(text);
  if (short !== null) return Number(short[1]);
  if (!/^(?:access|now|modification)(?:\s+plus)?\s+\d/i.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)\s+([a-z]+?)s?(?=\s|$)/gi)) {
    const factor = SECONDS[unit!.toLowerCase()];
    if (factor === undefined) return null;
    total += Number(amount) * factor;
  }
  return total;
}
