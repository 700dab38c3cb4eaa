import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { type OpenLog, openLog } from "../logs/open-log.ts";
import { CLIENT, endedExchange } from "./fake-exchange.ts";
import { waitUntil } from "./wait-until.ts";

function folder(t: TestContext): string {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), "propylon-log-"));
  t.after(() => fs.rmSync(made, { recursive: true, force: true }));
  return made;
}

function start(t: TestContext, file: string): { log: OpenLog; warnings: string[] } {
  const warnings: string[] = [];
  const log = openLog({ path: file }, (message) => warnings.push(message));
  t.after(() => log.stop());
  return { log, warnings };
}

/** The targets logged in this file, in order; every line must be whole. */
function targets(file: string): string[] {
  const text = fs.readFileSync(file, "latin1");
  assert.ok(text === "" || text.endsWith("\n"), "the last line is whole");
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const match = /^192\.0\.2\.1 - - \[[^\]]+\] "GET (\S+) HTTP\/1\.1" 200 5 "-" "-"$/.exec(line);
      assert.ok(match, `a whole line: ${line}`);
      return match[1]!;
    });
}

function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => `/${from + i}`);
}

function request(log: OpenLog, names: readonly string[]): void {
  for (const target of names) log.ended(endedExchange({ target }), 200, 5);
}

test("there are as many lines as requests, in their order", async (t) => {
  const file = path.join(folder(t), "access.log");
  const { log } = start(t, file);
  const names = numbered(0, 20_000);
  request(log, names);
  await log.stop();
  await waitUntil("the last line is written", () => fs.readFileSync(file, "latin1").includes(`/${names.length - 1} `));
  assert.deepEqual(targets(file), names);
  assert.equal(log.dropped, 0);
});

test("a line is in the file within seconds, without more traffic to push it", async (t) => {
  const file = path.join(folder(t), "access.log");
  const { log } = start(t, file);
  request(log, ["/one"]);
  await waitUntil("the line is written", () => fs.statSync(file).size > 0);
  assert.deepEqual(targets(file), ["/one"]);
});

test("lines that wait are written when the process ends, after stop and without it", (t) => {
  for (const ending of ["log.stop(); setImmediate(() => process.exit(0))", "process.exit(0)", ""]) {
    const file = path.join(folder(t), "access.log");
    const script = `
      import { openLog } from ${JSON.stringify(new URL("../logs/open-log.ts", import.meta.url).href)};
      import { endedExchange } from ${JSON.stringify(new URL("./fake-exchange.ts", import.meta.url).href)};
      const log = openLog({ path: ${JSON.stringify(file)} }, console.error);
      for (let i = 0; i < 3000; i++) log.ended(endedExchange({ target: "/" + i }), 200, 5);
      ${ending}`;
    const run = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    assert.equal(run.status, 0, run.stderr);
    assert.equal(run.stderr, "");
    assert.deepEqual(targets(file).sort(), numbered(0, 3000).sort(), `ending: ${ending}`);
  }
});

test("the path - is stdout, also when it is a pipe", (t) => {
  const script = `
    import { openLog } from ${JSON.stringify(new URL("../logs/open-log.ts", import.meta.url).href)};
    import { endedExchange } from ${JSON.stringify(new URL("./fake-exchange.ts", import.meta.url).href)};
    const log = openLog({ path: "-" }, console.error);
    log.reopen();
    for (let i = 0; i < 3000; i++) log.ended(endedExchange({ target: "/" + i }), 200, 5);`;
  const file = path.join(folder(t), "stdout");
  const run = spawnSync("sh", ["-c", '"$0" --input-type=module -e "$1" | cat > "$2"', process.execPath, script, file]);
  assert.equal(run.stderr.toString(), "");
  assert.deepEqual(targets(file).sort(), numbered(0, 3000).sort());
});

test("after a rotation and reopen, earlier lines are in the old file and later ones in the new", async (t) => {
  const file = path.join(folder(t), "access.log");
  const { log, warnings } = start(t, file);
  request(log, numbered(0, 1000));
  fs.renameSync(file, `${file}.1`);
  request(log, numbered(1000, 2000));
  log.reopen();
  request(log, numbered(2000, 3000));
  await log.stop();
  await waitUntil("the last lines are written", () => targets(`${file}.1`).length + targets(file).length === 3000);
  assert.deepEqual(targets(`${file}.1`), numbered(0, 2000));
  assert.deepEqual(targets(file), numbered(2000, 3000));
  assert.deepEqual(warnings, []);
});

test("reopening again and again under load loses nothing and leaves no file open", async (t) => {
  const made = folder(t);
  const file = path.join(made, "access.log");
  const { log } = start(t, file);
  const descriptors = () => fs.readdirSync("/proc/self/fd").map((fd) => linkOf(`/proc/self/fd/${fd}`));
  for (let round = 0; round < 50; round++) {
    request(log, numbered(round * 400, (round + 1) * 400));
    fs.renameSync(file, `${file}.${round}`);
    log.reopen();
    if (round % 10 === 9)
      await waitUntil("old files are closed", () => descriptors().filter((to) => to.startsWith(made)).length === 1);
  }
  await log.stop();
  await waitUntil("every file is closed", () => !descriptors().some((to) => to.startsWith(made)));
  const all = Array.from({ length: 50 }, (_, round) => targets(`${file}.${round}`)).flat();
  assert.deepEqual(all, numbered(0, 20_000));
});

test("when the new file can't be opened, lines go on into the old one and the log says so", async (t) => {
  const made = path.join(folder(t), "logs");
  fs.mkdirSync(made);
  const { log, warnings } = start(t, path.join(made, "access.log"));
  fs.renameSync(made, `${made}.gone`);
  log.reopen();
  request(log, ["/after"]);
  await log.stop();
  const old = path.join(`${made}.gone`, "access.log");
  await waitUntil("the line is written", () => fs.statSync(old).size > 0);
  assert.deepEqual(targets(old), ["/after"]);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /^open log ".*": ENOENT.*; the old file is written on$/);
});

test("a log that can't be opened is an error of the user's, with the path and a remedy", (t) => {
  const file = path.join(folder(t), "absent", "access.log");
  assert.throws(() => openLog({ path: file, format: { kind: "json" } }, () => {}), {
    kind: "user",
    message: new RegExp(`^open log "${file}": ENOENT`),
    remedy: /-/,
  });
});

test("a disk that is full costs lines, counted, one warning, and no request", async (t) => {
  const { log, warnings } = start(t, "/dev/full");
  const line = 100;
  request(log, numbered(0, 1000));
  await waitUntil("the log says so", () => warnings.length > 0);
  request(log, numbered(1000, 100_000));
  assert.ok(log.dropped > 0);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /^write log "\/dev\/full": ENOSPC/);
  assert.ok(100_000 - log.dropped < (5 * 1024 * 1024) / (line / 2), "what waits is bounded");
  await log.stop();
  assert.equal(log.dropped, 100_000, "in the end every line is accounted for");
  assert.deepEqual(warnings.slice(1), ['write log "/dev/full": it is given up, 100000 lines were lost']);
});

const noTmpfs = process.getuid?.() !== 0 || spawnSync("unshare", ["-m", "true"]).status !== 0;

test("when a full disk has room again, writing goes on at the byte where it stopped", {
  skip: noTmpfs && "needs to mount a tmpfs",
}, (t) => {
  const made = folder(t);
  const run = spawnSync(
    "unshare",
    ["-m", process.execPath, "--input-type=module", "-e", FULL_DISK_SCRIPT, made, import.meta.url],
    {
      encoding: "utf8",
      timeout: 30_000,
    },
  );
  assert.equal(run.status, 0, run.stderr);
  const { text, warnings, dropped } = JSON.parse(run.stdout) as { text: string; warnings: string[]; dropped: number };
  fs.writeFileSync(path.join(made, "copy"), text);
  assert.equal(dropped, 0);
  assert.deepEqual(targets(path.join(made, "copy")), numbered(0, 10_000));
  assert.match(warnings.join("\n"), /^write log ".*": ENOSPC.*\nwrite log ".*": it works again, 0 lines were lost$/);
});

test("who removes the log to make room on a full disk gets the room, and a new log", {
  skip: noTmpfs && "needs to mount a tmpfs",
}, (t) => {
  const made = folder(t);
  const words = ["-m", process.execPath, "--input-type=module", "-e", REMOVED_LOG_SCRIPT, made, import.meta.url];
  const run = spawnSync("unshare", words, { encoding: "utf8", timeout: 30_000 });
  assert.equal(run.status, 0, run.stderr);
  const { text, warnings, dropped } = JSON.parse(run.stdout) as { text: string; warnings: string[]; dropped: number };
  assert.match(
    warnings.join("\n"),
    /^write log ".*": ENOSPC.*\nwrite log ".*": it is given up, \d+ lines were lost(?:$|\n)/,
  );
  assert.ok(dropped > 0);
  fs.writeFileSync(path.join(made, "copy"), text);
  assert.deepEqual(targets(path.join(made, "copy")), ["/later"]);
});

test("a pipe that nobody reads holds up nobody: lines are dropped and counted, later ones come through", async (t) => {
  const made = folder(t);
  const pipe = path.join(made, "pipe");
  assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
  const { log, warnings } = start(t, pipe);
  request(log, numbered(0, 100_000));
  assert.ok(log.dropped > 0);
  assert.match(warnings.join("\n"), /^write log ".*": it takes lines too slowly; they are dropped$/);
  const copy = path.join(made, "copy");
  const reader = spawn("sh", ["-c", 'exec cat "$0" > "$1"', pipe, copy]);
  t.after(() => reader.kill());
  await waitUntil("the pipe is empty", () => warnings.length === 2);
  assert.match(warnings[1]!, new RegExp(`it works again, ${log.dropped} lines were lost$`));
  request(log, ["/last"]);
  await log.stop();
  await waitUntil("the last line came", () => fs.readFileSync(copy, "latin1").includes("GET /last "));
  assert.equal(targets(copy).length + log.dropped, 100_001);
});

test("refused requests have their line too", async (t) => {
  const file = path.join(folder(t), "access.log");
  const { log } = start(t, file);
  log.refused(CLIENT, 400, "The request line is malformed", "GET");
  await log.stop();
  await waitUntil("the line is written", () => fs.statSync(file).size > 0);
  assert.match(fs.readFileSync(file, "latin1"), /^192\.0\.2\.1 - - \[[^\]]+\] "GET" 400 0 "-" "-"\n$/);
});

// Runs in a mount namespace of its own: fills a small disk, makes room, waits until all is written.
const FULL_DISK_SCRIPT = `
  import { execFileSync } from "node:child_process";
  import fs from "node:fs";
  const [folder, here] = process.argv.slice(1);
  const { openLog } = await import(new URL("../logs/open-log.ts", here));
  const { endedExchange } = await import(new URL("./fake-exchange.ts", here));
  const { waitUntil } = await import(new URL("./wait-until.ts", here));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder]);
  const path = folder + "/access.log";
  const warnings = [];
  const log = openLog({ path }, (message) => warnings.push(message));
  for (let i = 0; i < 10000; i++) log.ended(endedExchange({ target: "/" + i }), 200, 5);
  await waitUntil("the disk is full", () => warnings.length === 1);
  execFileSync("mount", ["-o", "remount,size=8m", folder]);
  await waitUntil("it works again", () => warnings.length === 2);
  await log.stop();
  await waitUntil("the last line is written", () => fs.readFileSync(path, "latin1").includes("GET /9999 "));
  process.stdout.write(JSON.stringify({ text: fs.readFileSync(path, "latin1"), warnings, dropped: log.dropped }));
`;

// The same, but the log is removed, as people do when a disk is full.
const REMOVED_LOG_SCRIPT = FULL_DISK_SCRIPT.slice(
  0,
  FULL_DISK_SCRIPT.indexOf('  execFileSync("mount", ["-o", "remount'),
).concat(`
  fs.unlinkSync(path);
  await waitUntil("it is given up", () => warnings.length === 2);
  log.ended(endedExchange({ target: "/later" }), 200, 5);
  // The old file may not be closed yet: then the new one has to wait for the room, too.
  await waitUntil("the line is written", () => fs.readFileSync(path, "latin1").includes("GET /later "));
  await log.stop();
  process.stdout.write(JSON.stringify({ text: fs.readFileSync(path, "latin1"), warnings, dropped: log.dropped }));
`);

function linkOf(link: string): string {
  try {
    return fs.readlinkSync(link);
  } catch {
    return "";
  }
}
