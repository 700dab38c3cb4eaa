import { formatDuration, formatSize } from "../../base/units.ts";

const SECONDS: Readonly<Record<string, number>> = {
  "": 1,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  M: 2_592_000,
  y: 31_536_000,
};
const BYTES: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Milliseconds of a time as NGINX writes it (`60`, `1m30s`, `500ms`, `1M`, a minute is `m` and a month `M`); null: none. */
export function timeOf(text: string): number | null {
  if (!/^(?:\d+(?:ms|[smhdwMy]) ?)*\d+(?:ms|[smhdwMy])?$/.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|[smhdwMy])?/g))
    total += unit === "ms" ? Number(amount) : Number(amount) * SECONDS[unit ?? ""]! * 1000;
  return total;
}

/** Bytes of a size as NGINX writes it (`8k`, `1m`, `1g`); null: none. */
export function sizeOf(text: string): number | null {
  const match = /^(\d+)([kmg]?)$/i.exec(text);
  return match === null ? null : Number(match[1]) * BYTES[match[2]!.toLowerCase()]!;
}

/** As propylon.yaml writes it; a template's placeholder goes on as it is. */
export function durationText(text: string): string {
  const time = timeOf(text);
  return time === null ? text : formatDuration(time);
}

export function sizeText(text: string): string {
  const size = sizeOf(text);
  return size === null ? text : formatSize(size);
}
