import assert from "node:assert/strict";
import { test } from "node:test";
import { inspectConfig } from "../../src/config/load.ts";
import type { ProgramConfig } from "../../src/config/program-model.ts";

const DISK = {
  isFile: () => true,
  isDirectory: (path: string) => !path.startsWith("/missing"),
  read: () => "SECRET",
};

function inspect(document: unknown): ReturnType<typeof inspectConfig> {
  return inspectConfig({
    file: null,
    document,
    directory: "/srv",
    profile: null,
    environment: {},
    flags: {},
    disk: DISK,
  });
}

function read(program: Readonly<Record<string, unknown>>): ProgramConfig {
  const { loaded, errors } = inspect({ programs: { p: { command: "sleep 1", ...program } } });
  assert.deepEqual(
    errors.map(({ message }) => message),
    [],
  );
  return loaded!.config.programs["p"]!;
}

test("a program that says nothing but its command is kept as people expect", () => {
  assert.deepEqual(read({}), {
    name: "p",
    command: ["sleep", "1"],
    directory: "/srv",
    environment: {},
    user: null,
    group: null,
    umask: null,
    limits: { files: null, memory: null, core: null, processes: null },
    instances: 1,
    autostart: true,
    restart: "unexpected",
    expectedCodes: [0],
    startTime: 1000,
    startRetries: 3,
    retryFailed: null,
    backoff: { first: 500, longest: 30_000 },
    stopSignal: "SIGTERM",
    stopTimeout: 10_000,
    stopGroup: true,
    priority: 999,
    once: false,
    after: [],
    health: null,
    stdout: { kind: "log" },
    stderr: { kind: "log" },
  });
});

test("a command is split as a shell would, is a list of words, or is a shell's", () => {
  assert.deepEqual(read({ command: `a 'b c' "d $e" f\\ g` }).command, ["a", "b c", "d $e", "f g"]);
  assert.deepEqual(read({ command: ["a", "b c"] }).command, ["a", "b c"]);
  assert.deepEqual(read({ command: "a | b", shell: true }).command, ["/bin/sh", "-c", "a | b"]);
});

test("what is tried again once it has failed depends on what is written", () => {
  assert.equal(read({ restart: "always" }).retryFailed, 30_000);
  assert.equal(read({ restart: "always", start_retries: 3 }).retryFailed, null);
  assert.equal(read({ restart: "always", retry_failed: false }).retryFailed, null);
  assert.equal(read({ retry_failed: "5s" }).retryFailed, 5000);
  assert.equal(read({ once: true }).startRetries, 0);
});

test("output goes to a file with its rotation, nowhere, or with the other stream", () => {
  const { stdout, stderr } = read({ stdout: "log/out.log", stderr: "stdout" });
  assert.deepEqual(stdout, { kind: "file", path: "/srv/log/out.log", rotateSize: 50 * 1024 ** 2, rotateKeep: 10 });
  assert.deepEqual(stderr, { kind: "stdout" });
  assert.deepEqual(read({ stdout: false }).stdout, { kind: "discard" });
  const other = read({ stderr: { file: "/e", rotate_size: 0, rotate_keep: 2 } }).stderr;
  assert.deepEqual(other, { kind: "file", path: "/e", rotateSize: 0, rotateKeep: 2 });
});

test("health checks are of one kind, with units plain", () => {
  assert.deepEqual(read({ health: { tcp: "[::1]:80", interval: "1s" } }).health, {
    check: { kind: "tcp", host: "::1", port: 80 },
    interval: 1000,
    timeout: 5000,
    retries: 3,
    startPeriod: 0,
  });
  assert.deepEqual(read({ health: { tcp: "unix:r.sock" } }).health!.check, { kind: "unix", path: "/srv/r.sock" });
  const { check } = read({ health: { command: "redis-cli ping" } }).health!;
  assert.deepEqual(check, { kind: "command", command: ["redis-cli", "ping"] });
});

test("a name alone in `after` means what can be said best of that program", () => {
  const { loaded } = inspect({
    listeners: ["127.0.0.1:0"],
    programs: {
      redis: { command: "r", health: { tcp: "127.0.0.1:6379" } },
      migrate: { command: "m", once: true },
      plain: { command: "p" },
    },
    apps: {
      web: { wsgi: "a:a", after: ["redis", "migrate", "plain"] },
      two: { wsgi: "a:a", after: { redis: "running" } },
    },
    sites: [{ routes: [{ path: "/two", app: "two" }, { app: "web" }] }],
  });
  const { web, two } = loaded!.config.apps;
  assert.deepEqual(
    web!.after.map(({ state }) => state),
    ["healthy", "done", "running"],
  );
  assert.deepEqual(two!.after, [{ program: "redis", state: "running" }]);
});

const WRONG: Readonly<Record<string, readonly [Readonly<Record<string, unknown>>, RegExp]>> = {
  "a quote that is not closed": [{ p: { command: "a 'b" } }, /programs\.p\.command: a quote is not closed/],
  "no command": [{ p: { command: " " } }, /names no command/],
  "words for a shell": [{ p: { command: ["a"], shell: true } }, /this is text, not a list/],
  "a folder that is not there": [{ p: { command: "a", directory: "/missing" } }, /there is no folder \/missing/],
  "a log without its folder": [{ p: { command: "a", stdout: "/missing/x" } }, /there is no folder \/missing/],
  "a step that is restarted": [
    { p: { command: "a", once: true, restart: "always" } },
    /a once step is not kept running/,
  ],
  "two checks": [{ p: { command: "a", health: { tcp: "h:1", http: "http://h/" } } }, /needs exactly one of/],
  "a port that is none": [{ p: { command: "a", health: { tcp: "h:99999" } } }, /expected host:port, got "h:99999"/],
  "an unknown program in after": [
    { redis: { command: "a" }, p: { command: "a", after: ["rediss"] } },
    /there is no program "rediss"/,
  ],
  "healthy without a check": [
    { r: { command: "a" }, p: { command: "a", after: { r: "healthy" } } },
    /r has no health check/,
  ],
  "done of what is kept": [{ r: { command: "a" }, p: { command: "a", after: { r: "done" } } }, /r is kept running/],
  "a circle": [
    { a: { command: "a", after: ["b"] }, b: { command: "a", after: ["a"] } },
    /each would wait for the other: a after b after a/,
  ],
  "one's own file twice": [{ p: { command: "a", stdout: "x", stderr: "x" } }, /is the file of stdout too/],
  "another's file": [{ p: { command: "a", stdout: "x" }, q: { command: "a", stdout: "x" } }, /is a file of p too/],
  "one file for two instances": [
    { p: { command: "a", instances: 2, stdout: "x.log" } },
    /2 instances would write to one file/,
  ],
  "a name that means something else": [{ all: { command: "a" } }, /something else has this name/],
};

for (const [what, [programs, expected]] of Object.entries(WRONG)) {
  test(`${what} is told at its place`, () => {
    const { errors } = inspect({ programs });
    assert.equal(errors.length, 1, errors.map(({ message }) => message).join("\n"));
    assert.match(errors[0]!.message, expected);
  });
}

test("an app and a program can't have the same name, since both are started by it", () => {
  const { errors } = inspect({ apps: { web: { wsgi: "a:a" } }, programs: { web: { command: "a" } } });
  assert.match(errors[0]!.message, /programs\.web: an app has this name already/);
});
