import { readFileSync } from "node:fs";

/** Bytes of a lane's entry (docs/worker-protocol.md). */
const LANE_ENTRY = 64;

/** What the page of started exchanges tells of a worker, also of one that is stuck. */
export interface BusyLanes {
  /** Lanes that run an exchange now. */
  readonly busy: number;
  /** Age of the exchange that has been running for longest, seconds; 0: none runs. */
  readonly oldest: number;
  /** Exchanges that its lanes have begun, modulo 2^32 for each lane. */
  readonly taken: number;
}

/** Reads a worker's page; null when it is not there (any more). */
export function busyLanes(page: string): BusyLanes | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(page);
  } catch {
    return null;
  }
  const now = Number(process.hrtime.bigint()) / 1e9; // CLOCK_MONOTONIC, as the lanes write it
  let busy = 0;
  let oldest = 0;
  let taken = 0;
  for (let at = 0; at + LANE_ENTRY <= bytes.length; at += LANE_ENTRY) {
    taken += bytes.readUInt32LE(at);
    if (bytes.readUInt32LE(at + 4) === 0) continue;
    busy++;
    oldest = Math.max(oldest, now - bytes.readDoubleLE(at + 8));
  }
  return { busy, oldest, taken };
}
