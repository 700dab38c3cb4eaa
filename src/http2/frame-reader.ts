import { FRAME_HEAD, MAX_PAYLOAD } from "./frame.ts";

const EMPTY = Buffer.alloc(0);

/**
 * Cuts what comes on a connection into frames (RFC 9113 §4.1). A frame that came whole is a view of the read; one that came in
 * parts is collected, at most one at a time, so at most `MAX_PAYLOAD` bytes are kept.
 */
export class FrameReader {
  #partial: Buffer | null = null;
  #length = 0;
  /** The last frame that was read, its fields replaced by the next. */
  type = 0;
  flags = 0;
  stream = 0;
  payload: Buffer = EMPTY;
  /** A frame is longer than allowed; nothing more can be read. */
  oversized = false;

  /** Something of a frame has come, but not all. */
  get partial(): boolean {
    return this.#partial !== null;
  }

  /** Lets go of the last payload: a view of it keeps a whole read alive. */
  release(): void {
    this.payload = EMPTY;
  }

  /** Reads a frame from `input` at `offset` into the fields; returns where it ends, or -1: what was left is kept, or is `oversized`. */
  read(input: Buffer, offset: number): number {
    if (this.#partial !== null) return this.#complete(this.#partial, input, offset);
    const available = input.length - offset;
    if (available < FRAME_HEAD) {
      if (available > 0) this.#keep(input, offset, FRAME_HEAD);
      return -1;
    }
    const length = this.#head(input, offset);
    if (length > MAX_PAYLOAD) {
      this.oversized = true;
      return -1;
    }
    const end = offset + FRAME_HEAD + length;
    if (end > input.length) {
      this.#keep(input, offset, FRAME_HEAD + length);
      return -1;
    }
    this.payload = input.subarray(offset + FRAME_HEAD, end);
    return end;
  }

  // --- internal ---

  #complete(partial: Buffer, input: Buffer, offset: number): number {
    let at = offset;
    if (this.#length < FRAME_HEAD) at = this.#fill(partial, input, at, FRAME_HEAD);
    if (this.#length < FRAME_HEAD) return -1;
    const length = this.#head(partial, 0);
    if (length > MAX_PAYLOAD) {
      this.oversized = true;
      return -1;
    }
    const whole = this.#reserve(partial, FRAME_HEAD + length);
    at = this.#fill(whole, input, at, FRAME_HEAD + length);
    if (this.#length < FRAME_HEAD + length) return -1;
    this.payload = whole.subarray(FRAME_HEAD, FRAME_HEAD + length);
    this.#partial = null;
    return at;
  }

  /** Room for the whole frame, once its length is known. */
  #reserve(partial: Buffer, size: number): Buffer {
    if (partial.length >= size) return partial;
    const larger = Buffer.allocUnsafe(size);
    partial.copy(larger, 0, 0, this.#length);
    this.#partial = larger;
    return larger;
  }

  #fill(partial: Buffer, input: Buffer, from: number, until: number): number {
    const count = Math.min(until - this.#length, input.length - from);
    input.copy(partial, this.#length, from, from + count);
    this.#length += count;
    return from + count;
  }

  #keep(input: Buffer, offset: number, size: number): void {
    this.#partial = Buffer.allocUnsafe(size);
    this.#length = input.copy(this.#partial, 0, offset);
  }

  #head(bytes: Buffer, at: number): number {
    this.type = bytes[at + 3]!;
    this.flags = bytes[at + 4]!;
    // The reserved bit is ignored.
    this.stream = bytes.readUInt32BE(at + 5) & 0x7fffffff;
    return bytes.readUIntBE(at, 3);
  }
}
