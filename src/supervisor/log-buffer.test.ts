import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog, type LogRecord } from "../base/log.ts";
import { LogBuffer, rememberingLog } from "./log-buffer.ts";

function record(message: string, source = "main"): LogRecord {
  return { time: new Date(0), level: "info", source, message, fields: undefined };
}

const messages = (records: readonly LogRecord[]): string[] => records.map(({ message }) => message);

test("the tail is the last records, oldest first", () => {
  const buffer = new LogBuffer();
  for (let i = 0; i < 5; i++) buffer.add(record(String(i)));
  assert.deepEqual(messages(buffer.tail(null, 2)), ["3", "4"]);
  assert.deepEqual(messages(buffer.tail(null, 0)), []);
});

test("an app's records are those of its workers too, and of no app whose name begins alike", () => {
  const buffer = new LogBuffer();
  for (const source of ["person/1", "person/2", "personal/1", "app person", "main"]) buffer.add(record(source, source));
  assert.deepEqual(messages(buffer.tail("person", 10)), ["person/1", "person/2", "app person"]);
  assert.deepEqual(messages(buffer.tail("person/2", 10)), ["person/2"]);
});

test("no more records are kept than allowed, nor more bytes", () => {
  const few = new LogBuffer(10);
  for (let i = 0; i < 1000; i++) few.add(record(String(i)));
  assert.ok(few.tail(null, 1000).length <= 10);
  assert.equal(few.tail(null, 1)[0]!.message, "999");
  const small = new LogBuffer(1_000_000, 10_000);
  for (let i = 0; i < 1000; i++) small.add(record("x".repeat(1000)));
  assert.ok(small.tail(null, 1000).length <= 10);
  small.add(record("y".repeat(100_000)));
  assert.deepEqual(small.tail(null, 1000), []);
});

test("a follower gets each new record of its source until it lets go, and is told of the end", () => {
  const buffer = new LogBuffer();
  const seen: string[] = [];
  let ended = 0;
  const unfollow = buffer.follow(
    "a",
    ({ message }) => seen.push(message),
    () => ended++,
  );
  buffer.follow(
    null,
    () => {},
    () => ended++,
  );
  buffer.add(record("1", "a/1"));
  buffer.add(record("2", "b/1"));
  unfollow();
  buffer.add(record("3", "a/1"));
  buffer.end();
  assert.deepEqual(seen, ["1"]);
  assert.equal(ended, 1);
});

test("what is said to the log is remembered with its source and passed on", () => {
  const buffer = new LogBuffer();
  const passed: LogRecord[] = [];
  const log = rememberingLog(
    createLog("main", (entry) => passed.push(entry)),
    buffer,
    "main",
    false,
  );
  log.child("person/1").warn("hello", { pid: 7 });
  log.debug("not kept");
  assert.deepEqual(
    buffer.tail(null, 9).map(({ source, level, message, fields }) => ({ source, level, message, fields })),
    [{ source: "person/1", level: "warn", message: "hello", fields: { pid: 7 } }],
  );
  assert.deepEqual(messages(passed), ["hello"]);
});
