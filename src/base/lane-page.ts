import fs from "node:fs";

/** Bytes of each lane's entry. */
export const LANE_ENTRY = 64;

/** One lane of a worker, as its page tells. */
export interface LaneEntry {
  /** Exchanges that it took from the data connection, ever, modulo 2^32. */
  readonly taken: number;
  /** Stream id that it runs, or 0. */
  readonly stream: number;
  /** When that began, seconds of CLOCK_MONOTONIC. */
  readonly began: number;
  /** The thread that runs the lane, as the stacks of the flight recorder name it: `0x00007f...`. */
  readonly thread: string;
}

/** The entries of all lanes, in order; null when the page can't be read. */
export function readLanes(file: string): readonly LaneEntry[] | null {
  let bytes: Buffer;
  try {
    bytes = fs.readFileSync(file);
  } catch {
    return null;
  }
  const lanes: LaneEntry[] = [];
  for (let at = 0; at + LANE_ENTRY <= bytes.length; at += LANE_ENTRY)
    lanes.push({
      taken: bytes.readUInt32LE(at),
      stream: bytes.readUInt32LE(at + 4),
      began: bytes.readDoubleLE(at + 8),
      thread: `0x${bytes
        .readBigUInt64LE(at + 16)
        .toString(16)
        .padStart(16, "0")}`,
    });
  return lanes;
}
