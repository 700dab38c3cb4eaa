const SECOND = 1000;
const DURATIONS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND,
  m: 60 * SECOND,
  h: 3600 * SECOND,
  d: 86_400 * SECOND,
  w: 604_800 * SECOND,
};

const SIZES: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/**
 * Milliseconds of `500ms`, `30s`, `1m`, `1m30s`, `2h`, `1d`, `1w`; a plain number counts seconds. null: not a duration, or
 * longer than can be counted exactly.
 */
export function parseDuration(text: string | number): number | null {
  const written = String(text).trim();
  if (/^\d+(\.\d+)?$/.test(written)) return whole(Number(written) * SECOND);
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/.test(written)) return null;
  let total = 0;
  for (const [, amount, unit] of written.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g))
    total += Number(amount) * DURATIONS[unit!]!;
  return whole(total);
}

/**
 * Bytes of `512`, `512B`, `64KB`, `64k`, `10MB`, `1.5GiB`, `1TB`; units are powers of 1024, however they are written. null:
 * not a size, or larger than can be counted exactly.
 */
export function parseSize(text: string | number): number | null {
  const match = /^(\d+(?:\.\d+)?) ?(?:(b)|([kmgt])(?:i?b)?)?$/i.exec(String(text).trim());
  if (match === null) return null;
  const [, amount, bytes, unit] = match;
  return whole(Number(amount) * SIZES[(bytes ?? unit ?? "b").toLowerCase()]!);
}

/** The shortest exact way to write a number of milliseconds: `1m`, `90s`, `1500ms`, `0s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return "0s";
  for (const unit of ["w", "d", "h", "m", "s"]) {
    const size = DURATIONS[unit]!;
    if (milliseconds % size === 0) return `${milliseconds / size}${unit}`;
  }
  return `${milliseconds}ms`;
}

/** The shortest exact way to write a number of bytes: `64MB`, `1536KB`, `100B`, `0`. */
export function formatSize(bytes: number): string {
  if (bytes === 0) return "0";
  for (const unit of ["t", "g", "m", "k"]) {
    const size = SIZES[unit]!;
    if (bytes % size === 0) return `${bytes / size}${unit.toUpperCase()}B`;
  }
  return `${bytes}B`;
}

function whole(value: number): number | null {
  const rounded = Math.round(value);
  return Number.isSafeInteger(rounded) ? rounded : null;
}
