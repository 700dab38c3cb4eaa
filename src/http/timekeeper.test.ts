import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, test } from "node:test";
import { DEFAULT_TIMEOUTS } from "./settings.ts";
import { Timekeeper } from "./timekeeper.ts";

/** As much of a socket as is looked at. */
function socket(parts: { writableLength: number; bytesWritten: number }): Socket {
  return parts as Socket;
}

describe("Timekeeper", () => {
  test("a wait is overdue when its own time has passed without progress, and starts anew with each thing awaited", () => {
    const clock = new Timekeeper(socket({ writableLength: 0, bytesWritten: 0 }), {
      ...DEFAULT_TIMEOUTS,
      head: 1000,
      idle: 5000,
    });
    const late = (awaited: "head" | "request", progress: number, now: number): boolean => {
      clock.writeStalled(now);
      return clock.overdue(awaited, progress, now);
    };
    assert.equal(late("request", 1, 100), false);
    assert.equal(late("request", 1, 5100), false);
    assert.equal(late("request", 1, 5101), true);
    assert.equal(late("head", 1, 5200), false);
    assert.equal(late("head", 1, 6200), false);
    assert.equal(late("head", 2, 6201), false);
    assert.equal(late("head", 2, 7202), true);
  });

  test("a body's rate counts after the grace, over the time awaited", () => {
    const clock = new Timekeeper(socket({ writableLength: 0, bytesWritten: 0 }), {
      ...DEFAULT_TIMEOUTS,
      minimumRate: 100,
      rateGrace: 2000,
    });
    const late = (bytes: number, now: number): boolean => {
      clock.writeStalled(now);
      return clock.overdue("body", bytes, now);
    };
    assert.equal(late(0, 1000), false);
    assert.equal(late(1, 3000), false);
    assert.equal(late(500, 4000), false);
    assert.equal(late(501, 7000), true);
  });

  test("a write is stalled when the kernel takes nothing for the write timeout", () => {
    const parts = { writableLength: 100, bytesWritten: 100 };
    const clock = new Timekeeper(socket(parts), { ...DEFAULT_TIMEOUTS, write: 1000, minimumRate: 0 });
    assert.equal(clock.writeStalled(100), false);
    assert.equal(clock.writeStalled(1000), false);
    parts.bytesWritten = 150;
    parts.writableLength = 140;
    assert.equal(clock.writeStalled(1200), false);
    assert.equal(clock.writeStalled(2100), false);
    assert.equal(clock.writeStalled(2201), true);
    parts.writableLength = 0;
    assert.equal(clock.writeStalled(9000), false);
  });
});
