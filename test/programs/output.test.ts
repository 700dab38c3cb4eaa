import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Running, until } from "../supervision/instance.ts";
import { look, start, untilState } from "./programs.ts";

const QUICK = { start_time: "20ms", backoff: { first: "50ms", longest: "200ms" } };

async function read(running: Running, name: string, stream: "stdout" | "stderr", bytes?: number): Promise<string> {
  const pieces: Buffer[] = [];
  const options = { name, stream, ...(bytes === undefined ? {} : { bytes }) };
  for await (const piece of running.client.output(options)) pieces.push(piece);
  return Buffer.concat(pieces).toString("latin1");
}

/** Counts in numbered lines, 32 bytes each, as fast as it can. */
const counter = (lines: number): string[] => [
  "python3",
  "-c",
  `import sys\nfor i in range(${lines}): sys.stdout.write("line %026d\\n" % i)`,
];

test("rotation loses no line: all that were written are kept, whole and in order", async (t) => {
  const lines = 100_000;
  const running = await start(t, {
    programs: {
      chatty: {
        command: counter(lines),
        once: true,
        stdout: { file: "c.log", rotate_size: "100KB", rotate_keep: 100 },
      },
    },
  });
  await untilState(running, "chatty", "exited");
  const folder = running.folder.path;
  const total = (): number => sizes(folder).reduce((sum, size) => sum + size, 0);
  await until("all is written", () => total() === lines * 32);
  const files = readdirSync(folder).filter((name) => name.startsWith("c.log"));
  assert.ok(files.length > 30, `${files.length} files`);
  const age = (name: string): number => Number(name.split(".")[2] ?? 0);
  const text = files
    .toSorted((a, b) => age(b) - age(a))
    .map((name) => {
      const part = readFileSync(join(folder, name), "latin1");
      assert.ok(part.length <= 102_400 && part.endsWith("\n"), name);
      return part;
    })
    .join("");
  const expected = Array.from({ length: lines }, (_, number) => `line ${String(number).padStart(26, "0")}\n`).join("");
  assert.ok(text === expected);
});

test("a program that is killed loses nothing that it had written, and the next run goes on in the same file", async (t) => {
  const script = `import os, sys, time
print("begin", flush=True)
os.write(1, b"x" * 60000 + b"\\n")
if not os.path.exists("killed"):
    open("killed", "w").close()
    os.kill(os.getpid(), 9)
print("again", flush=True)
time.sleep(1000)
`;
  const running = await start(
    t,
    { programs: { p: { command: ["python3", "p.py"], stdout: "p.log", stderr: "stdout", ...QUICK } } },
    { "p.py": script },
  );
  const file = join(running.folder.path, "p.log");
  await until("it has come back", () => existsSync(file) && readFileSync(file, "latin1").includes("again"));
  const big = "x".repeat(60_000);
  assert.equal(readFileSync(file, "latin1"), `begin\n${big}\nbegin\n${big}\nagain\n`);
});

test("without a file a line is a record of our log, and the last bytes can be read; logs NAME shows them", async (t) => {
  const running = await start(t, {
    programs: { p: { command: ["sh", "-c", "echo out; echo err >&2; printf rest; exec sleep 1000"], ...QUICK } },
  });
  await untilState(running, "p", "running");
  await until("it has written", async () => (await read(running, "p", "stdout")) === "out\nrest");
  assert.equal(await read(running, "p", "stdout", 3), "est");
  assert.equal(await read(running, "p", "stderr"), "err\n");
  assert.match(running.output, /info program p: out\n/);
  assert.match(running.output, /warn program p: err\n/);
  const messages: string[] = [];
  for await (const { message } of running.client.logs({ name: "p" })) messages.push(message);
  assert.ok(messages.includes("out") && messages.includes("err") && messages.includes("runs"), messages.join());
  await running.client.stop({ name: "p" });
  await until("what had no newline is a line in the end", () => /info program p: rest\n/.test(running.output));
});

test("output can be followed, is emptied on request, and its file is opened anew on USR1", async (t) => {
  const running = await start(t, {
    programs: {
      p: {
        command: ["sh", "-c", "while :; do mv say said 2>/dev/null && cat said; sleep 0.02; done"],
        stdout: "p.log",
        ...QUICK,
      },
    },
  });
  const folder = running.folder.path;
  const say = (text: string): void => {
    writeFileSync(join(folder, "next"), `${text}\n`);
    renameSync(join(folder, "next"), join(folder, "say"));
  };
  await untilState(running, "p", "running");
  const seen: Buffer[] = [];
  const stop = new AbortController();
  const following = (async () => {
    const options = { name: "p", stream: "stdout", follow: true, signal: stop.signal } as const;
    for await (const piece of running.client.output(options)) seen.push(piece);
  })();
  say("one");
  await until("it is seen", () => Buffer.concat(seen).toString() === "one\n");
  renameSync(join(folder, "p.log"), join(folder, "old.log"));
  running.signal("SIGUSR1");
  await until("it is opened anew", () => {
    say("two");
    return existsSync(join(folder, "p.log"));
  });
  assert.match(readFileSync(join(folder, "old.log"), "latin1"), /^one\n/);
  await running.client.clear({ name: "p" });
  assert.equal(await read(running, "p", "stdout"), "");
  stop.abort();
  await following;
});

test("a full disk is survived and reported, and what waited is written when there is room", async (t) => {
  const disk = smallDisk(t);
  if (disk === null) return;
  const script = `import sys, time
for i in range(3000):
    sys.stdout.write("line %026d\\n" % i)
sys.stdout.flush()
open("written", "w").close()
time.sleep(1000)
`;
  const running = await start(
    t,
    { programs: { p: { command: ["python3", "p.py"], stdout: { file: join(disk, "p.log") }, ...QUICK } } },
    { "p.py": script },
  );
  await until("it is not held up", () => existsSync(join(running.folder.path, "written")));
  await until("it is reported", () => /cannot write .*p\.log: no space left on the disk/.test(running.output));
  assert.equal((await look(running, "p")).state, "running");
  execFileSync("mount", ["-o", "remount,size=16m", disk]);
  await until("it goes on", () => /p\.log is written again; 0 lines were lost/.test(running.output));
  const text = (): string => readFileSync(join(disk, "p.log"), "latin1");
  await until("all is there", () => text().split("\n").length === 3001);
  assert.equal(text().slice(-33), `line ${"2999".padStart(26, "0")}\n`.padStart(33, "\n"));
  running.signal("SIGTERM");
  await running.exited;
});

test("an output file that can't be opened is a failed start with its reason", async (t) => {
  const running = await start(t, {
    programs: { p: { command: "sleep 1", stdout: "/proc/nothing.log", start_retries: 0, ...QUICK } },
  });
  const { spawnError } = await untilState(running, "p", "failed");
  assert.match(spawnError!, /Cannot write \/proc\/nothing\.log: /);
});

function sizes(folder: string): number[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith("c.log"))
    .map((name) => readFileSync(join(folder, name)).length);
}

/** A file system of 64 KB; null, and the test is skipped, where none can be made. */
function smallDisk(t: TestContext): string | null {
  if (process.getuid!() !== 0) {
    t.skip("needs root to mount a small disk");
    return null;
  }
  const disk = mkdtempSync(join(tmpdir(), "propylon-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], { stdio: "ignore" });
  } catch {
    rmdirSync(disk);
    t.skip("nothing can be mounted here");
    return null;
  }
  t.after(() => {
    execFileSync("umount", ["-l", disk]);
    rmdirSync(disk);
  });
  return disk;
}
