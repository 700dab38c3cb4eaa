import assert from "node:assert/strict";
import { test } from "node:test";
import { StartGate } from "./start-gate.ts";

test("no more than so many are inside at a time, in the order in which they came", async () => {
  const gate = new StartGate(2);
  const entered: number[] = [];
  const leave: (() => void)[] = [];
  for (const number of [0, 1, 2, 3]) {
    gate.pass(() => {
      entered.push(number);
      return { left: new Promise<void>((resolve) => leave.push(resolve)) };
    });
  }
  assert.deepEqual(entered, [0, 1]);
  leave[1]!();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(entered, [0, 1, 2]);
  leave[0]!();
  leave[2]!();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(entered, [0, 1, 2, 3]);
});
