/** Bytes of a pooled buffer: large enough to keep a fast client busy between two reads, small enough for many slow ones. */
export const POOLED = 128 * 1024;
const KEPT = 64;

const free: Buffer[] = [];

/** A buffer of `POOLED` bytes with whatever was in it before. Give it back when its bytes are written. */
export function takeBuffer(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(POOLED);
}

export function giveBack(buffer: Buffer): void {
  if (free.length < KEPT) free.push(buffer);
}
