import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { LogClock } from "./log-clock.ts";

/** What a clock says in another time zone; a process reads TZ once. */
function commonIn(zone: string, now: number): string {
  const module = JSON.stringify(new URL("./log-clock.ts", import.meta.url).href);
  const script = `import { LogClock } from ${module}; process.stdout.write(new LogClock().common(${now}));`;
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    env: { ...process.env, TZ: zone },
    encoding: "utf8",
  });
  assert.equal(run.status, 0, run.stderr);
  return run.stdout;
}

test("the common time is local, with its distance from UTC", () => {
  const winter = Date.UTC(2026, 0, 5, 3, 4, 9);
  assert.equal(commonIn("UTC", winter), "05/Jan/2026:03:04:09 +0000");
  assert.equal(commonIn("America/St_Johns", winter), "04/Jan/2026:23:34:09 -0330");
  assert.equal(commonIn("Asia/Kolkata", winter), "05/Jan/2026:08:34:09 +0530");
});

test("a second is formatted once and the next one anew, backwards too", () => {
  const clock = new LogClock();
  const now = Date.UTC(2026, 10, 21, 4, 0, 8);
  for (const [offset, text] of [
    [5, "08.005"],
    [999, "08.999"],
    [1000, "09.000"],
    [60_042, "08.042"],
    [-1, "07.999"],
  ] as const) {
    const minute = offset > 60_000 ? "01" : "00";
    assert.equal(clock.iso(now + offset), `2026-11-21T04:${minute}:${text}Z`);
  }
});
