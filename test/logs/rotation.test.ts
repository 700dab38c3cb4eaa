import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { endedExchange } from "../metrics/fake-exchange.ts";
import { waitUntil } from "../metrics/wait-until.ts";
import { folder } from "../support/instance.ts";
import { type LogFacts, type OpenLog, openLog } from "./open-log.ts";

function start(t: TestContext, facts: LogFacts): { log: OpenLog; warnings: string[] } {
  const warnings: string[] = [];
  const log = openLog(facts, (message) => warnings.push(message));
  t.after(() => log.stop());
  return { log, warnings };
}

function say(log: OpenLog, from: number, to: number): void {
  for (let i = from; i < to; i++) log.ended(endedExchange({ target: `/${i}` }), 200, 5);
}

/** Numbers of the lines in a file, in order; each has to be whole. */
function numbers(file: string): number[] {
  if (!fs.existsSync(file)) return [];
  const text = fs.readFileSync(file, "latin1");
  assert.ok(text === "" || text.endsWith("\n"), "the last line is whole");
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => Number(/"GET \/(\d+) HTTP\/1\.1" 200 5 "-" "-"$/.exec(line)![1]));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

test("a large file is set aside between two lines: every line is in one of the files, in order", async (t) => {
  const file = path.join(folder(t), "access.log");
  const { log, warnings } = start(t, { path: file, rotateSize: 100_000, rotateKeep: 50 });
  for (let turn = 0; turn < 40; turn++) {
    say(log, turn * 500, (turn + 1) * 500);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await log.stop();
  const files = range(1, 51).map((number) => `${file}.${51 - number}`);
  const all = (): number[] => [...files, file].flatMap(numbers);
  await waitUntil("all lines are written", () => all().length === 20_000);
  assert.deepEqual(all(), range(0, 20_000));
  const sizes = files.filter((one) => fs.existsSync(one)).map((one) => fs.statSync(one).size);
  assert.ok(sizes.length >= 10, `${sizes.length} files`);
  for (const size of sizes) assert.ok(size <= 100_000, `${size} bytes`);
  assert.deepEqual([warnings, log.dropped], [[], 0]);
});

test("only so many older files are kept", async (t) => {
  const made = folder(t);
  const file = path.join(made, "access.log");
  const { log } = start(t, { path: file, rotateSize: 40_000, rotateKeep: 2 });
  say(log, 0, 10_000);
  await log.stop();
  await waitUntil("the last line is written", () => numbers(file).at(-1) === 9_999);
  assert.deepEqual(fs.readdirSync(made).sort(), ["access.log", "access.log.1", "access.log.2"]);
});

test("an old file is set aside, an empty one is not", async (t) => {
  const made = folder(t);
  const file = path.join(made, "access.log");
  const { log } = start(t, { path: file, rotateAge: 50 });
  say(log, 0, 3);
  await waitUntil("it was set aside", () => numbers(`${file}.1`).length === 3);
  assert.equal(fs.statSync(file).size, 0);
  say(log, 3, 4);
  await waitUntil("the next one was too", () => numbers(`${file}.2`).length === 3 && numbers(`${file}.1`).length === 1);
  assert.deepEqual(numbers(`${file}.1`), [3]);
  await log.stop();
});

test("a file that was begun before the start is as old and as large as it is", async (t) => {
  const file = path.join(folder(t), "access.log");
  fs.writeFileSync(file, "x".repeat(900));
  const { log } = start(t, { path: file, rotateSize: 1000 });
  say(log, 0, 5);
  await log.stop();
  await waitUntil("the lines are in a new file", () => numbers(file).length === 5);
  assert.equal(fs.readFileSync(`${file}.1`, "latin1"), "x".repeat(900));
});

test("a file that somebody renames or removes is opened anew without a signal", async (t) => {
  const made = folder(t);
  const file = path.join(made, "access.log");
  const { log, warnings } = start(t, { path: file });
  say(log, 0, 10);
  fs.renameSync(file, `${file}-20261121`);
  await waitUntil("there is a new file", () => fs.existsSync(file));
  say(log, 10, 20);
  await waitUntil("lines are in it", () => numbers(file).length > 0);
  assert.deepEqual([...numbers(`${file}-20261121`), ...numbers(file)], range(0, 20));
  fs.rmSync(file);
  await waitUntil("there is another", () => fs.existsSync(file));
  await log.stop();
  assert.deepEqual(warnings, []);
});

test("a file that is cut short (copytruncate) is written on at its end, and its size counts from there", async (t) => {
  const file = path.join(folder(t), "access.log");
  const { log } = start(t, { path: file, rotateSize: 10_000 });
  say(log, 0, 100);
  await waitUntil("lines are written", () => numbers(file).length === 100);
  fs.truncateSync(file, 0);
  say(log, 100, 110);
  await waitUntil("later lines are at its beginning", () => numbers(file).length === 10);
  await log.stop();
});

test("a file that can't be renamed is written on, and a warning says why", async (t) => {
  const file = path.join(folder(t), "access.log");
  // No file takes the place of a folder.
  fs.mkdirSync(`${file}.1`);
  const { log, warnings } = start(t, { path: file, rotateSize: 100_000, rotateKeep: 1 });
  say(log, 0, 4000);
  await log.stop();
  await waitUntil("all lines are in it", () => numbers(file).length === 4000);
  assert.match(warnings[0]!, /^rotate log ".*": EISDIR.*; the file is written on$/);
  assert.ok(warnings.length <= 3, "not for every line");
});
