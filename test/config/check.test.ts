// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${...} in plain text is what is tested here
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { type TestContext, test } from "node:test";
import {
  type CheckOptions,
  type CheckReport,
  checkCommand,
  checkFiles,
  checkJson,
  checkText,
} from "../../src/cli/check.ts";
import { folderWith } from "./files.ts";

const GOOD = "apps: {a: {wsgi: 'a:a'}}\n";

function check(
  t: TestContext,
  files: Record<string, string>,
  options: Partial<CheckOptions> = {},
): readonly CheckReport[] {
  const directory = folderWith(t, files);
  return checkFiles(Object.keys(files), { profile: null, environment: {}, directory, ...options });
}

test("a good file gets one line", (t) => {
  assert.equal(checkText(check(t, { "propylon.yaml": GOOD })), "propylon.yaml: no problems\n");
});

test("every problem of every file is printed, then how many", (t) => {
  const text = checkText(check(t, { "one.yaml": `${GOOD}x: 1\nadmin: y\n`, "two.yaml": GOOD, "three.yaml": "a: [\n" }));
  assert.match(
    text,
    /^one\.yaml:2:1: x: unknown key\n.*\none\.yaml:3:8: admin: .*\none\.yaml: 2 problems\ntwo\.yaml: no problems\nthree\.yaml:2:1: /,
  );
});

test("all profiles are checked, each problem shown once", (t) => {
  const file = `${GOOD}x: 1\nprofiles:\n  p: {y: 1}\n  q: {log: {level: loud}}\n`;
  const [report] = check(t, { "propylon.yaml": file });
  assert.deepEqual(
    report!.errors.map(({ message }) => message),
    [
      "x: unknown key",
      "y: unknown key (in profile p)",
      'log.level: expected one of debug, info, warn, error, got "loud" (in profile q)',
    ],
  );
  const [only] = check(t, { "propylon.yaml": file }, { profile: "p" });
  assert.equal(only!.errors.length, 2);
});

test("a variable that only another profile needs is a warning", (t) => {
  const [report] = check(t, {
    "propylon.yaml": `${GOOD}profiles:\n  p: {apps: {a: {environment: {S: "\${SECRET}"}}}}\n`,
  });
  assert.deepEqual(report!.errors, []);
  assert.match(
    checkText([report!]),
    /^propylon\.yaml:3:35: warning: apps\.a\.environment\.S: The environment variable SECRET is not set \(in profile p\)\n.*\npropylon\.yaml: no problems, 1 warning\n$/,
  );
});

test("machines get file, line, column, severity, message and remedy", (t) => {
  const items: unknown = JSON.parse(checkJson(check(t, { "propylon.yaml": `${GOOD}listener: []\n` })));
  assert.deepEqual(items, [
    {
      file: "propylon.yaml",
      line: 2,
      column: 1,
      severity: "error",
      message: "listener: unknown key",
      remedy: 'did you mean "listeners"?',
    },
  ]);
});

test("the command takes files and its options, --set leaving the files alone", () => {
  const command = checkCommand().action(() => undefined);
  command.parse(["--set", "a=1", "--set", "b=2", "one.yaml", "two.yaml", "--json"], { from: "user" });
  assert.deepEqual([command.args, command.opts()], [["one.yaml", "two.yaml"], { set: ["a=1", "b=2"], json: true }]);
});

test("the process ends with 1 when a file has a problem, with 0 when none has", (t) => {
  const directory = folderWith(t, { "propylon.yaml": GOOD, "bad.yaml": "x: 1\n" });
  const program = `import { checkCommand } from ${JSON.stringify(import.meta.resolve("../../src/cli/check.ts"))}; checkCommand().parse(process.argv.slice(1), { from: "user" });`;
  const run = (...files: string[]) =>
    spawnSync(process.execPath, ["--input-type=module", "-e", program, ...files], { cwd: directory, encoding: "utf8" });
  const [good, bad] = [run(), run("propylon.yaml", "bad.yaml")];
  assert.deepEqual([good.status, good.stdout, good.stderr], [0, "propylon.yaml: no problems\n", ""]);
  assert.equal(bad.status, 1);
  assert.match(bad.stdout, /^bad\.yaml:1:1: x: unknown key$/m);
});
