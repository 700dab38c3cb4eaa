import type { ProcessStatus } from "../control/operations.ts";
import { residentMemory } from "./pool-status.ts";

/** Main itself, in a status report. */
export function mainStatus(since: Date, state: string): ProcessStatus {
  return {
    name: "main",
    pid: process.pid,
    state,
    since: since.toISOString(),
    memory: residentMemory(process.pid),
    requests: null,
    restarts: 0,
    reason: null,
  };
}
