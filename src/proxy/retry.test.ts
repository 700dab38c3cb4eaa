import assert from "node:assert/strict";
import { test } from "node:test";
import { mayRetry } from "./retry.ts";

const FAILED = { kind: "error", sent: true, tries: 1, targets: 3, elapsed: 100 };
const SAFE = { idempotent: true, replayable: true };
const ON = new Set(["error", "503"]);
const NO_LIMIT = { tries: 0, timeout: 0 };

test("a request is sent again for what the configuration names alone", () => {
  assert.ok(mayRetry(FAILED, SAFE, ON, NO_LIMIT));
  assert.ok(mayRetry({ ...FAILED, kind: "503" }, SAFE, ON, NO_LIMIT));
  assert.ok(!mayRetry({ ...FAILED, kind: "timeout" }, SAFE, ON, NO_LIMIT));
});

test("a request that may do something twice is sent again only if nothing of it was sent, or when told", () => {
  const unsafe = { idempotent: false, replayable: true };
  assert.ok(!mayRetry(FAILED, unsafe, ON, NO_LIMIT));
  assert.ok(mayRetry({ ...FAILED, sent: false }, unsafe, ON, NO_LIMIT));
  assert.ok(mayRetry(FAILED, unsafe, new Set([...ON, "non-idempotent"]), NO_LIMIT));
});

test("a body that is gone, tries and time end it", () => {
  assert.ok(!mayRetry(FAILED, { ...SAFE, replayable: false }, ON, NO_LIMIT));
  assert.ok(!mayRetry({ ...FAILED, tries: 3 }, SAFE, ON, NO_LIMIT));
  assert.ok(!mayRetry({ ...FAILED, tries: 2 }, SAFE, ON, { tries: 2, timeout: 0 }));
  assert.ok(mayRetry({ ...FAILED, tries: 4 }, SAFE, ON, { tries: 5, timeout: 0 }));
  assert.ok(!mayRetry(FAILED, SAFE, ON, { tries: 0, timeout: 100 }));
});
