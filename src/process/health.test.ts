import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { HealthMonitor } from "./health.ts";

const CONFIG = { interval: 1000, timeout: 300, retries: 3, startPeriod: 2000 };

interface Watched {
  readonly told: string[];
  readonly monitor: HealthMonitor;
  asked: number;
}

/** A monitor whose process answers so, in order (null: well); the last answer is given for ever. */
function watch(t: TestContext, answers: readonly (string | null | Promise<null>)[]): Watched {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const told: string[] = [];
  const monitor = new HealthMonitor({
    config: CONFIG,
    probe: async () => answers[Math.min(watched.asked++, answers.length - 1)]!,
    changed: (health) => told.push(health),
    failed: (reason) => told.push(`failed: ${reason}`),
  });
  const watched: Watched = { told, monitor, asked: 0 };
  t.after(() => monitor.stop());
  monitor.start();
  pass = async (ms) => {
    for (let step = 0; step < ms; step += 100) {
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      now += 100;
      t.mock.timers.tick(100);
    }
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  return watched;
}

let pass: (ms: number) => Promise<void>;

test("it is healthy with the first check that passes, and then asked at its interval", async (t) => {
  const watched = watch(t, ["not yet", "not yet", null]);
  await pass(1000);
  assert.deepEqual([watched.told, watched.asked], [["healthy"], 3]);
  await pass(3000);
  assert.equal(watched.asked, 6);
});

test("so many failures in a row are one too many, and a check that passes between them starts the count anew", async (t) => {
  const watched = watch(t, [null, "no", "no", null, "no", "no", "gone"]);
  await pass(5500);
  assert.deepEqual(watched.told, ["healthy", "unhealthy", "healthy", "unhealthy"]);
  await pass(1000);
  assert.deepEqual(watched.told, ["healthy", "unhealthy", "healthy", "unhealthy", "failed: gone"]);
  const { asked } = watched;
  await pass(5000);
  assert.equal(watched.asked, asked);
});

test("one that was never well is given its start period and the time of its retries", async (t) => {
  const watched = watch(t, ["no"]);
  await pass(4900);
  assert.deepEqual(watched.told, []);
  await pass(700);
  assert.deepEqual(watched.told, ["unhealthy", "failed: no"]);
});

test("a check that does not answer in time has failed", async (t) => {
  const watched = watch(t, [null, new Promise<null>(() => {})]);
  await pass(5000);
  assert.equal(watched.told.at(-1), "failed: no answer within 300 ms");
});
