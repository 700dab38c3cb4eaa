import assert from "node:assert/strict";
import { test } from "node:test";
import { folder, HELLO, run } from "../support/instance.ts";

test("programs that we stand in for tell their version and where their options are explained", async (t) => {
  const cwd = folder(t);
  const version = await run(["gunicorn", "--version"], cwd);
  assert.equal(version.code, 0);
  assert.match(version.out, /^gunicorn \(propylon [\d.]+ in its place\)\n$/);
  const help = await run(["uwsgi", "--help"], cwd);
  assert.equal(help.code, 0);
  assert.match(help.out, /docs\/import-uwsgi\.md/);
});

test("gunicorn --check-config is silent when all is well, and names what is wrong", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  const good = await run(["gunicorn", "--check-config", "-w", "2", "app:app"], cwd);
  assert.deepEqual([good.code, good.out, good.err], [0, "", ""]);
  const wrong = await run(["gunicorn", "--check-config", "--chdir", "nowhere", "app:app"], cwd);
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /nowhere/);
});

test("a wrong option is refused in one line that says what was meant", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  const { code, err } = await run(["gunicorn", "--wrokers", "2", "app:app"], cwd);
  assert.equal(code, 1);
  assert.match(err, /--wrokers is no option of Gunicorn\n {2}did you mean "--workers"\?/);
});
