import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { PropylonError } from "../base/errors.ts";
import { prepareEnvironment } from "./environment.ts";

/** A folder with these requirements. pip finds packages in `wheels` beside it alone, never on a network. */
function folder(t: TestContext, requirements?: string): { directory: string; wheels: string; lines: string[] } {
  const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "propylon-test-")));
  const [directory, wheels] = [path.join(base, "an app"), path.join(base, "wheels")];
  fs.mkdirSync(directory);
  fs.mkdirSync(wheels);
  if (requirements !== undefined) fs.writeFileSync(path.join(directory, "requirements.txt"), requirements);
  variable(t, "PIP_NO_INDEX", "1");
  variable(t, "PIP_FIND_LINKS", wheels);
  variable(t, "PIP_CONFIG_FILE", os.devNull);
  variable(t, "VIRTUAL_ENV", undefined);
  t.after(() => fs.rmSync(base, { recursive: true }));
  return { directory, wheels, lines: [] };
}

function variable(t: TestContext, name: string, value: string | undefined): void {
  const before = process.env[name];
  const set = (to: string | undefined): void => {
    if (to === undefined) delete process.env[name];
    else process.env[name] = to;
  };
  set(value);
  t.after(() => set(before));
}

/** A package `sample` of this version, as a wheel. */
function makeWheel(wheels: string, version: string): void {
  const script = `
import sys, zipfile
folder, version = sys.argv[1:]
with zipfile.ZipFile(f"{folder}/sample-{version}-py3-none-any.whl", "w") as wheel:
    info = f"sample-{version}.dist-info"
    wheel.writestr("sample.py", f"version = {version!r}")
    wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: sample\\nVersion: {version}\\n")
    wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(f"{info}/RECORD", "")
`;
  execFileSync("python3", ["-c", script, wheels, version]);
}

function installed(python: string): string {
  return execFileSync(python, ["-c", "import sample; print(sample.version)"], { encoding: "utf8" }).trim();
}

test("a folder without requirements.txt needs nothing", async (t) => {
  const { directory, lines } = folder(t);
  assert.equal(await prepareEnvironment(directory, (line) => lines.push(line)), null);
});

test("the current interpreter is taken when it has the packages already", async (t) => {
  const { directory, wheels, lines } = folder(t, "sample==1.0\n");
  makeWheel(wheels, "1.0");
  variable(t, "PYTHONPATH", path.join(wheels, "sample-1.0-py3-none-any.whl"));
  const prepared = await prepareEnvironment(directory, (line) => lines.push(line));
  assert.deepEqual(prepared, { python: "python3", reason: "python3 on PATH has the packages" });
  assert.deepEqual(lines, []);
  assert.deepEqual(fs.readdirSync(directory), ["requirements.txt"]);
});

test("an activated virtual environment is the current interpreter", async (t) => {
  const { directory, wheels, lines } = folder(t, "");
  const active = path.join(wheels, "active");
  execFileSync("python3", ["-m", "venv", "--without-pip", active]);
  variable(t, "VIRTUAL_ENV", active);
  const prepared = await prepareEnvironment(directory, (line) => lines.push(line));
  assert.deepEqual(prepared, { python: path.join(active, "bin", "python3"), reason: "VIRTUAL_ENV has the packages" });
});

const ENSUREPIP = spawnSync("python3", ["-c", "import ensurepip"]).status === 0;
const skip = ENSUREPIP ? false : "python3 can't make virtual environments with pip here";

test("of two starts at once one makes the environment and both use it; changed requirements are installed", {
  skip,
}, async (t) => {
  const { directory, wheels, lines } = folder(t, "sample==1.0\n");
  makeWheel(wheels, "1.0");
  const say = (line: string): void => void lines.push(line);
  const both = await Promise.all([prepareEnvironment(directory, say), prepareEnvironment(directory, say)]);
  assert.equal(lines.filter((line) => line.includes("making")).length, 1, lines.join("\n"));
  assert.equal(lines.filter((line) => line.includes("waiting")).length, 1, lines.join("\n"));
  for (const prepared of both) assert.equal(prepared?.python, path.join(directory, ".venv", "bin", "python3"));
  assert.equal(installed(both[0]!.python), "1.0");

  lines.length = 0;
  await prepareEnvironment(directory, say);
  assert.deepEqual(lines, []);

  makeWheel(wheels, "2.0");
  fs.writeFileSync(path.join(directory, "requirements.txt"), "sample==2.0\n");
  assert.equal(installed((await prepareEnvironment(directory, say))!.python), "2.0");
});

test("an environment that could not be filled says what to run, and is made anew at the next start", {
  skip,
}, async (t) => {
  const { directory, wheels, lines } = folder(t, "sample==1.0\n");
  const say = (line: string): void => void lines.push(line);
  await assert.rejects(prepareEnvironment(directory, say), (error) => {
    assert.ok(error instanceof PropylonError);
    assert.match(error.message, /requirements\.txt: pip failed/);
    assert.ok(error.remedy?.includes(`cd '${directory}' && python3 -m venv .venv`));
    return true;
  });
  assert.ok(
    lines.some((line) => line.includes("No matching distribution found for sample==1.0")),
    lines.join("\n"),
  );
  const remains = path.join(directory, ".venv", "remains");
  fs.writeFileSync(remains, "");
  makeWheel(wheels, "1.0");
  assert.equal(installed((await prepareEnvironment(directory, say))!.python), "1.0");
  assert.ok(!fs.existsSync(remains));
});

test("a start that is called off leaves an environment that the next one knows to be unfinished", async (t) => {
  const { directory } = folder(t, "sample==1.0\n");
  const off = new AbortController();
  const prepared = prepareEnvironment(directory, () => off.abort(new Error("off")), off.signal);
  await assert.rejects(prepared, /off/);
  assert.ok(fs.existsSync(path.join(directory, ".venv", ".propylon-partial")));
});

test("an environment that somebody made is used when it has the packages, and never changed when it lacks one", async (t) => {
  const { directory, wheels, lines } = folder(t, "-r more.txt\n");
  const own = path.join(directory, ".venv");
  const say = (line: string): void => void lines.push(line);
  execFileSync("python3", ["-m", "venv", "--without-pip", own]);
  assert.equal((await prepareEnvironment(directory, say))?.python, path.join(own, "bin", "python3"));

  fs.writeFileSync(path.join(directory, "requirements.txt"), "sample==1.0\n");
  makeWheel(wheels, "1.0");
  const before = fs.readdirSync(own);
  await assert.rejects(prepareEnvironment(directory, say), (error) => {
    assert.ok(error instanceof PropylonError);
    assert.match(error.message, /it lacks sample==1\.0/);
    assert.match(error.remedy!, /-m pip install -r/);
    return true;
  });
  assert.deepEqual(fs.readdirSync(own), before);
  assert.deepEqual(lines, []);

  fs.rmSync(path.join(own, "bin"), { recursive: true });
  await assert.rejects(prepareEnvironment(directory, say), /there is no .*python3/);
});

test("without python3 on PATH the error says to install it", async (t) => {
  const { directory, lines } = folder(t, "sample\n");
  variable(t, "PATH", directory);
  await assert.rejects(
    prepareEnvironment(directory, (line) => lines.push(line)),
    (error) => error instanceof PropylonError && /No python3 on PATH/.test(error.message),
  );
  assert.equal(spawnSync("python3").error?.message.includes("ENOENT"), true);
});
