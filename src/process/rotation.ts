const NEWLINE = 0x0a;

export interface FileState {
  /** Bytes in the file. */
  readonly size: number;
  /** Whether the last byte in it ended a line. */
  readonly atLineStart: boolean;
  /** Size from which on a new file is begun; 0: never. */
  readonly limit: number;
}

/**
 * How many bytes of `chunk` (not empty) go into this file; 0: a new one is to be begun first. A line stays in one file, and one that is
 * longer than `limit` alone makes a longer file; what has no line ends at all is cut at twice the limit.
 */
export function bytesForFile(chunk: Buffer, { size, atLineStart, limit }: FileState): number {
  const room = limit - size;
  if (limit === 0 || chunk.length <= room) return chunk.length;
  const whole = room > 0 ? chunk.lastIndexOf(NEWLINE, room - 1) + 1 : 0;
  if (whole > 0) return whole;
  if (atLineStart && size > 0) return 0;
  const line = chunk.indexOf(NEWLINE) + 1;
  const most = 2 * limit - size;
  if (line > 0 && line <= Math.max(most, limit)) return line;
  return Math.max(0, Math.min(chunk.length, most));
}
