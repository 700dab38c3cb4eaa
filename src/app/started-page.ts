import fs from "node:fs";

/** Bytes of each lane's entry. */
export const LANE_ENTRY = 64;

/** What the lanes of a worker had started, as its page of started exchanges tells (docs/worker-protocol.md). */
export interface StartedPage {
  /** Exchanges that the lanes took from the data connection, ever. */
  readonly taken: number;
  /** Stream ids that lanes were running. */
  readonly running: ReadonlySet<number>;
}

/** Reads a page; null when it can't be read (then every exchange counts as started). */
export function readStartedPage(file: string): StartedPage | null {
  let bytes: Buffer;
  try {
    bytes = fs.readFileSync(file);
  } catch {
    return null;
  }
  let taken = 0;
  const running = new Set<number>();
  for (let at = 0; at + LANE_ENTRY <= bytes.length; at += LANE_ENTRY) {
    taken += bytes.readUInt32LE(at);
    const stream = bytes.readUInt32LE(at + 4);
    if (stream !== 0) running.add(stream);
  }
  return { taken, running };
}
