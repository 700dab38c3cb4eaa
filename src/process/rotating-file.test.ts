import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { RotatingFile, type RotatingFileSpec } from "./rotating-file.ts";

interface Made {
  readonly file: RotatingFile;
  readonly path: string;
  readonly told: string[];
}

function make(t: TestContext, options: Partial<RotatingFileSpec> = {}): Made {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "propylon-rotating-"));
  const told: string[] = [];
  const file = new RotatingFile({
    path: path.join(folder, "x.log"),
    rotateSize: 1000,
    rotateKeep: 3,
    trouble: (what) => told.push("error" in what ? what.error : `again, ${what.lost} lost`),
    ...options,
  });
  t.after(async () => {
    await file.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });
  return { file, path: file.path, told };
}

const read = (file: string): string => fs.readFileSync(file, "utf8");

test("it rotates between two lines, keeps as many files as it is told to, and loses none of their lines", async (t) => {
  const { file, path: at } = make(t);
  file.open();
  const lines = Array.from({ length: 60 }, (_, number) => `line ${number} ${"x".repeat(50)}\n`);
  for (const line of lines) await file.write(Buffer.from(line));
  await file.close();
  const kept = [3, 2, 1].map((number) => read(`${at}.${number}`)).concat(read(at));
  for (const text of kept) assert.ok(text.length <= 1000 && text.endsWith("\n"));
  assert.equal(kept.join(""), lines.slice(-kept.join("").split("\n").length + 1).join(""));
  assert.equal(fs.existsSync(`${at}.4`), false);
});

test("without older files to keep it is emptied", async (t) => {
  const { file, path: at } = make(t, { rotateKeep: 0, rotateSize: 10 });
  file.open();
  for (const line of ["one\n", "two\n", "three\n"]) await file.write(Buffer.from(line));
  await file.close();
  assert.equal(read(at), "three\n");
  assert.deepEqual(fs.readdirSync(path.dirname(at)), ["x.log"]);
});

test("its tail reaches into older files", async (t) => {
  const { file } = make(t, { rotateSize: 10 });
  file.open();
  for (const line of ["first\n", "second\n", "third\n"]) await file.write(Buffer.from(line));
  assert.equal((await file.tail(9)).toString(), "nd\nthird\n");
  assert.equal((await file.tail(1000)).toString(), "first\nsecond\nthird\n");
});

test("what is in it stays, and it can be emptied and opened anew while it is written", async (t) => {
  const { file, path: at } = make(t);
  fs.writeFileSync(at, "before\n");
  file.open();
  void file.write(Buffer.from("one\n"));
  await file.tail(1);
  assert.equal(read(at), "before\none\n");
  fs.renameSync(at, `${at}.old`);
  void file.write(Buffer.from("two\n"));
  await file.reopen();
  void file.write(Buffer.from("three\n"));
  await file.tail(1);
  assert.equal(read(`${at}.old`), "before\none\ntwo\n");
  assert.equal(read(at), "three\n");
  await file.clear();
  await file.write(Buffer.from("four\n"));
  await file.tail(1);
  assert.equal(read(at), "four\n");
});

test("whoever writes faster than the disk has to wait", async (t) => {
  const { file } = make(t, { rotateSize: 0 });
  file.open();
  let waits: Promise<void> | null = null;
  for (let i = 0; i < 10 && waits === null; i++) waits = file.write(Buffer.alloc(100_000, "x\n"));
  assert.ok(waits !== null);
  await waits;
});

test("a folder that isn't there, or another user's link, is refused with a reason", (t) => {
  const { file } = make(t, { path: "/nonexistent/x.log" });
  assert.throws(() => file.open(), /Cannot write \/nonexistent\/x\.log: its folder does not exist/);
  if (process.getuid!() !== 0) return t.skip("needs root to make another user's link");
  const { file: linked, path: at } = make(t);
  fs.symlinkSync("/etc/passwd", at);
  fs.lchownSync(at, 65534, 65534);
  assert.throws(() => linked.open(), /another user's link/);
});

test("on a full disk what comes waits, what is too much is dropped by the line and counted, and it goes on when there is room", async (t) => {
  if (process.getuid!() !== 0) return t.skip("needs root to mount a small disk");
  const disk = fs.mkdtempSync(path.join(os.tmpdir(), "propylon-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], { stdio: "ignore" });
  } catch {
    fs.rmdirSync(disk);
    return t.skip("nothing can be mounted here");
  }
  const { file, path: at, told } = make(t, { path: path.join(disk, "x.log"), rotateSize: 0 });
  file.open();
  t.after(() => {
    execFileSync("umount", [disk]);
    fs.rmdirSync(disk);
  });
  const line = (number: number): string => `${String(number).padStart(7, "0")} ${"x".repeat(991)}\n`;
  const count = 6000;
  for (let number = 0; number < count; number++) {
    const room = file.write(Buffer.from(line(number)));
    if (room !== null) await room;
  }
  assert.deepEqual(told, ["no space left on the disk"]);
  execFileSync("mount", ["-o", "remount,size=64m", disk]);
  while (told.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  void file.write(Buffer.from(line(count)));
  await file.tail(1);
  const kept = read(at).split("\n").slice(0, -1);
  const lost = Number(/again, (\d+) lost/.exec(told[1]!)?.[1]);
  assert.ok(lost > 1000, `${lost} lost`);
  assert.equal(kept.length + lost, count + 1);
  assert.equal(file.lost, lost);
  assert.deepEqual(
    kept.slice(0, -1),
    Array.from({ length: kept.length - 1 }, (_, number) => line(number).trimEnd()),
  );
  assert.equal(`${kept.at(-1)}\n`, line(count));
});
