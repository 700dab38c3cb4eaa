/**
 * A process that we keep alive. starting: runs, has not said ready; running: ready; draining: finishes what it has, then ends;
 * stopping: told to end (TERM, later KILL); backoff: ended by itself, started again after a pause; failed: given up, tried
 * again slowly or when asked; stopped: not wanted.
 */
export type ProcessState = "starting" | "running" | "draining" | "stopping" | "backoff" | "failed" | "stopped";

export type ProcessEvent = "start" | "ready" | "exit" | "give-up" | "retry" | "drain" | "stop";

const TABLE: Readonly<Record<ProcessState, Readonly<Partial<Record<ProcessEvent, ProcessState>>>>> = {
  stopped: { start: "starting", drain: "stopped", stop: "stopped" },
  starting: { ready: "running", exit: "backoff", drain: "stopping", stop: "stopping" },
  running: { exit: "backoff", drain: "draining", stop: "stopping" },
  draining: { exit: "stopped", drain: "draining", stop: "stopping" },
  stopping: { exit: "stopped", drain: "stopping", stop: "stopping" },
  backoff: { retry: "starting", "give-up": "failed", drain: "stopped", stop: "stopped" },
  failed: { retry: "starting", drain: "stopped", stop: "stopped" },
};

/** The state after `event`, or null when the event means nothing in this state (a late message, a second request). */
export function nextState(state: ProcessState, event: ProcessEvent): ProcessState | null {
  return TABLE[state][event] ?? null;
}
