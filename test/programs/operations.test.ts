import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { helloApp, isAlive, type Running, until } from "../supervision/instance.ts";
import { look, start, untilState } from "./programs.ts";

const QUICK = { start_time: "20ms", backoff: { first: "50ms", longest: "200ms" } };

async function pidOf(running: Running, name: string): Promise<number> {
  return (await look(running, name)).pid!;
}

test("a reload starts what is new, restarts what has changed, stops what is gone, and leaves the rest alone", async (t) => {
  const programs = {
    same: { command: "sleep 1000", ...QUICK },
    other: { command: "sleep 1001", ...QUICK },
    gone: { command: "sleep 1002", ...QUICK },
  };
  const running = await start(t, { programs });
  for (const name of Object.keys(programs)) await untilState(running, name, "running");
  const [same, other, gone] = [
    await pidOf(running, "same"),
    await pidOf(running, "other"),
    await pidOf(running, "gone"),
  ];
  const next = {
    fresh: { command: "sleep 1003", ...QUICK },
    other: { ...programs.other, command: "sleep 2001" },
    same: programs.same,
  };
  running.folder.write("propylon.yaml", JSON.stringify({ programs: next }));
  const expected = { added: ["fresh"], changed: ["other"], removed: ["gone"] };
  const would = await running.client.changes();
  assert.deepEqual(would.programs, expected);
  assert.deepEqual(would.changes, ["program gone removed", "program fresh added", "program other: command"]);
  assert.equal(await pidOf(running, "other"), other);
  const report = await running.client.reload();
  assert.deepEqual(report.programs, expected);
  assert.equal(isAlive(gone), false);
  await untilState(running, "fresh", "running");
  assert.notEqual((await untilState(running, "other", "running")).pid, other);
  assert.equal(await pidOf(running, "same"), same);
  const { programs: all } = await running.client.status();
  assert.deepEqual(
    all.map(({ name }) => name),
    ["fresh", "other", "same"],
  );
  assert.deepEqual((await running.client.changes()).changes, []);
});

test("what somebody has stopped stays so across a reload, even changed, until it is started", async (t) => {
  const running = await start(t, { programs: { p: { command: "sleep 1000", ...QUICK } } });
  await untilState(running, "p", "running");
  await running.client.stop({ name: "p" });
  running.folder.write("propylon.yaml", JSON.stringify({ programs: { p: { command: "sleep 1001", ...QUICK } } }));
  await running.client.reload();
  assert.equal((await look(running, "p")).state, "stopped");
  await running.client.start({ name: "p" });
  const { state, stoppedByUser } = await look(running, "p");
  assert.deepEqual([state, stoppedByUser], ["running", false]);
});

test("a wrong configuration changes no program", async (t) => {
  const running = await start(t, { programs: { p: { command: "sleep 1000", ...QUICK } } });
  const { pid } = await untilState(running, "p", "running");
  running.folder.write("propylon.yaml", JSON.stringify({ programs: { p: { command: "sleep 'x" } } }));
  await assert.rejects(running.client.reload(), /programs\.p\.command: a quote is not closed/);
  await assert.rejects(running.client.changes(), /a quote is not closed/);
  assert.equal(await pidOf(running, "p"), pid);
});

test("programs alone need no listener and no edge; apps that a reload adds are served", async (t) => {
  const programs = { p: { command: "sleep 1000", ...QUICK } };
  const running = await start(t, { programs }, { "app.py": helloApp() });
  const { processes, listeners, ready } = await running.client.status();
  assert.deepEqual([processes.map(({ name }) => name), listeners, ready], [["main"], [], true]);
  const pid = (await untilState(running, "p", "running")).pid;
  const apps = { hello: { wsgi: "app:app", workers: 1, after: ["p"] } };
  running.folder.write("propylon.yaml", JSON.stringify({ programs, apps, listeners: ["127.0.0.1:0"] }));
  await running.client.reload();
  const status = await running.client.status();
  const answer = await fetch(status.listeners[0]!.url);
  assert.match(await answer.text(), /^hello/);
  assert.equal(await pidOf(running, "p"), pid);
});

test("a reload of the programs alone leaves the apps as they are", async (t) => {
  const config = { listeners: ["127.0.0.1:0"], apps: { hello: { wsgi: "app:app", workers: 1 } } };
  const running = await start(t, config, { "app.py": helloApp() });
  const before = await running.pids("hello/");
  const next = { ...config, programs: { p: { command: "sleep 1000", ...QUICK } }, log: { level: "debug" } };
  running.folder.write("propylon.yaml", JSON.stringify(next));
  const report = await running.client.reload({ programs: true });
  assert.deepEqual([report.programs.added, report.changes], [["p"], ["program p added"]]);
  await untilState(running, "p", "running");
  assert.deepEqual(await running.pids("hello/"), before);
});

test("a reload that fails takes away again what it had started", async (t) => {
  const config = { listeners: ["127.0.0.1:0"], apps: { hello: { wsgi: "app:app", workers: 1 } } };
  const running = await start(t, config, { "app.py": helloApp() });
  running.folder.write("app.py", "raise ValueError('no')\n");
  const programs = { p: { command: ["sh", "-c", "touch ran; exec sleep 1000"], ...QUICK } };
  running.folder.write("propylon.yaml", JSON.stringify({ ...config, programs }));
  const report = await running.client.reload();
  assert.deepEqual([report.apps[0]!.swapped, report.programs.added], [false, []]);
  assert.deepEqual((await running.client.status()).programs, []);
});

test("a signal goes to the process of a program; a wrong one, or none that runs, is refused", async (t) => {
  const script = "trap 'touch seen' USR2; while :; do sleep 0.02; done";
  const running = await start(t, { programs: { p: { command: ["sh", "-c", script], ...QUICK } } });
  await untilState(running, "p", "running");
  await running.client.signal({ name: "p", signal: "usr2" });
  await until("it is seen", () => existsSync(join(running.folder.path, "seen")));
  await assert.rejects(running.client.signal({ name: "p", signal: "NONSENSE" }), /"NONSENSE" is no signal/);
  await running.client.stop({ name: "p" });
  await assert.rejects(running.client.signal({ name: "p", signal: "HUP" }), /Program "p" does not run/);
  await assert.rejects(running.client.signal({ name: "q", signal: "HUP" }), /No program is called "q"/);
});

test("metrics tell of every program, promtool finds nothing wrong with them, and restarts never go down", async (t) => {
  const running = await start(t, {
    programs: {
      p: { command: "sleep 1000", instances: 2, health: { command: "true", interval: "100ms" }, ...QUICK },
      bad: { command: "false", start_retries: 0, ...QUICK },
    },
  });
  await untilState(running, "bad", "failed");
  await until("it is healthy", async () => (await look(running, "p:1")).health === "healthy");
  const text = await running.client.metrics();
  for (const line of [
    /^propylon_program_up\{program="p",number="1"\} 1$/m,
    /^propylon_program_up\{program="bad",number="0"\} 0$/m,
    /^propylon_program_state\{program="bad",number="0",state="failed"\} 1$/m,
    /^propylon_program_last_exit_code\{program="bad",number="0"\} 1$/m,
    /^propylon_program_healthy\{program="p",number="1"\} 1$/m,
    /^propylon_program_resident_memory_bytes\{program="p",number="0"\} [1-9]\d{4,}$/m,
    /^propylon_program_cpu_seconds_total\{program="p",number="0"\} \d/m,
    /^propylon_program_start_time_seconds\{program="p",number="0"\} 1\d{9}/m,
    /^propylon_program_output_dropped_lines_total\{program="p",number="0"\} 0$/m,
  ])
    assert.match(text, line);
  if (existsSync("/usr/bin/promtool")) execFileSync("promtool", ["check", "metrics"], { input: text });
  const { pid } = await look(running, "p:0");
  process.kill(pid!, "SIGKILL");
  await until("it is counted", async () =>
    /^propylon_program_restarts_total\{program="p",number="0"\} 1$/m.test(await running.client.metrics()),
  );
  const p = { command: "sleep 2000", ...QUICK };
  running.folder.write("propylon.yaml", JSON.stringify({ programs: { p } }));
  await running.client.reload();
  await untilState(running, "p", "running");
  assert.match(await running.client.metrics(), /^propylon_program_restarts_total\{program="p",number="0"\} 1$/m);
});
