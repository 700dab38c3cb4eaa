import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isAlive, until } from "../supervision/instance.ts";
import { look, start, untilState } from "./programs.ts";

/** Starts at once, and does not wait long after a failure. */
const QUICK = { start_time: "50ms", backoff: { first: "50ms", longest: "1s" } };

test("a command is kept running, and what is killed with -9 comes back", async (t) => {
  const running = await start(t, { programs: { napper: { command: "sleep 1000", ...QUICK } } });
  const first = await untilState(running, "napper", "running");
  assert.equal(readFileSync(`/proc/${first.pid}/cmdline`, "latin1"), ["sleep", "1000", ""].join("\0"));
  assert.ok(first.memory! > 0 && first.restarts === 0 && first.exitSignal === null);
  process.kill(first.pid!, "SIGKILL");
  await until("another runs", async () => {
    const { state, pid } = await look(running, "napper");
    return state === "running" && pid !== first.pid;
  });
  const next = await look(running, "napper");
  assert.deepEqual([next.restarts, next.exitSignal, next.exitCode], [1, "SIGKILL", null]);
  running.signal("SIGTERM");
  assert.equal((await running.exited).code, 0);
  assert.equal(isAlive(next.pid!), false);
});

test("nothing of a program outlives a main that is killed with -9", async (t) => {
  const running = await start(t, { programs: { napper: { command: "sleep 1000", ...QUICK } } });
  const { pid } = await untilState(running, "napper", "running");
  running.signal("SIGKILL");
  await running.exited;
  await until("it has ended", () => !isAlive(pid!));
});

test("one that does not stay up is tried with doubling pauses, then given up for all to see, and starts when asked", async (t) => {
  const command = ["sh", "-c", "date +%s%N >> tries; test -e mended && exec sleep 1000; exit 3"];
  const running = await start(t, {
    programs: {
      crasher: { command, start_time: "200ms", start_retries: 3, backoff: { first: "200ms", longest: "400ms" } },
    },
  });
  const failed = await untilState(running, "crasher", "failed");
  assert.deepEqual([failed.exitCode, failed.pid, failed.restarts], [3, null, 3]);
  assert.equal(failed.reason, "exited with code 3 within its start_time of 200ms");
  assert.match(running.output, /program crasher: failed, and is not tried again: exited with code 3/);
  const tries = readFileSync(join(running.folder.path, "tries"), "latin1").trim().split("\n").map(Number);
  const pauses = tries.slice(1).map((time, index) => (time - tries[index]!) / 1e6);
  assert.equal(pauses.length, 3);
  // 200, 400 and again 400 ms, less up to a quarter; starting takes its time too.
  for (const [index, least] of [150, 300, 300].entries()) assert.ok(pauses[index]! >= least, `${pauses.join()} ms`);
  await assert.rejects(running.client.start({ name: "crasher" }), /does not start: exited with code 3.*tried again/);
  await untilState(running, "crasher", "failed");
  running.folder.write("mended", "");
  await running.client.start({ name: "crasher" });
  assert.equal((await look(running, "crasher")).state, "running");
});

test("with restart: always one that has failed is tried again slowly", async (t) => {
  const command = ["sh", "-c", "test -e mended && exec sleep 1000; exit 3"];
  const running = await start(t, {
    programs: { crasher: { command, ...QUICK, start_retries: 0, restart: "always", retry_failed: "300ms" } },
  });
  await until("it has failed", () => /failed, and is tried again slowly/.test(running.output));
  running.folder.write("mended", "");
  await untilState(running, "crasher", "running");
});

test("`restart` and `expected_codes` say what comes back that ends after its start_time", async (t) => {
  const cases = {
    done: { restart: "unexpected", code: 0, state: "exited" },
    expected: { restart: "unexpected", code: 2, state: "exited" },
    unexpected: { restart: "unexpected", code: 7, state: "running" },
    always: { restart: "always", code: 0, state: "running" },
    never: { restart: "never", code: 7, state: "exited" },
  };
  const programs = Object.entries(cases).map(([name, { restart, code }]) => {
    const script = `test -e ${name} && exec sleep 1000; touch ${name}; sleep 0.3; exit ${code}`;
    return [name, { command: ["sh", "-c", script], ...QUICK, restart, expected_codes: [0, 2] }] as const;
  });
  const running = await start(t, { programs: Object.fromEntries(programs) });
  for (const [name, { code, state }] of Object.entries(cases)) {
    await until("it has ended", async () => (await look(running, name)).ended !== null);
    const status = await untilState(running, name, state);
    assert.deepEqual([status.exitCode, status.restarts], [code, state === "running" ? 1 : 0], name);
  }
  assert.equal((await look(running, "expected")).reason, "exited with code 2");
});

test("a command that can't be run says why, and what to do", async (t) => {
  const running = await start(t, {
    programs: {
      none: { command: "no-such-command --port 1", ...QUICK, start_retries: 0 },
      nobody: { command: "sleep 1", user: "no-such-user", ...QUICK, start_retries: 0 },
    },
  });
  const none = await untilState(running, "none", "failed");
  assert.deepEqual([none.spawnError, none.exitCode], ["no command 'no-such-command'", null]);
  const nobody = await untilState(running, "nobody", "failed");
  assert.match(nobody.spawnError!, /no user 'no-such-user' on this machine/);
  assert.match(running.output, /program nobody: failed.* remedy="create it/);
});

test("it runs as its user with its umask, limits, folder and environment, and can open /dev/stdout", async (t) => {
  if (process.getuid!() !== 0) return t.skip("needs root to become another user");
  const script =
    "echo via-dev > /dev/stdout; id -un; id -Gn; umask; ulimit -n; sed -n 's/^Max processes *\\([0-9]*\\).*/\\1/p' /proc/self/limits; pwd; echo $HOME $A $PROPYLON_PROGRAM $PROPYLON_INSTANCE";
  const running = await start(t, {
    programs: {
      who: {
        command: script,
        shell: true,
        user: "nobody",
        umask: "027",
        limits: { files: 77, processes: 55, core: 0 },
        directory: "/tmp",
        environment: { A: "i{instance}", HOME: "/home/other" },
        once: true,
      },
    },
  });
  await untilState(running, "who", "exited");
  const output: Buffer[] = [];
  for await (const piece of running.client.output({ name: "who", stream: "stdout" })) output.push(piece);
  assert.deepEqual(Buffer.concat(output).toString().trim().split("\n"), [
    "via-dev",
    "nobody",
    "nogroup",
    "0027",
    "77",
    "55",
    "/tmp",
    "/home/other i0 who 0",
  ]);
});

test("its whole group is signalled, and what is left of it when it has ended is ended too", async (t) => {
  // The leader ends at once when told to; its child does not listen.
  const script = `(trap '' TERM; echo $$ > /dev/null; exec sh -c 'trap "" TERM; echo $$ > child; while :; do sleep 0.1; done') & wait`;
  const running = await start(t, {
    programs: { parent: { command: ["sh", "-c", script], stop_timeout: "300ms", ...QUICK } },
  });
  await untilState(running, "parent", "running");
  let child = 0;
  await until("the child runs", () => {
    try {
      child = Number(readFileSync(join(running.folder.path, "child"), "latin1"));
    } catch {}
    return child > 0;
  });
  await running.client.stop({ name: "parent" });
  assert.equal(isAlive(child), false);
  const { state, stoppedByUser } = await look(running, "parent");
  assert.deepEqual([state, stoppedByUser], ["stopped", true]);
});

test("stop sends the stop signal, and KILL when that does not end it in time", async (t) => {
  const running = await start(t, {
    programs: {
      polite: {
        command: ["sh", "-c", "trap 'exit 9' USR1; while :; do sleep 0.05; done"],
        stop_signal: "USR1",
        ...QUICK,
      },
      deaf: { command: ["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"], stop_timeout: "200ms", ...QUICK },
    },
  });
  await untilState(running, "polite", "running");
  await untilState(running, "deaf", "running");
  await running.client.stop({ name: "polite" });
  await running.client.stop({ name: "deaf" });
  assert.equal((await look(running, "polite")).exitCode, 9);
  assert.equal((await look(running, "deaf")).exitSignal, "SIGKILL");
});

test("instances run side by side, each with its number, and one of them can be meant alone", async (t) => {
  const running = await start(t, {
    programs: {
      w: {
        command: ["sh", "-c", "echo {instance} $PROPYLON_INSTANCE; exec sleep 1000"],
        instances: 3,
        stdout: "w{instance}.log",
        ...QUICK,
      },
    },
  });
  for (const number of [0, 1, 2]) {
    await untilState(running, `w:${number}`, "running");
    assert.equal(readFileSync(join(running.folder.path, `w${number}.log`), "latin1"), `${number} ${number}\n`);
  }
  const before = (await running.client.status()).programs.map(({ pid }) => pid);
  await running.client.stop({ name: "w:1" });
  const { programs } = await running.client.status();
  assert.deepEqual(
    programs.map(({ state }) => state),
    ["running", "stopped", "running"],
  );
  await running.client.restart({ name: "w" });
  const after = (await running.client.status()).programs;
  assert.deepEqual(
    after.map(({ state }) => state),
    ["running", "running", "running"],
  );
  assert.ok(after.every(({ pid }) => !before.includes(pid)));
  await assert.rejects(running.client.start({ name: "w" }), /Program "w" runs already/);
  await assert.rejects(running.client.stop({ name: "w:3" }), /No app is called "w:3"|No program/);
});
