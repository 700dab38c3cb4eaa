import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { until } from "../supervision/instance.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const INIT = join(ROOT, "python", "propylon_init.py");

interface Started {
  readonly process: ChildProcess;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  text: string;
}

function run(t: TestContext, command: string, args: readonly string[], env: Record<string, string> = {}): Started {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  const exited = once(child, "close").then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
  }));
  const started: Started = { process: child, exited, text: "" };
  for (const stream of [child.stdout!, child.stderr!])
    stream.on("data", (chunk: Buffer) => {
      started.text += chunk.toString();
    });
  t.after(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  return started;
}

const init = (t: TestContext, ...command: string[]): Started => run(t, "python3", ["-I", "-S", INIT, ...command]);

for (const [script, code] of [
  ["exit 0", 0],
  ["exit 41", 41],
  ["kill -TERM $$", 143],
] as const) {
  test(`init ends as its command does: ${script} is ${code}`, async (t) => {
    assert.equal((await init(t, "sh", "-c", script).exited).code, code);
  });
}

test("a command that is not there is told, with the code that shells use", async (t) => {
  const started = init(t, "/no/such/command");
  assert.equal((await started.exited).code, 127);
  assert.match(started.text, /cannot run '\/no\/such\/command': No such file or directory/);
});

test("init passes signals on, each once", async (t) => {
  const script =
    "trap 'echo hup' HUP; trap 'echo usr1' USR1; trap 'exit 9' TERM; echo up; while :; do sleep 0.02; done";
  const started = init(t, "sh", "-c", script);
  await until("it is up", () => started.text.includes("up"));
  started.process.kill("SIGHUP");
  await until("HUP is heard", () => started.text.includes("hup"));
  started.process.kill("SIGUSR1");
  await until("USR1 is heard", () => started.text.includes("usr1"));
  started.process.kill("SIGTERM");
  assert.equal((await started.exited).code, 9);
  assert.equal(started.text, "up\nhup\nusr1\n");
});

test("as process 1 bin/propylon collects orphans, passes TERM on and ends with the code of main", async (t) => {
  if (!canUnshare()) return t.skip("needs root and unshare to make a namespace of processes");
  const root = installation(t);
  const started = run(t, "unshare", [
    "--pid",
    "--fork",
    "--mount-proc",
    join(root, "bin/propylon"),
    "with",
    "arguments",
  ]);
  await until("its orphans are collected", () => started.text.includes("zombies 0"));
  assert.match(started.text, /^arguments with,arguments\nparent 1\n/);
  process.kill(childOf(started.process.pid!), "SIGTERM");
  await until("it has ended", () => /got SIGTERM/.test(started.text));
  assert.equal((await started.exited).code, 33);
});

/** A checkout as far as bin/propylon needs one, with a main that leaves orphans. */
function installation(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "propylon-init-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  chmodSync(root, 0o755);
  for (const name of ["bin/propylon", "python/propylon_init.py"]) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    cpSync(join(ROOT, name), join(root, name));
  }
  mkdirSync(join(root, "dist"));
  writeFileSync(join(root, "package.json"), '{"type": "module"}');
  writeFileSync(join(root, "dist/main.js"), ORPHANING_MAIN);
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  return root;
}

const ORPHANING_MAIN = `
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
console.log("arguments " + process.argv.slice(2));
console.log("parent " + process.ppid);
process.on("SIGTERM", () => { console.log("got SIGTERM"); process.exit(33); });
spawnSync("sh", ["-c", "for i in 1 2 3; do (sleep 0.1; exit 1) & done"]);
const states = () => readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).map((pid) => {
  try { return readFileSync("/proc/" + pid + "/stat", "latin1").replace(/.*\\) /, "")[0]; } catch { return ""; }
});
setTimeout(function look() {
  const all = states();
  const zombies = all.filter((state) => state === "Z").length;
  if (zombies === 0 && all.length <= 2) console.log("zombies 0");
  setTimeout(look, 50);
}, 150);
`;

function canUnshare(): boolean {
  try {
    execFileSync("unshare", ["--pid", "--fork", "--mount-proc", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** unshare's only child: process 1 of the namespace. */
function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ")[0]);
}
