import { chownSync, closeSync, fchmodSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { LANE_ENTRY } from "../base/lane-page.ts";

/** An edge reads the page of a dead worker a moment after it was told; then the file can go. ms */
const READ_TIME = 5000;

/** The file in which a worker notes the exchanges that it starts: written by the app's user, read by the edge's group. */
export function makeWorkerPage(
  path: string,
  lanes: number,
  owner: { readonly uid: number; readonly edgeGroup: number },
): void {
  make(path, Buffer.alloc(lanes * LANE_ENTRY), owner);
  // Beside it: where the worker's flight recorder writes the stacks of its threads.
  make(stacksFile(path), Buffer.alloc(0), owner);
}

/** The file for the stacks of the worker that has this page. */
export function stacksFile(page: string): string {
  return page.replace(/\.page$/, ".stacks");
}

/** Exchanges that the worker has begun, modulo 2^32 for each lane; 0 when there is no page any more. */
export function exchangesTaken(path: string): number {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return 0; // it has just ended
  }
  let taken = 0;
  for (let at = 0; at + LANE_ENTRY <= bytes.length; at += LANE_ENTRY) taken += bytes.readUInt32LE(at);
  return taken;
}

/** Removes the files of a worker that has ended, once the edge has had time to read it. */
export function dropWorkerPage(path: string): void {
  rmSync(stacksFile(path), { force: true });
  setTimeout(() => rmSync(path, { force: true }), READ_TIME).unref();
}

function make(path: string, content: Buffer, owner: { readonly uid: number; readonly edgeGroup: number }): void {
  rmSync(path, { force: true });
  const fd = openSync(path, "wx", 0o600);
  try {
    writeSync(fd, content);
    fchmodSync(fd, 0o640);
  } finally {
    closeSync(fd);
  }
  if (process.getuid!() === 0) chownSync(path, owner.uid, owner.edgeGroup);
}
