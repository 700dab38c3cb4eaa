/**
 * A process that we keep alive. waiting: wanted, once what it comes after is up; starting: runs, has not said ready (or not
 * stayed up for long enough); running: ready; draining: finishes what it has, then ends; stopping: told to end (TERM, later KILL);
 * backoff: ended by itself, started again after a pause; failed: given up, tried again slowly or when asked; exited: ended
 * by itself, as it should; stopped: not wanted.
 */
export type ProcessState =
  | "waiting"
  | "starting"
  | "running"
  | "draining"
  | "stopping"
  | "backoff"
  | "failed"
  | "exited"
  | "stopped";

/** exit: it has ended by itself and is to come back; finish: it has, and is not. */
export type ProcessEvent = "wait" | "start" | "ready" | "exit" | "finish" | "give-up" | "retry" | "drain" | "stop";

const TABLE: Readonly<Record<ProcessState, Readonly<Partial<Record<ProcessEvent, ProcessState>>>>> = {
  stopped: { wait: "waiting", start: "starting", drain: "stopped", stop: "stopped" },
  waiting: { start: "starting", drain: "stopped", stop: "stopped" },
  starting: { ready: "running", exit: "backoff", finish: "exited", drain: "stopping", stop: "stopping" },
  running: { exit: "backoff", finish: "exited", drain: "draining", stop: "stopping" },
  draining: { exit: "stopped", drain: "draining", stop: "stopping" },
  stopping: { exit: "stopped", drain: "stopping", stop: "stopping" },
  backoff: { start: "starting", retry: "starting", "give-up": "failed", drain: "stopped", stop: "stopped" },
  failed: { wait: "waiting", start: "starting", retry: "starting", drain: "stopped", stop: "stopped" },
  exited: { wait: "waiting", start: "starting", drain: "stopped", stop: "stopped" },
};

/** The state after `event`, or null when the event means nothing in this state (a late message, a second request). */
export function nextState(state: ProcessState, event: ProcessEvent): ProcessState | null {
  return TABLE[state][event] ?? null;
}
