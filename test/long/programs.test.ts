import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { look, start } from "../programs/programs.ts";
import { isAlive, type Running, until } from "../supervision/instance.ts";

const COUNT = 200;
/** How long main is watched while nothing happens, ms. */
const IDLE = 15_000;

/** ms */
const LOOK_AGAIN = 500;

/** CPU milliseconds of a process so far. */
function cpuOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** All 200 of the program `napper`, running. */
async function many(t: TestContext): Promise<Running> {
  const running = await start(t, {
    programs: { napper: { command: "sleep 100000", instances: COUNT, backoff: { first: "100ms", longest: "5s" } } },
  });
  await untilAllRun(running);
  return running;
}

async function untilAllRun(running: Running): Promise<void> {
  // Not asked as often as it can be: that would be what main is busy with.
  for (;;) {
    const { programs } = await running.client.status();
    if (programs.filter(({ state }) => state === "running").length === COUNT) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN));
  }
}

test("200 programs cost main less than 1 % of a CPU while nothing happens", { timeout: 120_000 }, async (t) => {
  const running = await many(t);
  const before = cpuOf(running.pid);
  // The time is the measure here: there is no condition to wait for.
  await new Promise((resolve) => setTimeout(resolve, IDLE));
  const share = (cpuOf(running.pid) - before) / IDLE;
  t.diagnostic(`${(share * 100).toFixed(2)} % of a CPU`);
  assert.ok(share < 0.01, `${share * 100} %`);
});

test("200 programs that are killed at once all come back, and all end with main", { timeout: 120_000 }, async (t) => {
  const running = await many(t);
  const { programs } = await running.client.status();
  const pids = programs.map(({ pid }) => pid!);
  assert.equal(new Set(pids).size, COUNT);
  for (const pid of pids) process.kill(pid, "SIGKILL");
  await until("all have ended", () => pids.every((pid) => !isAlive(pid)));
  await untilAllRun(running);
  assert.equal((await look(running, "napper:199")).restarts, 1);
  const again = (await running.client.status()).programs.map(({ pid }) => pid!);
  running.signal("SIGTERM");
  assert.equal((await running.exited).code, 0);
  assert.ok(again.every((pid) => !isAlive(pid)));
});
