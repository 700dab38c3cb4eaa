import assert from "node:assert/strict";
import { test } from "node:test";
import { autoWorkers } from "./workers.ts";

const GB = 1024 ** 3;

test("auto is a worker for each CPU, from 2 to 32", () => {
  assert.deepEqual(
    [1, 2, 4, 64].map((cpus) => autoWorkers(cpus, 0)),
    [2, 2, 4, 32],
  );
});

test("a container with little memory gets fewer, but one", () => {
  assert.deepEqual(
    [GB / 16, GB / 4, GB / 2, 64 * GB].map((memory) => autoWorkers(8, memory)),
    [1, 2, 4, 8],
  );
});
