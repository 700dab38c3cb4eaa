import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { folder, HELLO, run, start, until } from "../support/instance.ts";

test("dev reloads on save, shows what a broken save did, and recovers with the next", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  const file = path.join(cwd, "app.py");
  const propylon = start(t, ["dev", "app:app", "--listen", "127.0.0.1:0"], { cwd });
  const body = async () => (await propylon.get("/")).body;
  assert.equal(await body(), "hello");
  fs.writeFileSync(file, HELLO.replace("hello", "edited"));
  await until(async () => (await body()) === "edited");
  fs.writeFileSync(file, `${HELLO}\nundefined_name\n`);
  await until(async () => (await propylon.get("/")).status === 500);
  assert.match(await body(), /NameError[\s\S]*undefined_name/);
  fs.writeFileSync(file, HELLO.replace("hello", "mended"));
  await until(async () => (await body()) === "mended");
});

test("dev starts with an app that is broken, and serves it when it is mended", async (t) => {
  const cwd = folder(t, { "app.py": "1 / 0\n" });
  const propylon = start(t, ["dev", "app:app", "--listen", "127.0.0.1:0"], { cwd });
  assert.match((await propylon.get("/")).body, /ZeroDivisionError/);
  fs.writeFileSync(path.join(cwd, "app.py"), HELLO);
  await until(async () => (await propylon.get("/")).body === "hello");
});

test("dev shows the traceback of an exception in the browser", async (t) => {
  const cwd = folder(t, { "app.py": "def app(environ, start_response):\n    raise KeyError('<lost>')\n" });
  const propylon = start(t, ["dev", "app:app", "--listen", "127.0.0.1:0"], { cwd });
  const answer = await propylon.get("/");
  assert.equal(answer.status, 500);
  assert.match(answer.body, /KeyError: &#x27;&lt;lost&gt;|KeyError: '&lt;lost&gt;/);
});

/** Counts how often it was loaded, and reads what is beside it. */
const READER = `
import os
with open("loads", "a") as file:
    file.write("+")
PAGE = open("templates/page.txt").read()
def app(environ, start_response):
    open("data.json", "w").write("{}")
    open("log.txt", "w").write("x")
    start_response("200 OK", [])
    return [(PAGE + os.environ.get("WORD", "")).encode()]
`;

test("dev reloads on save of a template, .env and propylon.yaml, and not for what the app writes", async (t) => {
  const cwd = folder(t, {
    "app.py": READER,
    "templates/page.txt": "page",
    ".env": "WORD=one\n",
    "propylon.yaml": `listeners: ["127.0.0.1:0"]\napps: { app: { wsgi: "app:app", env_file: .env } }\n`,
  });
  const propylon = start(t, ["dev"], { cwd });
  const write = (name: string, text: string) => fs.writeFileSync(path.join(cwd, name), text);
  const loads = () => fs.readFileSync(path.join(cwd, "loads"), "utf8").length;
  const body = async () => (await propylon.get("/")).body;
  assert.equal(await body(), "pageone");
  write("templates/page.txt", "new");
  await until(async () => (await body()) === "newone");
  // Everything that the app has written so far would have been seen before this save was.
  assert.equal(loads(), 2);
  write(".env", "WORD=two\n");
  await until(async () => (await body()) === "newtwo");
  write(
    "propylon.yaml",
    `listeners: ["127.0.0.1:0"]\napps: { app: { wsgi: "app:app", environment: { WORD: three } } }\n`,
  );
  await until(async () => (await body()) === "newthree");
});

test("dev keeps serving while propylon.yaml is wrong, says where, and takes the next good one", async (t) => {
  const config = (more: string) => `listeners: ["127.0.0.1:0"]\napps: { app: { wsgi: "app:app"${more} } }\n`;
  const cwd = folder(t, { "app.py": READER, "templates/page.txt": "page", "propylon.yaml": config("") });
  const propylon = start(t, ["dev"], { cwd });
  assert.equal((await propylon.get("/")).body, "page");
  fs.writeFileSync(path.join(cwd, "propylon.yaml"), config(", wrokers: 2"));
  await until(() => /propylon\.yaml:2:\d+: .*wrokers/.test(propylon.output.err));
  assert.equal((await propylon.get("/")).body, "page");
  // As editors do that never leave half a file.
  fs.writeFileSync(path.join(cwd, "propylon.yaml~"), config(", environment: { WORD: mended }"));
  fs.renameSync(path.join(cwd, "propylon.yaml~"), path.join(cwd, "propylon.yaml"));
  await until(async () => (await propylon.get("/")).body === "pagemended");
});

test("dev uses the profile development where there is one, one worker, and logs each request", async (t) => {
  const cwd = folder(t, {
    "app.py": HELLO,
    "propylon.yaml": `listeners: ["127.0.0.1:0"]
apps: { app: { wsgi: "app:app", workers: 3 } }
profiles: { development: { apps: { app: { threads: 2 } } } }
`,
  });
  const propylon = start(t, ["dev"], { cwd });
  await propylon.get("/seen");
  assert.match(propylon.output.err, /\(1 worker x 2 threads,/);
  assert.match((await run(["status"], cwd)).out, /profile development: ready/);
  await until(() => propylon.output.out.includes("GET /seen HTTP/1.1"));
});

test("dev without arguments finds the app, also while it is broken", async (t) => {
  const cwd = folder(t, { "main.py": `${HELLO}\ndef view(:\n` });
  const propylon = start(t, ["dev", "--listen", "127.0.0.1:0"], { cwd });
  assert.match((await propylon.get("/")).body, /SyntaxError/);
  fs.writeFileSync(path.join(cwd, "main.py"), HELLO);
  await until(async () => (await propylon.get("/")).body === "hello");
});
