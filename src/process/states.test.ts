import assert from "node:assert/strict";
import { test } from "node:test";
import { nextState, type ProcessEvent, type ProcessState } from "./states.ts";

const STATES: readonly ProcessState[] = [
  "waiting",
  "starting",
  "running",
  "draining",
  "stopping",
  "backoff",
  "failed",
  "exited",
  "stopped",
];
const EVENTS: readonly ProcessEvent[] = [
  "wait",
  "start",
  "ready",
  "exit",
  "finish",
  "give-up",
  "retry",
  "drain",
  "stop",
];

// state: event -> next. What is not here means nothing in that state.
const EXPECTED: Readonly<Record<ProcessState, string>> = {
  stopped: "wait->waiting start->starting drain->stopped stop->stopped",
  waiting: "start->starting drain->stopped stop->stopped",
  starting: "ready->running exit->backoff finish->exited drain->stopping stop->stopping",
  running: "exit->backoff finish->exited drain->draining stop->stopping",
  draining: "exit->stopped drain->draining stop->stopping",
  stopping: "exit->stopped drain->stopping stop->stopping",
  backoff: "start->starting give-up->failed retry->starting drain->stopped stop->stopped",
  failed: "wait->waiting start->starting retry->starting drain->stopped stop->stopped",
  exited: "wait->waiting start->starting drain->stopped stop->stopped",
};

for (const state of STATES) {
  test(`a process that is ${state} goes where the table says, and no other event moves it`, () => {
    const moves = EVENTS.flatMap((event) => {
      const next = nextState(state, event);
      return next === null ? [] : [`${event}->${next}`];
    });
    assert.deepEqual(moves.sort(), EXPECTED[state].split(" ").sort());
  });
}

test("a process that was asked to stop never comes back by itself", () => {
  for (const state of ["draining", "stopping"] as const) assert.equal(nextState(state, "exit"), "stopped");
});

test("what has ended as it should never comes back by itself", () => {
  for (const event of ["ready", "exit", "retry"] as const) assert.equal(nextState("exited", event), null);
});

test("every state but stopped can be left for stopped", () => {
  for (const state of STATES) {
    const asked = nextState(state, "stop");
    assert.ok(asked === "stopped" || nextState(asked!, "exit") === "stopped", state);
  }
});
