import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { formatDuration, formatSize, parseDuration, parseSize } from "./units.ts";

const DURATIONS: readonly (readonly [string | number, number])[] = [
  ["500ms", 500],
  ["30s", 30_000],
  ["1m", 60_000],
  ["1m30s", 90_000],
  ["1.5h", 5_400_000],
  ["1d", 86_400_000],
  ["2w", 1_209_600_000],
  [30, 30_000],
  ["30", 30_000],
  [0, 0],
  [" 5s ", 5000],
];

test("durations are read in every unit, plain numbers as seconds", () => {
  for (const [text, milliseconds] of DURATIONS) assert.equal(parseDuration(text), milliseconds, String(text));
});

test("what is no duration is refused, not guessed at", () => {
  for (const text of ["", "s", "1x", "-1s", "1 s", "1e3", "5M", "1s2", "NaN", "99999999999999999999w"]) {
    assert.equal(parseDuration(text), null, text);
  }
});

const SIZES: readonly (readonly [string | number, number])[] = [
  [512, 512],
  ["512", 512],
  ["512B", 512],
  ["64KB", 65_536],
  ["64k", 65_536],
  ["64KiB", 65_536],
  ["10 MB", 10_485_760],
  ["1.5g", 1_610_612_736],
  ["1TB", 1_099_511_627_776],
];

test("sizes are read in every unit, in powers of 1024", () => {
  for (const [text, bytes] of SIZES) assert.equal(parseSize(text), bytes, String(text));
});

test("what is no size is refused, not guessed at", () => {
  for (const text of ["", "MB", "1X", "-1", "1  MB", "1e3", "1MBB", "9999999999999TB"])
    assert.equal(parseSize(text), null, text);
});

test("a formatted duration or size reads back as the same number", () => {
  fc.assert(
    fc.property(fc.nat(2 ** 31), (number) => {
      assert.equal(parseDuration(formatDuration(number)), number);
      assert.equal(parseSize(formatSize(number)), number);
    }),
  );
  assert.deepEqual([formatDuration(90_000), formatDuration(60_000), formatSize(67_108_864)], ["90s", "1m", "64MB"]);
});
