const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Longest line given out, bytes; what is longer comes in pieces. */
export const LONGEST_LINE: number = 16 * 1024;

/** Cuts a byte stream into lines of UTF-8 text, whichever way its chunks fall. Memory is bounded by `longest`. */
export class LineSplitter {
  readonly #line: (text: string) => void;
  readonly #longest: number;
  #rest: Buffer[] = [];
  #size = 0;

  constructor(line: (text: string) => void, longest: number = LONGEST_LINE) {
    this.#line = line;
    this.#longest = longest;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, at));
      this.#give();
      start = at + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** The stream has ended: gives out what has no newline. */
  end(): void {
    if (this.#size > 0) this.#give();
  }

  #keep(piece: Buffer): void {
    let rest = piece;
    while (this.#size + rest.length > this.#longest) {
      const cut = wholeCharacters(rest, this.#longest - this.#size);
      this.#rest.push(rest.subarray(0, cut));
      this.#give();
      rest = rest.subarray(cut);
    }
    // Copied: Node gives the memory of a chunk to the next one.
    if (rest.length > 0) this.#rest.push(Buffer.from(rest));
    this.#size += rest.length;
  }

  #give(): void {
    const line = this.#rest.length === 1 ? this.#rest[0]! : Buffer.concat(this.#rest);
    this.#rest = [];
    this.#size = 0;
    const end = line.at(-1) === RETURN ? line.length - 1 : line.length;
    this.#line(line.toString("utf8", 0, end));
  }
}

// Where to cut so that no UTF-8 sequence is torn: not before a continuation byte (10xxxxxx).
function wholeCharacters(bytes: Buffer, limit: number): number {
  let cut = limit;
  while (cut > Math.max(0, limit - 3) && (bytes[cut]! & 0xc0) === 0x80) cut--;
  return cut;
}
