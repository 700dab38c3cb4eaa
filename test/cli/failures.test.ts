import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { folder, HELLO, run, start } from "../support/instance.ts";

const LISTEN = ["--listen", "127.0.0.1:0"];

const STARTS: readonly [name: string, files: Record<string, string>, args: string[], code: number, message: RegExp][] =
  [
    ["a missing module", {}, ["nothing:app"], 1, /no module named 'nothing'/],
    ["a missing attribute", { "app.py": HELLO }, ["app:apq"], 1, /no 'apq' in app[\s\S]*did you mean 'app'/],
    [
      "an import error",
      { "app.py": "import nowhere_to_be_found" },
      ["app:app"],
      1,
      /needs the module 'nowhere_to_be_found'[\s\S]*pip install/,
    ],
    ["a syntax error", { "app.py": "def app(:\n" }, ["app:app"], 1, /SyntaxError[\s\S]*app\.py/],
    ["something that is not callable", { "app.py": "app = 1" }, ["app:app"], 1, /not callable/],
    ["no app in the folder", {}, [], 1, /No app in/],
    ["a mistyped verb", {}, ["stauts"], 2, /did you mean "status"/],
    ["an unknown option", { "app.py": HELLO }, ["app:app", "--wrokers", "2"], 2, /--wrokers/],
    ["a missing configuration", {}, ["run", "nowhere.yaml"], 1, /nowhere\.yaml/],
    ["a foreign file that serves nothing", { "nginx.conf": "events {}" }, ["run", "nginx.conf"], 1, /nothing to serve/],
    [
      "a foreign file with wrong syntax",
      { a: "server {\n  listen 80\n}\n" },
      ["run", "a"],
      1,
      /a:3:1: unexpected "\}"/,
    ],
    ["a file of no kind", { notes: "hello\n" }, ["run", "notes"], 1, /Cannot tell what notes[\s\S]*--as nginx/],
    ["an unknown kind", { notes: "hello\n" }, ["run", "--as", "ngnix", "notes"], 2, /--as ngnix/],
    ["a wrong setting", { "propylon.yaml": "listenres: []\n" }, ["run"], 1, /propylon\.yaml:1:1[\s\S]*listeners/],
    [
      "an interpreter that is not there",
      { "app.py": HELLO },
      ["app:app", "--python", "./no/python"],
      1,
      /No Python at/,
    ],
    [
      "an unknown profile",
      { "app.py": HELLO, "propylon.yaml": 'apps: { app: { wsgi: "app:app" } }\n' },
      ["run", "--profile", "x"],
      1,
      /profile/,
    ],
  ];

for (const [name, files, args, code, message] of STARTS) {
  test(`${name} ends with code ${code} and one message that helps, without a stack trace of ours`, async (t) => {
    const cwd = folder(t, files);
    const serving = args[0] === "stauts" ? args : [...args, ...LISTEN];
    const { code: ended, err } = await run(serving, cwd);
    assert.match(err, message);
    assert.doesNotMatch(err, /at .*\.ts:\d+/);
    assert.equal(ended, code);
  });
}

test("a port in use is named with a remedy", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  const holder = net.createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  t.after(() => holder.close());
  const port = (holder.address() as net.AddressInfo).port;
  const { code, err } = await run(["app:app", "--listen", `127.0.0.1:${port}`], cwd);
  assert.equal(code, 1);
  assert.match(err, new RegExp(`127\\.0\\.0\\.1:${port}[\\s\\S]*in use`));
});

test("a reload that fails keeps the old workers and says why", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  const propylon = start(t, ["app:app", ...LISTEN, "--workers", "1"], { cwd });
  await propylon.get("/");
  fs.writeFileSync(`${cwd}/app.py`, "1 / 0\n");
  const reload = await run(["reload"], cwd);
  assert.equal(reload.code, 1);
  assert.match(reload.err, /old workers keep serving[\s\S]*ZeroDivisionError/);
  assert.equal((await propylon.get("/")).body, "hello");
  fs.writeFileSync(`${cwd}/app.py`, HELLO.replace("hello", "mended"));
  assert.equal((await run(["reload"], cwd)).code, 0);
  assert.equal((await propylon.get("/")).body, "mended");
});

const MAIN = path.join(import.meta.dirname, "..", "..", "src", "main.ts");
/** Faults of ours, planted from outside, in what is awaited and in what is not. */
const FAULTS: Readonly<Record<string, string>> = {
  "in a verb": "process.cwd = () => { throw new TypeError('boom') }",
  "in an event": `process.on('newListener', (name) => {
    if (name === 'uncaughtException') setImmediate(() => { throw new TypeError('boom') })
  })`,
};

for (const [where, fault] of Object.entries(FAULTS)) {
  test(`a fault of ours ${where} asks to be reported and ends with code 70; its stack is shown on request`, (t) => {
    const cwd = folder(t, { "app.py": HELLO });
    const words = ["--import", `data:text/javascript,${encodeURIComponent(fault)}`, MAIN, "app:app", ...LISTEN];
    for (const debug of ["", "1"]) {
      const env = { ...process.env, PROPYLON_DEBUG: debug };
      const { status, stderr } = spawnSync(process.execPath, words, { cwd, env, encoding: "utf8" });
      assert.match(stderr, /propylon: internal error: boom\n[\s\S]*please report it/);
      assert.equal(/TypeError: boom\n\s+at /.test(stderr), debug === "1");
      assert.equal(status, 70);
    }
  });
}
