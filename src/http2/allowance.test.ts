import assert from "node:assert/strict";
import { test } from "node:test";
import { Allowance } from "./allowance.ts";

test("so many may be spent at once, a tenth of them again each second, never more than all", () => {
  const allowance = new Allowance(100);
  const spendable = (now: number): number => {
    let count = 0;
    while (allowance.spend(now)) count++;
    allowance.add(1); // the one that was refused
    return count;
  };
  assert.equal(spendable(1000), 100);
  assert.equal(spendable(2000), 10);
  assert.equal(spendable(2500), 5);
  assert.equal(spendable(1_000_000), 100);
});

test("what is earned counts, up to the most", () => {
  const allowance = new Allowance(2);
  assert.deepEqual([allowance.spend(1), allowance.spend(1), allowance.spend(1)], [true, true, false]);
  allowance.add(2);
  assert.deepEqual([allowance.spend(1), allowance.spend(1)], [true, false]);
  allowance.add(1000);
  assert.deepEqual([allowance.spend(1), allowance.spend(1), allowance.spend(1)], [true, true, false]);
});
