import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { folder } from "../support/instance.ts";

// What users run: bin/propylon, and the compiled program behind it (`npm run build`).
const BIN = path.join(import.meta.dirname, "..", "..", "bin", "propylon");

function version(file: string, cwd: string, environment: Record<string, string> = {}): string {
  const { stdout, stderr, status } = spawnSync(file, ["--version"], {
    cwd,
    encoding: "utf8",
    env: { PATH: "/usr/bin:/bin", ...environment },
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

test("bin/propylon runs from any folder, whatever Node is on PATH", (t) => {
  const cwd = folder(t, { "node/node": "#!/bin/sh\necho v8.0.0; exit 1\n" });
  fs.chmodSync(path.join(cwd, "node", "node"), 0o755);
  assert.match(version(BIN, cwd), /^\d+\.\d+\.\d+\n$/);
  assert.match(version(BIN, "/", { PATH: `${cwd}/node:/usr/bin:/bin` }), /^\d+\.\d+\.\d+\n$/);
});

test("bin/propylon runs through links, absolute and relative, one behind the other", (t) => {
  const cwd = folder(t, { "far/away/file": "" });
  fs.symlinkSync(BIN, path.join(cwd, "propylon"));
  fs.symlinkSync("../../propylon", path.join(cwd, "far", "away", "again"));
  assert.match(version(path.join(cwd, "propylon"), "/"), /^\d+/);
  assert.match(version(path.join(cwd, "far", "away", "again"), cwd), /^\d+/);
  assert.match(version("propylon", "/", { PATH: `${cwd}:/usr/bin:/bin` }), /^\d+/);
});

test("bin/propylon hands on exit codes", (t) => {
  const { status, stderr } = spawnSync(BIN, ["stauts"], { cwd: folder(t), encoding: "utf8" });
  assert.equal(status, 2);
  assert.match(stderr, /did you mean "status"/);
});
