import type { Coding } from "../http/accept-encoding.ts";
import { compressNow } from "./compressor.ts";

/** Bytes of the copies and of the bodies that they are of. */
const LIMIT = 16 * 1024 * 1024;

interface Copies {
  bytes: number;
  readonly byCoding: Map<string, Buffer>;
}

/** Compressed copies of bodies that are sent again and again; those that were used longest ago go first. */
export class CompressedCopies {
  readonly #copies = new Map<Buffer, Copies>();
  readonly #limit: number;
  #bytes = 0;

  constructor(limit: number = LIMIT) {
    this.#limit = limit;
  }

  /** Bytes held, those of the bodies included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The body in this coding: compressed at its first use. */
  get(body: Buffer, coding: Coding, level: number): Buffer {
    const copies = this.#copies.get(body) ?? { bytes: 0, byCoding: new Map<string, Buffer>() };
    const key = coding + level;
    const known = copies.byCoding.get(key);
    if (known !== undefined) {
      this.#copies.delete(body);
      this.#copies.set(body, copies);
      return known;
    }
    const made = compressNow(coding, level, body);
    const more = made.length + (copies.byCoding.size === 0 ? body.length : 0);
    copies.byCoding.set(key, made);
    copies.bytes += more;
    this.#bytes += more;
    this.#copies.delete(body);
    this.#copies.set(body, copies);
    for (const [oldest, { bytes }] of this.#copies) {
      if (this.#bytes <= this.#limit) break;
      this.#copies.delete(oldest);
      this.#bytes -= bytes;
    }
    return made;
  }
}
