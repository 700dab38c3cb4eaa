import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { folder, HELLO, start, until } from "../support/instance.ts";

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
