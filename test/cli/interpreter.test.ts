import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { before, type TestContext, test } from "node:test";
import { findInterpreter } from "../../src/process/interpreter.ts";
import { folder } from "../support/instance.ts";

const PATH = process.env["PATH"]!;
/** The interpreter itself, not a version manager's shim, whose answer depends on the folder. */
let python = "";

before(() => {
  python = execFileSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim();
});

function environment(at: string): string {
  execFileSync(python, ["-m", "venv", "--without-pip", at]);
  return path.join(at, "bin", "python3");
}

/** A program that answers as an interpreter of this version would. */
function pretend(at: string, version: string): string {
  fs.mkdirSync(path.dirname(at), { recursive: true });
  fs.writeFileSync(at, `#!/bin/sh\necho ${at}\necho ${version}\n`, { mode: 0o755 });
  return at;
}

function find(
  t: TestContext | string,
  { python: named = null, ...rest }: { python?: string | null; base?: string; variables?: Record<string, string> } = {},
) {
  const directory = typeof t === "string" ? t : folder(t);
  const { base = directory, variables = {} } = rest;
  return findInterpreter({ directory, python: named }, { directory: base, variables: { PATH, ...variables } });
}

test("an app without anything else runs on python3 of PATH", (t) => {
  const { path: found, reason, version } = find(t, { variables: { PATH: path.dirname(python) } });
  assert.equal(found, python);
  assert.equal(reason, "python3 on PATH");
  assert.match(version, /^3\.\d+\.\d+$/);
});

for (const name of [".venv", "venv", "env"]) {
  test(`a virtual environment called ${name} in the app's folder is used`, (t) => {
    const directory = folder(t);
    const own = environment(path.join(directory, name));
    const { path: found, reason } = find(directory);
    assert.deepEqual([found, reason], [own, name]);
  });
}

test("a virtual environment beside the configuration is used when the app has none", (t) => {
  const base = folder(t, { "shop/app.py": "" });
  const own = environment(path.join(base, ".venv"));
  const { path: found, reason } = find(path.join(base, "shop"), { base });
  assert.deepEqual([found, reason], [own, path.join(base, ".venv")]);
});

test("an active virtual environment wins over the folder's, and what the app names over both", (t) => {
  const directory = folder(t);
  environment(path.join(directory, ".venv"));
  const active = environment(path.join(directory, "active"));
  const named = environment(path.join(directory, "named"));
  const variables = { VIRTUAL_ENV: path.join(directory, "active") };
  assert.equal(find(directory, { variables }).path, active);
  assert.equal(find(directory, { variables, python: path.join(directory, "named") }).path, named);
  assert.equal(find(directory, { variables, python: named }).path, named);
});

test("a command that the app names is looked for on PATH", (t) => {
  const directory = folder(t);
  const own = pretend(path.join(directory, "bin", "python3.99"), "3.99.0");
  const variables = { PATH: path.join(directory, "bin") };
  assert.deepEqual(find(directory, { python: "python3.99", variables }), {
    path: own,
    reason: "python: python3.99",
    version: "3.99.0",
  });
  assert.throws(() => find(directory, { python: "python3.98", variables }), /No python3\.98 on PATH/);
});

test("an environment that poetry keeps for the folder is used, the active one of several", (t) => {
  const directory = folder(t, { "pyproject.toml": '[tool.poetry]\nname = "Demo App"\n' });
  const kept = path.join(directory, "cache", "virtualenvs");
  const name = `demo_app-${shortHash(directory)}`;
  for (const minor of ["3.8", "3.9", "3.10"])
    pretend(path.join(kept, `${name}-py${minor}`, "bin", "python3"), `${minor}.1`);
  pretend(path.join(kept, "demo_app-AAAAAAAA-py3.11", "bin", "python3"), "3.11.1");
  fs.writeFileSync(
    path.join(kept, "envs.toml"),
    `[other-AAAAAAAA]\nminor = "3.10"\n\n[${name}]\nminor = "3.9"\npatch = "3.9.1"\n`,
  );
  const { version, reason } = find(directory, { variables: { POETRY_CACHE_DIR: path.join(directory, "cache") } });
  assert.deepEqual([version, reason], ["3.9.1", "poetry"]);
});

test("an environment that pipenv keeps for the folder is used", (t) => {
  const directory = folder(t, { Pipfile: "[packages]\n" });
  const kept = path.join(directory, ".local", "share", "virtualenvs");
  pretend(path.join(kept, `shop-${shortHash(path.join(directory, "Pipfile"))}`, "bin", "python3"), "3.10.2");
  pretend(path.join(kept, "shop-AAAAAAAA", "bin", "python3"), "3.11.1");
  const { version, reason } = find(directory, { variables: { HOME: directory } });
  assert.deepEqual([version, reason], ["3.10.2", "pipenv"]);
});

test("an environment that uv was told to keep elsewhere is used", (t) => {
  const directory = folder(t, { "uv.lock": "" });
  const own = environment(path.join(directory, "kept"));
  assert.equal(find(directory, { variables: { UV_PROJECT_ENVIRONMENT: "kept" } }).path, own);
});

test("an active conda environment is used", (t) => {
  const directory = folder(t);
  const own = pretend(path.join(directory, "conda", "bin", "python3"), "3.12.0");
  assert.equal(find(directory, { variables: { CONDA_PREFIX: path.join(directory, "conda") } }).path, own);
});

test(".python-version of the folder or one above chooses among pyenv's, the latest that fits", (t) => {
  const directory = folder(t, { ".python-version": "# ours\n3.9\n", "shop/app.py": "" });
  for (const version of ["3.9.2", "3.9.18", "3.10.1"])
    pretend(path.join(directory, "versions", version, "bin", "python3"), version);
  const { version, reason } = find(path.join(directory, "shop"), { variables: { PYENV_ROOT: directory } });
  assert.deepEqual([version, reason], ["3.9.18", ".python-version 3.9"]);
});

test("a virtual environment whose interpreter has gone is told, not passed over", (t) => {
  const directory = folder(t);
  fs.mkdirSync(path.join(directory, ".venv", "bin"), { recursive: true });
  fs.symlinkSync("/nowhere/python3", path.join(directory, ".venv", "bin", "python3"));
  assert.throws(() => find(directory), /Python of .*\.venv is gone/);
});

const WRONG: readonly [promise: string, named: string, make: (directory: string) => void, message: RegExp][] = [
  ["a path that is not there is told", "./python", () => {}, /No Python at/],
  [
    "a folder that is no environment is told",
    "./empty",
    (at) => fs.mkdirSync(path.join(at, "empty")),
    /not a virtual environment/,
  ],
  [
    "a file that is not executable is told",
    "./file",
    (at) => fs.writeFileSync(path.join(at, "file"), "#!/bin/sh\n", { mode: 0o644 }),
    /is not executable/,
  ],
  [
    "a program that is no Python is told",
    "./other",
    (at) => fs.writeFileSync(path.join(at, "other"), "#!/bin/sh\nexit 3\n", { mode: 0o755 }),
    /it is no Python \(exit code 3\)/,
  ],
  [
    "a Python that is too old is told",
    "./old/python3",
    (at) => void pretend(path.join(at, "old/python3"), "3.7.17"),
    /too old: .* is 3\.7\.17/,
  ],
];

for (const [promise, named, make, message] of WRONG) {
  test(promise, (t) => {
    const directory = folder(t);
    make(directory);
    assert.throws(() => find(directory, { python: named }), message);
  });
}

test("no Python anywhere is told", (t) => {
  assert.throws(() => find(t, { variables: { PATH: "/nowhere" } }), /No python3 on PATH/);
});

test("an interpreter is asked once, and again when it has changed", (t) => {
  const directory = folder(t);
  const at = path.join(directory, "python3");
  const answer = (version: string, time: number) => {
    fs.writeFileSync(at, `#!/bin/sh\necho asked >> ${directory}/asked\necho ${at}\necho ${version}\n`, { mode: 0o755 });
    fs.utimesSync(at, time, time);
  };
  answer("3.9.1", 1_000_000);
  assert.equal(find(directory, { python: at }).version, "3.9.1");
  assert.equal(find(directory, { python: at }).version, "3.9.1");
  answer("3.10.1", 2_000_000);
  assert.equal(find(directory, { python: at }).version, "3.10.1");
  assert.equal(fs.readFileSync(path.join(directory, "asked"), "utf8"), "asked\nasked\n");
});

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 8);
}
