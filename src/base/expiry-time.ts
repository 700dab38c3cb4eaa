/**
 * When an answer is stale, as NGINX's `expires` writes it: seconds from now (or from its last change), a time of each day in seconds
 * since midnight, `max` (ten years) or `epoch` (already).
 */
export type Expiry =
  | { readonly kind: "after"; readonly seconds: number; readonly modified: boolean }
  | { readonly kind: "daily"; readonly seconds: number }
  | { readonly kind: "max" | "epoch" };

/** Reads `30d`, `-1`, `modified 1h`, `@15h30m`, `max`, `epoch`; null for `off`, nothing, and what is none of these. */
export function parseExpiry(text: string): Expiry | null {
  const written = text.trim();
  if (written === "max" || written === "epoch") return { kind: written };
  const [, modified, sign, time] = /^(modified\s+)?([-+@]?)(.+)$/.exec(written) ?? [];
  const seconds = time === undefined ? null : parseTime(time);
  if (seconds === null) return null;
  if (sign !== "@")
    return { kind: "after", seconds: sign === "-" ? -seconds : seconds, modified: modified !== undefined };
  return modified === undefined && seconds < DAY ? { kind: "daily", seconds } : null;
}

// --- internal ---

const DAY = 86_400;
const UNITS: Readonly<Record<string, number>> = {
  y: 365 * DAY,
  M: 30 * DAY,
  w: 7 * DAY,
  d: DAY,
  h: 3600,
  m: 60,
  s: 1,
  "": 1,
};

/** `1h30m`, `90`: seconds. */
function parseTime(text: string): number | null {
  if (!/^(?:\d{1,9}[yMwdhms]\s*)*(?:\d{1,9}s?)?$/.test(text) || text === "") return null;
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([yMwdhms]?)/g)) seconds += Number(count) * UNITS[unit!]!;
  return seconds;
}
