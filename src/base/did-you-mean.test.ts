import assert from "node:assert/strict";
import { test } from "node:test";
import { closest, didYouMean } from "./did-you-mean.ts";

const KEYS = ["workers", "threads", "start_timeout", "stop_timeout", "listeners", "user"];

test("a slip of the hand finds the word that was meant", () => {
  for (const [typed, meant] of [
    ["worker", "workers"],
    ["wrokers", "workers"],
    ["startTimeout", "start_timeout"],
    ["stop-timeout", "stop_timeout"],
    ["Threads", "threads"],
    ["usr", "user"],
  ] as const) {
    assert.equal(closest(typed, KEYS), meant, typed);
  }
});

test("a word that is near nothing gets no suggestion", () => {
  for (const typed of ["", "x", "database", "programs"]) assert.equal(closest(typed, KEYS), null, typed);
  assert.equal(didYouMean("database", KEYS), undefined);
});

test("a suggestion is a question that quotes the word", () => {
  assert.equal(didYouMean("listener", KEYS), 'did you mean "listeners"?');
});
