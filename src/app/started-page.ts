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

/** What the lanes of a worker had started, as its page of started exchanges tells (docs/worker-protocol.md). */
export interface StartedPage {
  /** Exchanges that the lanes took from the data connection, ever. */
  readonly taken: number;
  /** Streams that lanes run, and when they began: ms, as `performance.now()` tells them. */
  readonly running: ReadonlyMap<number, number>;
  /** Some lane runs nothing. */
  readonly idle: boolean;
}

/** CLOCK_MONOTONIC, which workers tell times by, at the origin of `performance.now()`; ms. */
const ORIGIN = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Reads a page; null when it can't be read (then every exchange counts as started). */
export function readStartedPage(file: string): StartedPage | null {
  const lanes = readLanes(file);
  if (lanes === null) return null;
  let taken = 0;
  const running = new Map<number, number>();
  for (const lane of lanes) {
    taken += lane.taken;
    if (lane.stream !== 0) running.set(lane.stream, lane.began * 1000 - ORIGIN);
  }
  return { taken, running, idle: running.size < lanes.length };
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
