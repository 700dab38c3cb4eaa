import { formatDuration } from "../../base/units.ts";

const UNITS: Readonly<Record<string, number>> = {
  us: 0.001,
  usec: 0.001,
  ms: 1,
  msec: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
  weeks: 604_800_000,
};

/** A time span (systemd.time(7)) as our durations are written: `90`, `5s`, `1min 30s`; `infinity` for itself; null: none. */
export function readTimeSpan(text: string): string | null {
  if (text === "infinity") return text;
  if (!/^(?:\d+(?:\.\d+)?\s*[a-z]*\s*)+$/.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)/g)) {
    const factor = UNITS[unit === "" ? "s" : unit!];
    if (factor === undefined) return null;
    total += Number(amount) * factor;
  }
  return formatDuration(Math.round(total));
}

/** systemd's booleans, or null. */
export function readFlag(text: string): boolean | null {
  if (/^(?:1|yes|y|true|t|on)$/i.test(text)) return true;
  return /^(?:0|no|n|false|f|off)$/i.test(text) ? false : null;
}

/** A resource limit, its soft part: a number of bytes or things with K, M, G, T behind; null: `infinity`, or no limit. */
export function readLimit(text: string): number | null {
  const match = /^(\d+)([KMGT]?)/.exec(text.split(":")[0]!.trim());
  if (match === null) return null;
  return Number(match[1]) * 1024 ** ["", "K", "M", "G", "T"].indexOf(match[2]!);
}

/** The address of `ListenStream=` as servers write it for `--bind`; null: a kind of socket that web servers don't take. */
export function readListenAddress(text: string): string | null {
  if (text.startsWith("/")) return `unix:${text}`;
  if (/^\d+$/.test(text)) return `0.0.0.0:${text}`;
  return /^(?:\[[\da-fA-F:.]+\]|[\d.]+|[\w.-]+):\d+$/.test(text) ? text : null;
}
