import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Child, describeExit } from "../../src/process/child.ts";
import { Stopper } from "../../src/process/stop.ts";
import { isAlive, until } from "./instance.ts";

interface Told {
  readonly output: string[];
  readonly messages: string[];
}

function start(t: TestContext, code: string, environment: Readonly<Record<string, string>> = {}): Child & Told {
  return startCommand(t, process.execPath, ["-e", code], environment);
}

function startCommand(
  t: TestContext,
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Child & Told {
  const told: Told = { output: [], messages: [] };
  const child = new Child({
    command,
    args,
    directory: "/",
    environment: { PATH: process.env["PATH"], ...environment },
    output: (stream, line) => told.output.push(`${stream} ${line}`),
    message: (line) => told.messages.push(line),
  });
  t.after(async () => {
    child.signal("SIGKILL");
    await child.ended;
  });
  child.start();
  return Object.assign(child, told);
}

test("what a child writes arrives by line, also what it writes last and without a newline", async (t) => {
  const child = start(t, 'console.log("one\\ntwo"); process.stderr.write("three"); process.exitCode = 7');
  assert.deepEqual(await child.ended, { code: 7, signal: null, error: null });
  assert.deepEqual(child.output.sort(), ["stderr three", "stdout one", "stdout two"]);
});

test("messages go both ways over file descriptor 3, one JSON object a line", async (t) => {
  const child = start(
    t,
    `const net = require("node:net");
     const control = new net.Socket({ fd: 3 });
     control.once("data", (data) => control.end(data));`,
  );
  child.send({ drain: true });
  assert.equal((await child.ended).code, 0);
  assert.deepEqual(child.messages, ['{"drain":true}']);
});

test("how a child ended is a value, and a sentence", async (t) => {
  const killed = start(t, "setInterval(() => {}, 1000)");
  killed.signal("SIGKILL");
  assert.equal(describeExit(await killed.ended), "was killed by SIGKILL");
  assert.equal(describeExit(await start(t, "process.exit(3)").ended), "exited with code 3");
  const missing = startCommand(t, "/nonexistent/python3", []);
  assert.match(describeExit(await missing.ended), /^could not be started: .*ENOENT/);
});

test("a child that is told to end and does is not killed", async (t) => {
  const child = start(
    t,
    'process.on("SIGTERM", () => process.exit(5)); setInterval(() => {}, 1000); console.log("up")',
  );
  await until("it is up", () => child.output.length > 0);
  const stopper = new Stopper(child);
  stopper.request("asked", 60_000);
  assert.equal((await child.ended).code, 5);
  assert.equal(stopper.killed, false);
});

const DEAF = 'process.on("SIGTERM", () => console.log("heard")); setInterval(() => {}, 1000); console.log("up")';

test("a child that ignores TERM is killed after the grace", async (t) => {
  const child = start(t, DEAF);
  await until("it is up", () => child.output.length > 0);
  const stopper = new Stopper(child);
  const began = performance.now();
  stopper.request("asked", 200);
  assert.equal((await child.ended).signal, "SIGKILL");
  assert.ok(performance.now() - began >= 199);
  assert.ok(child.output.includes("stdout heard"));
  assert.equal(stopper.killed, true);
});

test("asked to end twice, the first cause is told and the earlier deadline counts", async (t) => {
  const child = start(t, DEAF);
  await until("it is up", () => child.output.length > 0);
  const stopper = new Stopper(child);
  stopper.request("reload", 60_000);
  stopper.request("stop", 50);
  stopper.request("again", 60_000);
  assert.equal((await child.ended).signal, "SIGKILL");
  assert.equal(stopper.cause, "reload");
});

test("KILL reaches what the child has started", async (t) => {
  const child = start(
    t,
    `process.on("SIGTERM", () => {});
     const { spawn } = require("node:child_process");
     const grandchild = spawn(process.execPath, ["-e", "process.on('SIGTERM', () => {}); console.log('up ' + process.pid); setInterval(() => {}, 1000)"], { stdio: "inherit" });`,
  );
  await until("the grandchild is up", () => child.output.length > 0);
  const grandchild = Number(child.output[0]!.split(" ")[2]);
  assert.equal(isAlive(grandchild), true);
  new Stopper(child).request("asked", 50);
  await child.ended;
  await until("the grandchild has ended", () => !isAlive(grandchild));
});

test("what a child leaves behind in its group ends with it, and does not hold up its end", async (t) => {
  const child = start(
    t,
    `const { spawn } = require("node:child_process");
     spawn("sleep", ["60"], { stdio: "inherit" }).unref();
     process.stdout.write("done\\n", () => process.exit(0));`,
  );
  assert.equal((await child.ended).code, 0);
  assert.deepEqual(child.output, ["stdout done"]);
});
