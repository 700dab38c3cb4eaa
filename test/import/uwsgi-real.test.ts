import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { uwsgiCommand } from "../../src/cli/uwsgi-command.ts";
import { Ledger } from "../../src/import/ledger.ts";
import { type FileFormat, formatOf, Gatherer } from "../../src/import/uwsgi/gather.ts";
import { readUwsgi } from "../../src/import/uwsgi/read.ts";
import { ask, folder, start, until } from "../support/instance.ts";
import { machine } from "./machine.ts";

const UWSGI = ["/usr/bin/uwsgi", "/usr/local/bin/uwsgi"].find((name) => fs.existsSync(name));
const skip = UWSGI === undefined ? "uwsgi is not installed" : false;

const CONFIGURATIONS: Readonly<Record<string, string>> = {
  "variables.ini": `before = 1
[uwsgi]
; comment
  # another
indented = 1
  spaced   =   a b  ; no comment
colon: kept = x
lone
empty =
magic = %d %n %p %s %e %c %0 %o %v %k %% [%z]
base = 5
sum = %(base + 3)
chain = %(base * 3 - 1)
divided = %(base / 2) %(base % 2)
inc = %(base ++)
joined = %(base base)
unknown = %(nope) $(NOPE_NOPE) $SHELL \${SHELL}
given = [$(PROPYLON_TEST)]
file = @(note.txt)
later = %(after)
after = yes
twice = 1
twice = 2
first = %(twice)
`,
  "logic.ini": `[uwsgi]
if-env = PROPYLON_TEST
env-is = %(_)
endif =
if-env = PROPYLON_TEST=other
not-so = 1
endif =
if-not-env = NOPE_NOPE
no-env = 1
endif =
for = a b
loop-%(_) = v%(_)
endfor =
for-times = 2
times = %(_)
endfor =
if-exists = note.txt
there = %(_)
endif =
if-file = nope.txt
not-there = 1
endif =
if-dir = sub
folder = %(_)
endif =
key = value
if-opt = key=value
opt = 1
endif =
if-opt = key=other
no-opt = 1
endif =
set-placeholder = ph=1
ph-is = %(ph)
set = st=2
`,
  "chain.ini": `[uwsgi]
x = 1
ini = sub/other.ini:second
ini = :third
y = 2
`,
  "list.json": '{"uwsgi": {"flag": true, "off": false, "number": 4, "list": ["a", "b"], "dir": "%d"}}',
  "plain.yaml": 'uwsgi:\n  flag: true\n  text: "q: x"\n  list:\n    - a\n    - b\n  number: 0x10\n',
  "plain.xml":
    "<uwsgi>\n  <!-- c -->\n  <flag/>\n  <text>a b</text>\n  <list>A=1&amp;2</list>\n  <list>b</list>\n</uwsgi>\n",
};

const FILES = {
  ...CONFIGURATIONS,
  "note.txt": "line one\n",
  "sub/other.ini": "[first]\na = 1\n[second]\nb = %n\n[third]\nc = 3\n",
};

for (const name of Object.keys(CONFIGURATIONS))
  test(`uWSGI itself takes the options of ${name} as we do`, { skip }, (t) => {
    const cwd = folder(t, FILES);
    const environment = { PROPYLON_TEST: "set" };
    // It ends at once, as there is no app.
    const { stdout, stderr } = spawnSync(UWSGI!, [name, "--show-config", "--need-app"], {
      cwd,
      encoding: "utf8",
      env: { ...environment, PATH: process.env["PATH"] },
    });
    const shown = stdout + stderr;
    assert.deepEqual(gathered(cwd, name, environment), optionsIn(shown));
  });

test("--show-config tells of a command line what uWSGI tells", { skip }, (t) => {
  const cwd = folder(t, FILES);
  const words = ["--show-config", "-Mp2", "--need-app", "--http-socket", ":0", "--env", "A=1", "logic.ini"];
  const environment = { PROPYLON_TEST: "set", PATH: process.env["PATH"] ?? "" };
  const { stdout, stderr } = spawnSync(UWSGI!, words, { cwd, encoding: "utf8", env: environment });
  const section = (text: string): string => /;uWSGI instance[\s\S]*;end of configuration\n/.exec(text)![0];
  const files = Object.fromEntries(Object.entries(FILES).map(([file, text]) => [path.join(cwd, file), text]));
  const asked = uwsgiCommand(words, machine(files, { directory: cwd, environment, cpus: os.availableParallelism() }));
  assert.equal(section(asked.shown), section(stdout + stderr));
});

test("every option that `uwsgi --help` lists has a verdict of its own", { skip }, () => {
  const { stdout } = spawnSync(UWSGI!, ["--plugins", "python3,http", "--help"], { encoding: "utf8" });
  const names = [...stdout.matchAll(/^\s+(?:-\S\|)?--([\w-]+)/gm)].map(([, name]) => name!);
  assert.ok(names.length > 800, `${names.length}`);
  const unknown = names.filter((name) => {
    const text = `[uwsgi]\n${name} = 1\n`;
    const source = { kind: "uwsgi", form: "file", path: "/srv/app.ini", text } as const;
    const { directives } = readUwsgi(source, machine({}, { directory: "/srv" }));
    return directives.some(({ place, note }) => place.line === 2 && /no counterpart$|no such option/.test(note));
  });
  // What is set by them is an option of its own.
  assert.deepEqual(new Set(unknown), new Set(["set", "set-placeholder", "set-ph"]));
});

test("what uWSGI serves of an ini, with mounts and files, is what we serve of it", { skip }, async (t) => {
  const files = {
    "app/one.py": APP.replace("@APP@", "one"),
    "app/two.py": APP.replace("@APP@", "two"),
    "public/a b.txt": "spaced",
    "public/inner/f.txt": "inner",
    "static/s.css": "css",
    "static/f/deep.txt": "deep",
    "more/m.css": "more",
    "more/s.css": "hidden by static",
  };
  const cwd = folder(t, files);
  const settings = `chdir = app
mount = /m=one.py
mount = /n=two:app
manage-script-name = true
check-static = ../public
static-map = /s=../static
static-map = /s=../more
static-map = /one.txt=../static/s.css
env = GREETING=hello
disable-logging = true
`;
  const [theirs, ours] = [await freePort(), await freePort()];
  fs.writeFileSync(
    path.join(cwd, "theirs.ini"),
    `[uwsgi]\nplugin = python3\nhttp-socket = 127.0.0.1:${theirs}\n${settings}`,
  );
  fs.writeFileSync(path.join(cwd, "ours.ini"), `[uwsgi]\nhttp-socket = 127.0.0.1:${ours}\n${settings}`);
  await uwsgi(t, cwd, theirs);
  const instance = start(t, ["uwsgi", "ours.ini"], { cwd });
  await instance.url;
  for (const target of [
    ...["/m", "/m/", "/m/x?q=1", "/mx", "/n/y", "/other", "/a%20b.txt", "/inner", "/inner/", "/inner/f.txt"],
    ...["/s/s.css", "/s/m.css", "/s/nope", "/s", "/s/", "/s/f", "/s/f/deep.txt", "/ss.css", "/one.txt"],
  ]) {
    const [expected, answer] = await Promise.all(
      [theirs, ours].map((port) => ask(`http://127.0.0.1:${port}${target}`)),
    );
    assert.deepEqual([answer!.status, answer!.body], [expected!.status, expected!.body], target);
  }
});

const APP = `import os

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    told = [environ[name] for name in ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "REQUEST_METHOD")]
    return [repr(["@APP@", os.environ["GREETING"], os.path.basename(os.getcwd()), *told]).encode()]

app = application
`;

function gathered(cwd: string, name: string, environment: Record<string, string>): readonly string[] {
  const texts = Object.fromEntries(Object.entries(FILES).map(([file, text]) => [path.join(cwd, file), text]));
  const context = machine(texts, { directory: cwd, environment, cpus: os.availableParallelism() });
  const gatherer = new Gatherer(context, new Ledger());
  assert.ok(gatherer.load(name, formatOf(name) as FileFormat));
  return sorted(gatherer.finish().map((option) => `${option.name} = ${option.value ?? ""}`.trim()));
}

/** `--show-config` prints what the command line said too, and conditions and the ends of them, which say nothing. */
function optionsIn(shown: string): readonly string[] {
  const section = /\[uwsgi\]\n([\s\S]*?)\n;end of configuration/.exec(shown)![1]!;
  return sorted(
    section
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => !/^(?:show-config|need-app)\b/.test(line)),
  );
}

function sorted(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => !/^(?:if-|endif|endfor|for)/.test(line)).sort();
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function uwsgi(t: TestContext, cwd: string, port: number): Promise<void> {
  const child = spawn(UWSGI!, ["theirs.ini"], { cwd, stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("close", resolve));
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  await until(() =>
    ask(`http://127.0.0.1:${port}/m`).then(
      () => true,
      () => child.exitCode !== null,
    ),
  );
  assert.equal(child.exitCode, null, "uwsgi ended");
}
