import assert from "node:assert/strict";
import { test } from "node:test";
import { folder, run, start, until } from "../support/instance.ts";

test("the verbs show a program and act on it: status, logs, stop, start, restart, signal, reload --dry-run", async (t) => {
  const config = (command: string): string =>
    JSON.stringify({
      programs: {
        talker: { command: ["sh", "-c", command], stdout: "out.log", start_time: "20ms" },
        broken: { command: "false", start_time: "20ms", start_retries: 0 },
      },
    });
  const talk = "printf 'one\\ntwo\\n\\nthree\\n'; trap 'exit 5' USR1; while :; do sleep 0.02; done";
  const cwd = folder(t, { "propylon.yaml": config(talk) });
  const instance = start(t, ["run"], { cwd });
  await until(() => /propylon: keeping talker, broken/.test(instance.output.err));
  await until(
    () => /program talker: runs/.test(instance.output.err) && /program broken: failed/.test(instance.output.err),
  );
  const status = await run(["status"], cwd);
  assert.match(status.out, /^PROGRAM +PID +STATE +SINCE +MEMORY +RESTARTS +LAST EXIT$/m);
  assert.match(status.out, /^talker +\d+ +running +\d+s +\d+ MB +0 +-$/m);
  assert.match(status.out, /^broken +- +failed .* 1 +exited with code 1 within its start_time of 20ms$/m);
  assert.equal((await run(["logs", "talker", "--stdout", "-n", "2"], cwd)).out, "\nthree\n");
  assert.equal((await run(["stop", "talker"], cwd)).out, "talker stopped\n");
  assert.equal((await run(["start", "talker"], cwd)).out, "talker started\n");
  assert.equal((await run(["signal", "USR1", "talker"], cwd)).out, "talker was sent USR1\n");
  assert.equal((await run(["restart", "talker"], cwd)).out, "talker restarted\n");
  const failed = await run(["start", "broken"], cwd);
  assert.equal(failed.code, 1);
  assert.match(failed.err, /Program broken does not start: exited with code 1/);
  assert.equal((await run(["reload", "--dry-run"], cwd)).out, "nothing would change\n");
  assert.equal((await run(["stop"], cwd)).out, "stopped\n");
  assert.equal((await instance.exited).code, 0);
});
