import assert from "node:assert/strict";
import { test } from "node:test";
import type { AfterConfig } from "../config/program-model.ts";
import { startOrder, stopWaves } from "./program-order.ts";

const program = (name: string, priority: number, ...after: string[]) => ({
  name,
  priority,
  after: after.map((other): AfterConfig => ({ program: other, state: "running" })),
});

test("lower priorities start first, and as written where they are equal", () => {
  const order = startOrder([program("c", 5), program("a", 1), program("b", 5)]);
  assert.deepEqual(
    order.map(({ name }) => name),
    ["a", "c", "b"],
  );
});

test("what comes after others stops before them, whatever its priority, and higher priorities stop first", () => {
  assert.deepEqual(stopWaves([program("a", 1), program("b", 2), program("c", 2)]), [["b", "c"], ["a"]]);
  assert.deepEqual(stopWaves([program("db", 9), program("web", 1, "db"), program("log", 5)]), [
    ["log"],
    ["web"],
    ["db"],
  ]);
});

test("what comes after something that is not stopped with it does not hold it up", () => {
  assert.deepEqual(stopWaves([program("web", 1, "db")]), [["web"]]);
  assert.deepEqual(stopWaves([]), []);
});
