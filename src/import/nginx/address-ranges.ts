/** A range of IPv4 addresses, both ends included, and its value. */
interface Range {
  readonly first: number;
  readonly last: number;
  readonly value: string;
}

/** The ranges of a `geo` with `ranges`; a later one takes its part of those before. */
export class AddressRanges {
  #ranges: Range[] = [];

  /** false: `written` is no range of IPv4 addresses (`10.0.0.0-10.0.3.255`). */
  add(written: string, value: string): boolean {
    const range = rangeOf(written);
    if (range === null) return false;
    this.#cut(range);
    this.#ranges.push({ ...range, value });
    return true;
  }

  delete(written: string): boolean {
    const range = rangeOf(written);
    if (range !== null) this.#cut(range);
    return range !== null;
  }

  /** The same as networks, by their spelling with a prefix length. */
  networks(): Record<string, string> {
    const networks: Record<string, string> = {};
    for (const { first, last, value } of this.#ranges.toSorted((a, b) => a.first - b.first))
      for (const network of networksOf(first, last)) networks[network] = value;
    return networks;
  }

  #cut({ first, last }: { readonly first: number; readonly last: number }): void {
    this.#ranges = this.#ranges.flatMap((range) => {
      if (range.last < first || range.first > last) return [range];
      const before = { ...range, last: first - 1 };
      const after = { ...range, first: last + 1 };
      return [before, after].filter((part) => part.first <= part.last);
    });
  }
}

// --- internal ---

function rangeOf(written: string): { readonly first: number; readonly last: number } | null {
  const [first, last, ...rest] = written.split("-").map(numberOf);
  if (first === undefined || last === undefined || rest.length > 0) return null;
  return first === null || last === null || first > last ? null : { first, last };
}

function numberOf(address: string): number | null {
  const parts = address.trim().split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return null;
  return parts.reduce((number, part) => number * 256 + part, 0);
}

/** The fewest networks that cover a range: each as large as its start and the end allow. */
function networksOf(first: number, last: number): string[] {
  const found: string[] = [];
  for (let start = first; start <= last; ) {
    let bits = 0;
    while (bits < 32 && start % 2 ** (bits + 1) === 0 && start + 2 ** (bits + 1) - 1 <= last) bits++;
    found.push(`${[24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256).join(".")}/${32 - bits}`);
    start += 2 ** bits;
  }
  return found;
}
