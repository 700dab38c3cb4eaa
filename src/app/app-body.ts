/** A request's body on its way to a worker, whether all of it is here or not. */
export interface AppBody {
  /** Bytes; -1: nobody knows yet. */
  readonly length: number;
  /** The body when it is small enough for a frame, else null. */
  readonly inline: Buffer | null;
  /**
   * The next piece of at most `limit` bytes, once there is one; empty at the end, null when the rest can't be had. `lend`:
   * its memory may be lent, until `release` is called.
   */
  next(limit: number, callback: (piece: Buffer | null, release?: () => void) => void, lend: boolean): void;
  /** Starts giving out from the beginning again; false when that can't be done any more. */
  rewind(): boolean;
  close(): void;
}
