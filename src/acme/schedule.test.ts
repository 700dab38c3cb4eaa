import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { failureWait, renewalTime } from "./schedule.ts";

const DAY = 86_400_000;
const kept = (days: number, placeholder = false) => ({ from: 0, until: days * DAY, placeholder, isFor: () => true });

test("a certificate is renewed when a third of its life is left, a little earlier for some; a missing one at once", () => {
  assert.equal(renewalTime(kept(90), 0), 60 * DAY);
  assert.equal(renewalTime(kept(90), 1), 55.5 * DAY);
  assert.equal(renewalTime(kept(6), 0), 4 * DAY);
  assert.equal(renewalTime(null, 0.5), 0);
  assert.equal(renewalTime(kept(90, true), 0.5), 0);
});

test("waits after failures double up to six hours, give or take a fifth", () => {
  assert.deepEqual(
    [1, 2, 3, 4].map((failures) => failureWait(failures, 0.5) / 60_000),
    [1, 2, 4, 8],
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
      const wait = failureWait(failures, random);
      return wait >= 0.8 * 60_000 && wait <= 1.2 * 6 * 3_600_000 + 1;
    }),
  );
});
