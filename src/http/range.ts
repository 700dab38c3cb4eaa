/** Bytes `start` to `end`, both included, as in Content-Range. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** whole: answer 200 as if no Range had come. unsatisfiable: 416. partial: 206 with these, in the order asked for. */
export type RangeOutcome =
  | { readonly kind: "whole" }
  | { readonly kind: "unsatisfiable" }
  | { readonly kind: "partial"; readonly ranges: readonly [ByteRange, ...ByteRange[]] };

/** More ranges than this in one request are answered with the whole (RFC 9110 §14.2 and §17.15 allow it against abuse). */
export const MAX_RANGES = 32;

/**
 * What a Range field asks of a representation of `size` bytes (RFC 9110 §14.1.2, §14.2). Unknown units and invalid sets are
 * ignored; so are sets that ask for more bytes in total than there are, which only overlapping ranges can (§17.15).
 */
export function evaluateRange(field: string, size: number): RangeOutcome {
  // Nothing has no parts: a suffix of it is satisfiable (§14.1.2), but no Content-Range could say so, and players open with `0-`.
  if (size === 0) return WHOLE;
  const specs = parseByteRanges(field);
  if (specs === null || specs.length > MAX_RANGES) return WHOLE;
  const ranges: ByteRange[] = [];
  let total = 0;
  for (const spec of specs) {
    const range = resolve(spec, size);
    if (range === null) continue;
    total += range.end - range.start + 1;
    ranges.push(range);
  }
  const [first, ...others] = ranges;
  if (first === undefined) return UNSATISFIABLE;
  return total > size ? WHOLE : { kind: "partial", ranges: [first, ...others] };
}

/** The value of Content-Range for a part of `size` bytes. */
export function contentRange(range: ByteRange, size: number): string {
  return `bytes ${range.start}-${range.end}/${size}`;
}

/** `first` null: the last `last` bytes; `last` Infinity: to the end. */
interface RangeSpec {
  readonly first: number | null;
  readonly last: number;
}

const WHOLE: RangeOutcome = { kind: "whole" };
const UNSATISFIABLE: RangeOutcome = { kind: "unsatisfiable" };
const SPEC = /^(\d*)-(\d*)$/;

/** The set, or null when the unit is not bytes or a spec is invalid. */
function parseByteRanges(field: string): readonly RangeSpec[] | null {
  if (field.slice(0, 6).toLowerCase() !== "bytes=") return null;
  const specs: RangeSpec[] = [];
  for (const element of field.slice(6).split(",")) {
    const text = element.replace(/^[ \t]+|[ \t]+$/g, "");
    if (text === "") continue;
    const match = SPEC.exec(text);
    if (match === null) return null;
    const first = match[1]!;
    const last = match[2]!;
    if (first === "" && last === "") return null;
    const spec = {
      first: first === "" ? null : Number(first),
      last: last === "" ? Number.POSITIVE_INFINITY : Number(last),
    };
    if (spec.first !== null && spec.first > spec.last) return null;
    specs.push(spec);
  }
  return specs.length === 0 ? null : specs;
}

/** null: not satisfiable. Numbers beyond 2^53 lose digits but stay beyond any size. */
function resolve(spec: RangeSpec, size: number): ByteRange | null {
  if (spec.first === null) return spec.last === 0 ? null : { start: Math.max(0, size - spec.last), end: size - 1 };
  return spec.first >= size ? null : { start: spec.first, end: Math.min(spec.last, size - 1) };
}
