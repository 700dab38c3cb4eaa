import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProgramConfig } from "../config/program-model.ts";
import { instanceConfig, judgeEnd } from "./program-run.ts";

type Kind = "exit" | "signal" | "failed-start" | "unhealthy";

// restart, kind of end, exit code, was it running? What it means.
const CASES: readonly (readonly [ProgramConfig["restart"], Kind, number | null, boolean, string])[] = [
  ["always", "exit", 0, true, "ended"],
  ["always", "exit", 1, true, "ended"],
  ["always", "signal", null, true, "ended"],
  ["always", "exit", 0, false, "failed-start"],
  ["unexpected", "exit", 0, true, "finished"],
  ["unexpected", "exit", 2, true, "finished"],
  ["unexpected", "exit", 1, true, "ended"],
  ["unexpected", "signal", null, true, "ended"],
  ["unexpected", "exit", 0, false, "failed-start"],
  ["unexpected", "failed-start", 3, false, "failed-start"],
  ["never", "exit", 1, true, "finished"],
  ["never", "signal", null, true, "finished"],
  ["never", "exit", 0, false, "failed-start"],
  ["never", "unhealthy", null, true, "ended"],
  ["unexpected", "unhealthy", 0, true, "ended"],
];

for (const [restart, kind, code, ready, meaning] of CASES) {
  test(`restart: ${restart}, ${kind} ${code ?? ""} ${ready ? "while running" : "before it ran"}: ${meaning}`, () => {
    assert.equal(judgeEnd({ once: false, restart, expectedCodes: [0, 2] }, { kind, code }, ready), meaning);
  });
}

test("a step has finished with an expected code, and failed with all else", () => {
  const step = { once: true, restart: "unexpected", expectedCodes: [0] } as const;
  assert.equal(judgeEnd(step, { kind: "exit", code: 0 }, true), "finished");
  assert.equal(judgeEnd(step, { kind: "exit", code: 1 }, true), "failed-start");
  assert.equal(judgeEnd(step, { kind: "signal", code: null }, true), "failed-start");
  assert.equal(judgeEnd(step, { kind: "exit", code: 0 }, false), "failed-start");
});

test("{instance} is the number wherever it may stand, and other braces stay", () => {
  const config = {
    command: ["run", "--port=800{instance}", "{x}"],
    directory: "/srv/{instance}",
    environment: { PORT: "800{instance}" },
    health: { check: { kind: "http", url: "http://127.0.0.1:800{instance}/" } },
    stdout: { kind: "file", path: "/log/{instance}.log" },
    stderr: { kind: "stdout" },
  } as unknown as ProgramConfig;
  assert.deepEqual(instanceConfig(config, 3), {
    command: ["run", "--port=8003", "{x}"],
    directory: "/srv/3",
    environment: { PORT: "8003" },
    health: { check: { kind: "http", url: "http://127.0.0.1:8003/" } },
    stdout: { kind: "file", path: "/log/3.log" },
    stderr: { kind: "stdout" },
  });
});
