import { decodeHuffman } from "./huffman.ts";
import { STATIC_TABLE } from "./static-table.ts";

/** Bytes that an entry counts beside its text (RFC 7541 §4.1, RFC 9113 §6.5.2). */
const OVERHEAD = 32;

/** A decoded field list, as it was sent: names not checked, pseudo-header fields among them. */
export interface FieldList {
  readonly names: readonly string[];
  readonly values: readonly string[];
  /** Names and values, 32 bytes for each field on top: what SETTINGS_MAX_HEADER_LIST_SIZE bounds. */
  readonly size: number;
  /** `size` is above the limit; the fields beyond it are left out. */
  readonly tooLarge: boolean;
}

/**
 * The decoder of HPACK (RFC 7541) for one connection. The dynamic table has the default size, 4096 bytes, which we never
 * raise. Text is latin-1.
 */
export class HeaderDecoder {
  readonly #capacity: number;
  /** The limit in effect: the client may lower it. */
  #limit: number;
  /** Newest last; those before `#first` are evicted. */
  #entries: (readonly [string, string])[] = [];
  #first = 0;
  #size = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #faulty = false;
  /** Changes whenever the dynamic table does: equal blocks at equal versions mean equal fields. */
  version = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#limit = capacity;
  }

  /** Decodes a whole block; null: COMPRESSION_ERROR, after which the connection can't go on. `listLimit`: bytes of the list. */
  decode(block: Buffer, listLimit: number): FieldList | null {
    this.#bytes = block;
    this.#at = 0;
    this.#faulty = false;
    const names: string[] = [];
    const values: string[] = [];
    let size = 0;
    let begun = false;
    while (this.#at < block.length) {
      const first = block[this.#at]!;
      if ((first & 0xe0) === 0x20) {
        // §4.2: a change of the table's size stands at the beginning of a block.
        if (begun || !this.#resize(this.#integer(5))) return null;
        continue;
      }
      begun = true;
      const entry = (first & 0x80) !== 0 ? this.#entry(this.#integer(7)) : this.#literal(first);
      if (entry === null || this.#faulty) return null;
      // Decoded on beyond the limit, for the table must stay the client's; but no longer kept.
      size += entry[0].length + entry[1].length + OVERHEAD;
      if (size > listLimit) continue;
      names.push(entry[0]);
      values.push(entry[1]);
    }
    this.#bytes = Buffer.alloc(0);
    return { names, values, size, tooLarge: size > listLimit };
  }

  // --- internal ---

  #literal(first: number): readonly [string, string] | null {
    const indexed = (first & 0xc0) === 0x40;
    const index = this.#integer(indexed ? 6 : 4);
    const name = index === 0 ? this.#text() : (this.#entry(index)?.[0] ?? null);
    const value = this.#text();
    if (name === null || value === null || this.#faulty) return null;
    const entry = [name, value] as const;
    if (indexed) this.#insert(entry);
    return entry;
  }

  #entry(index: number): readonly [string, string] | null {
    if (index <= STATIC_TABLE.length) return STATIC_TABLE[index - 1] ?? null;
    const at = this.#entries.length - (index - STATIC_TABLE.length);
    return at >= this.#first ? this.#entries[at]! : null;
  }

  #insert(entry: readonly [string, string]): void {
    this.version++;
    const size = entry[0].length + entry[1].length + OVERHEAD;
    this.#evict(this.#limit - size);
    // §4.4: what is larger than the table empties it, and is no error.
    if (size > this.#limit) return;
    this.#entries.push(entry);
    this.#size += size;
  }

  #evict(until: number): void {
    while (this.#size > until && this.#first < this.#entries.length) {
      const [name, value] = this.#entries[this.#first++]!;
      this.#size -= name.length + value.length + OVERHEAD;
    }
    if (this.#first < 64) return;
    this.#entries = this.#entries.slice(this.#first);
    this.#first = 0;
  }

  #resize(limit: number): boolean {
    if (this.#faulty || limit > this.#capacity) return false;
    this.version++;
    this.#limit = limit;
    this.#evict(limit);
    return true;
  }

  /** §5.1: an integer whose first `prefix` bits stand in the byte at hand. Lengths and indices of ours are far below 2^21. */
  #integer(prefix: number): number {
    const bytes = this.#bytes;
    const mask = (1 << prefix) - 1;
    let value = bytes[this.#at++]! & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 14; shift += 7) {
      if (this.#at >= bytes.length) break;
      const byte = bytes[this.#at++]!;
      value += (byte & 127) << shift;
      if (byte < 128) return value;
    }
    this.#faulty = true;
    return 0;
  }

  /** §5.2: a string. */
  #text(): string | null {
    if (this.#faulty || this.#at >= this.#bytes.length) return null;
    const coded = (this.#bytes[this.#at]! & 0x80) !== 0;
    const length = this.#integer(7);
    const from = this.#at;
    const to = from + length;
    if (this.#faulty || to > this.#bytes.length) return null;
    this.#at = to;
    return coded ? decodeHuffman(this.#bytes, from, to) : this.#bytes.latin1Slice(from, to);
  }
}
