import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

/** Waits until this holds; fails after 10 s. */
export async function waitUntil(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!holds()) {
    assert.ok(performance.now() < end, `${what}: not within 10 s`);
    await pause(5);
  }
}
