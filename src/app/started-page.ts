import { readLanes } from "../base/lane-page.ts";

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
