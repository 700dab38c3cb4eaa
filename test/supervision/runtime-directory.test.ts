import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { basesOf, instances, RuntimeDirectory } from "../../src/supervisor/runtime-directory.ts";

const IS_ROOT = process.getuid!() === 0;

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "pr-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test("an instance is found by its folder while it runs", (t) => {
  const base = join(folder(t), "b");
  const runtime = RuntimeDirectory.create("/srv/one", [base]);
  assert.equal(lstatSync(runtime.path).mode & 0o777, 0o711);
  const expected = { pid: process.pid, control: runtime.control, directory: "/srv/one" };
  assert.deepEqual(instances("/srv/one", [base]), [expected]);
  assert.deepEqual(instances(null, [base]), [expected]);
  assert.deepEqual(instances("/srv/other", [base]), []);
  runtime.remove();
  assert.deepEqual(instances("/srv/one", [base]), []);
});

test("what dead instances have left is removed, also when a later process has their pid", async (t) => {
  const base = join(folder(t), "b");
  const own = RuntimeDirectory.create("/srv/one", [base]);
  const child = spawn("true");
  await new Promise((resolve) => child.once("exit", resolve));
  const dead = join(base, `aaaaaaaaaaaa-${child.pid}`);
  mkdirSync(dead);
  const reused = join(base, `bbbbbbbbbbbb-${process.ppid}`);
  mkdirSync(reused);
  writeFileSync(
    join(reused, "instance.json"),
    JSON.stringify({ pid: process.ppid, started: "1", directory: "/srv/two" }),
  );
  const alien = join(base, "someone-elses");
  mkdirSync(alien);
  assert.deepEqual(instances("/srv/two", [base]), []);
  RuntimeDirectory.create("/srv/one", [base]);
  assert.equal(existsSync(dead), false);
  assert.equal(existsSync(reused), false);
  assert.equal(existsSync(alien), true);
  assert.equal(readdirSync(base).length, 2);
  own.remove();
});

test("a directory that an earlier process with our pid has left is emptied", (t) => {
  const base = join(folder(t), "b");
  const first = RuntimeDirectory.create("/srv/one", [base]);
  writeFileSync(join(first.path, "old.page"), "");
  const again = RuntimeDirectory.create("/srv/one", [base]);
  assert.deepEqual(readdirSync(again.path), ["instance.json"]);
});

test("a base that is a link, is writable for others, or is another user's is not used", (t) => {
  const directory = folder(t);
  const elsewhere = join(directory, "elsewhere");
  mkdirSync(elsewhere);
  const link = join(directory, "link");
  symlinkSync(elsewhere, link);
  const open = join(directory, "open");
  mkdirSync(open);
  chmodSync(open, 0o777);
  const wrong: [string, RegExp][] = [
    [link, /link is not a folder/],
    [open, /open is writable for others/],
  ];
  if (IS_ROOT) {
    const others = join(directory, "others");
    mkdirSync(others);
    chownSync(others, 65_534, 65_534);
    wrong.push([others, /others belongs to another user \(65534\)/]);
  }
  for (const [base, message] of wrong) {
    assert.throws(() => RuntimeDirectory.create("/srv/one", [base]), message);
    assert.deepEqual(instances(null, [base]), []);
    const fallback = join(directory, "fallback");
    assert.ok(RuntimeDirectory.create("/srv/one", [base, fallback]).path.startsWith(fallback));
  }
  assert.deepEqual(readdirSync(elsewhere), []);
});

test("a base whose sockets would have too long a path is not used", (t) => {
  const long = join(folder(t), "x".repeat(60));
  assert.throws(() => RuntimeDirectory.create("/srv/one", [long]), /too long for the path of a Unix socket/);
});

test("an app's socket has a path that the kernel takes, whatever the app is called", (t) => {
  const base = join(folder(t), "b");
  const runtime = RuntimeDirectory.create("/srv/one", [base]);
  assert.ok(runtime.appSocket("person").endsWith("/app-person.sock"));
  const names = ["x".repeat(100), "ä/../../etc", "x".repeat(101)].map((name) => runtime.appSocket(name));
  assert.equal(new Set(names).size, 3);
  for (const path of names) assert.match(path.slice(runtime.path.length), /^\/app-[0-9a-f]{12}\.sock$/);
});

test("root uses /run, others their own runtime directory, and /tmp is the last resort", () => {
  const uid = process.getuid!();
  const bases = basesOf({ XDG_RUNTIME_DIR: "/run/user/7" });
  assert.deepEqual(bases, [IS_ROOT ? "/run/propylon" : "/run/user/7/propylon", `/tmp/propylon-${uid}`]);
  assert.equal(basesOf({}).at(-1), `/tmp/propylon-${uid}`);
});

test("a directory that is moved away does not confuse those who look", (t) => {
  const base = join(folder(t), "b");
  const runtime = RuntimeDirectory.create("/srv/one", [base]);
  renameSync(runtime.path, `${runtime.path}.gone`);
  assert.deepEqual(instances(null, [base]), []);
  runtime.remove();
});
