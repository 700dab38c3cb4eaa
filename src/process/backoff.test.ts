import assert from "node:assert/strict";
import { test } from "node:test";
import { afterExit, DEFAULT_POLICY, NO_HISTORY, type RestartHistory } from "./backoff.ts";

/** Pauses after runs that were ready for these times (null: never), without jitter. */
function pauses(runs: readonly (number | null)[]): number[] {
  let history: RestartHistory = NO_HISTORY;
  return runs.map((ready) => {
    const verdict = afterExit(history, ready, DEFAULT_POLICY, 0);
    history = verdict.history;
    return verdict.pause;
  });
}

test("the pause doubles from 0.1 s with each short run, up to 10 s", () => {
  assert.deepEqual(pauses(Array(9).fill(50)), [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
});

test("a run of a second starts the row of pauses anew", () => {
  assert.deepEqual(pauses([0, 0, 0, 1_000, 0, 999]), [100, 200, 400, 100, 200, 400]);
});

test("a row of crashes so long that the doubling would overflow still pauses ten seconds", () => {
  assert.equal(pauses(Array(5000).fill(1)).at(-1), 10_000);
});

test("the fifth start in a row that never got ready is the last for thirty seconds", () => {
  let history: RestartHistory = NO_HISTORY;
  const givenUp: boolean[] = [];
  for (let start = 0; start < 6; start++) {
    const verdict = afterExit(history, null, DEFAULT_POLICY, 0);
    history = verdict.history;
    givenUp.push(verdict.giveUp);
    if (verdict.giveUp) assert.equal(verdict.pause, 30_000);
  }
  assert.deepEqual(givenUp, [false, false, false, false, true, true]);
});

test("a worker that gets ready and then crashes is never given up", () => {
  let history: RestartHistory = NO_HISTORY;
  for (let run = 0; run < 50; run++) {
    const verdict = afterExit(history, run % 4 === 3 ? 5 : null, DEFAULT_POLICY, 0);
    history = verdict.history;
    assert.equal(verdict.giveUp, false);
  }
});

test("jitter takes up to a quarter off and never adds", () => {
  for (const random of [0, 0.25, 0.5, 0.999]) {
    const { pause } = afterExit(NO_HISTORY, 0, DEFAULT_POLICY, random);
    assert.ok(pause <= 100 && pause > 75, String(pause));
  }
});
