import assert from "node:assert/strict";
import { test } from "node:test";
import { folder, HELLO, run } from "../support/instance.ts";

const USAGE: readonly [promise: string, args: readonly string[], message: RegExp][] = [
  [
    "a mistyped verb gets the one that was meant",
    ["stauts"],
    /"stauts" is neither a verb nor an app\n {2}did you mean "status"\?/,
  ],
  ["a mistyped verb with arguments gets the one that was meant", ["restrat", "shop"], /did you mean "restart"\?/],
  ["an app written with a dot gets the colon", ["mysite.wsgi.application"], /did you mean mysite\.wsgi:application\?/],
  ["a word like no verb gets the way to serve an app", ["frobnicate"], /MODULE:CALLABLE/],
  ["a file in the place of an app gets the verb that serves it", ["site.conf"], /to serve it: propylon run site\.conf/],
  [
    "a mistyped option gets the one that was meant",
    ["app:app", "--wrokers", "2"],
    /unknown option '--wrokers'\n {2}did you mean --workers\? see propylon --help/,
  ],
  [
    "a mistyped option of a verb gets the one that was meant",
    ["status", "--jsn"],
    /did you mean --json\? see propylon status --help/,
  ],
  ["an option without its value is told", ["run", "--listen"], /--listen.* argument missing/],
  [
    "a verb without its argument is told",
    ["restart"],
    /missing required argument 'name'\n {2}see propylon restart --help/,
  ],
  ["an argument too many is told", ["dev", "app:app", "web:app"], /too many arguments/],
  ["a second app is told", ["app:app", "web:app"], /"web:app" is one too many/],
  ["a configuration in the place of an app gets the verb for it", ["propylon.yaml"], /propylon run propylon\.yaml/],
  ["a folder in the place of an app gets the verb for it", ["."], /propylon run \./],
  [
    "an option before its verb is refused instead of ignored",
    ["--workers", "2", "run"],
    /--workers stands before the verb run\n {2}write it behind: propylon run --workers/,
  ],
  ["a count of lines that is none is told", ["logs", "-n", "many"], /--lines takes a count, not "many"/],
  ["help on a verb that there is not gets the one that was meant", ["help", "stauts"], /did you mean "status"\?/],
];

for (const [promise, args, message] of USAGE) {
  test(`${promise}, with code 2 and nothing on stdout`, async (t) => {
    const { code, out, err } = await run(args, folder(t, { "app.py": HELLO, "site.conf": "" }));
    assert.match(err, message);
    assert.equal(out, "");
    assert.equal(code, 2);
  });
}

test("--version and --help are results: on stdout, with code 0", async (t) => {
  const cwd = folder(t);
  const version = await run(["--version"], cwd);
  assert.match(version.out, /^\d+\.\d+\.\d+\n$/);
  assert.deepEqual([version.code, version.err], [0, ""]);
  const help = await run(["--help"], cwd);
  assert.match(help.out, /^Usage: propylon[\s\S]*Examples:\n {2}propylon app:app/);
  assert.deepEqual([help.code, help.err], [0, ""]);
});

test("every verb that the help names explains itself, and no option of it goes without a word", async (t) => {
  const cwd = folder(t);
  const commands = (await run(["--help"], cwd)).out.split("Commands:\n")[1]!.split("\n\n")[0]!;
  const verbs = [...commands.matchAll(/^ {2}(\w+)/gm)].map((match) => match[1]!);
  const serving = ["run", "dev", "check", "explain", "import", "export"];
  const known = [
    ...serving,
    "status",
    "reload",
    "restart",
    "start",
    "stop",
    "signal",
    "logs",
    "stacks",
    "cache",
    "upstream",
    "reports",
  ];
  assert.deepEqual(verbs, [...known, "help"]);
  for (const verb of known) {
    const { code, out } = await run([verb, "--help"], cwd);
    assert.equal(code, 0);
    assert.match(out, new RegExp(`^Usage: propylon ${verb} `));
    for (const line of out.split("Options:\n")[1]!.match(/^ {2}-.*(?:\n {4,}.*)*/gm)!)
      assert.match(line, /\s{2,}\w/, `${verb}: ${line}`);
  }
});

test("a verb for an instance says where one runs when none runs here, with code 1", async (t) => {
  for (const verb of [
    ["status"],
    ["reload"],
    ["restart", "all"],
    ["start", "app"],
    ["stop"],
    ["logs"],
    ["stacks", "app"],
  ]) {
    const { code, err } = await run(verb, folder(t));
    assert.match(err, /No propylon runs in \//, verb.join(" "));
    assert.equal(code, 1, verb.join(" "));
  }
});

test("a control socket or a pid file that leads to no instance is told, with code 1", async (t) => {
  const cwd = folder(t, { "main.pid": "1\n" });
  const control = await run(["status", "--control", "./nowhere.sock"], cwd);
  assert.deepEqual([control.code, /No instance answers at .*nowhere\.sock/.test(control.err)], [1, true]);
  const absent = await run(["status", "--pid-file", "none.pid"], cwd);
  assert.deepEqual([absent.code, /Cannot read the pid file none\.pid/.test(absent.err)], [1, true]);
  const foreign = await run(["status", "--pid-file", "main.pid"], cwd);
  assert.deepEqual([foreign.code, /names process 1, which is no running propylon/.test(foreign.err)], [1, true]);
});
