/** Pieces up to this size are put together: one by itself costs a hundred bytes of memory beside its own. */
const SMALL = 1024;
const LEAST_ROOM = 256;
const MOST_ROOM = 16 * 1024;

/**
 * Bytes that come in pieces and wait. However small the pieces, the row takes little more memory than the bytes: a client may cut what it
 * sends into single ones (chunks, DATA frames, fragments) without making us pay a hundredfold for it.
 */
export class ByteRow {
  #pieces: Buffer[] = [];
  /** Small pieces, put together after `#pieces`; the part that is filled. */
  #room: Buffer | null = null;
  #filled = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds a copy of `piece`; with `owned`, a large one as it is. */
  append(piece: Buffer, owned = false): void {
    const { length } = piece;
    if (length === 0) return;
    const first = this.#length === 0;
    this.#length += length;
    if (first || length > SMALL) {
      this.#close();
      this.#pieces.push(owned && length > SMALL ? piece : Buffer.from(piece));
      return;
    }
    if (this.#room === null || this.#room.length - this.#filled < length) {
      this.#close();
      this.#room = Buffer.allocUnsafe(Math.min(MOST_ROOM, Math.max(LEAST_ROOM, length, this.#length * 2)));
    }
    piece.copy(this.#room, this.#filled);
    this.#filled += length;
  }

  /** The first bytes, as many as lie together; empty where there are none. */
  shift(): Buffer {
    if (this.#pieces.length === 0) this.#close();
    const piece = this.#pieces.shift() ?? Buffer.alloc(0);
    this.#length -= piece.length;
    return piece;
  }

  /** All bytes in one piece; they stay. */
  whole(): Buffer {
    this.#close();
    if (this.#length === 0) return Buffer.alloc(0);
    if (this.#pieces.length !== 1) this.#pieces = [Buffer.concat(this.#pieces, this.#length)];
    return this.#pieces[0]!;
  }

  clear(): void {
    this.#pieces = [];
    this.#room = null;
    this.#filled = 0;
    this.#length = 0;
  }

  // --- internal ---

  /** What was put together becomes a piece; what follows it gets room of its own. */
  #close(): void {
    if (this.#room === null) return;
    if (this.#filled > 0) this.#pieces.push(this.#room.subarray(0, this.#filled));
    this.#room = this.#room.length - this.#filled >= LEAST_ROOM ? this.#room.subarray(this.#filled) : null;
    this.#filled = 0;
  }
}
