import assert from "node:assert/strict";
import { test } from "node:test";
import { parseWorkerMessage } from "./worker-messages.ts";

test("each message of the protocol is understood", () => {
  assert.deepEqual(
    parseWorkerMessage(
      '{"ready":{"pid":7,"python":"3.11.7","kind":"asgi","why":"it awaits","loop":"asyncio","loaded_ms":12}}',
    ),
    {
      type: "ready",
      python: "3.11.7",
      loaded: 12,
      interface: { kind: "asgi", why: "it awaits", loop: "asyncio" },
    },
  );
  assert.deepEqual(parseWorkerMessage('{"failed":{"reason":"no module","remedy":"","traceback":"Trace"}}'), {
    type: "failed",
    reason: "no module",
    remedy: null,
    traceback: "Trace",
  });
  assert.deepEqual(parseWorkerMessage('{"stacks":3,"text":"Thread"}'), { type: "stacks", id: 3, text: "Thread" });
  assert.deepEqual(parseWorkerMessage('{"warning":"slow"}'), { type: "warning", text: "slow" });
});

for (const line of [
  "",
  "nonsense",
  "[]",
  "null",
  "7",
  "{}",
  '{"failed":{}}',
  '{"failed":"x"}',
  '{"stacks":"3","text":"x"}',
  '{"ready":true}',
  '{"warning":[1]}',
]) {
  test(`what is no message of the protocol is refused: ${line || "an empty line"}`, () => {
    assert.equal(parseWorkerMessage(line), null);
  });
}
