import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { folder, HELLO, run, start, until } from "../support/instance.ts";

const MAIN = path.join(import.meta.dirname, "..", "..", "src", "main.ts");
const LISTEN = ["--listen", "127.0.0.1:0"];
/** Says more than any pipe holds, on demand. */
const TALKATIVE = `
import sys
def app(environ, start_response):
    for number in range(int(environ["QUERY_STRING"] or 0)):
        print("line", number, "x" * 1000, file=sys.stderr)
    start_response("200 OK", [])
    return [b"said"]
`;

function verb(t: TestContext, args: readonly string[], cwd: string) {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  const output = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.err += text;
  });
  return { child, output, closed: once(child, "close") as Promise<[number | null, string | null]> };
}

test("logs -f shows what is said from now on, and Ctrl-C ends it with code 0 and without a word", async (t) => {
  const cwd = folder(t, { "app.py": TALKATIVE });
  const propylon = start(t, ["app:app", ...LISTEN, "--workers", "1"], { cwd });
  await propylon.get("/");
  const { child, output, closed } = verb(t, ["logs", "-f", "-n", "1"], cwd);
  await until(() => output.out.includes("\n"));
  await propylon.get("/?1");
  await until(() => /line 0 x+/.test(output.out));
  child.kill("SIGINT");
  assert.deepEqual(await closed, [0, null]);
  assert.equal(output.err, "");
});

test("logs --json is one record a line, of the app that is named", async (t) => {
  const cwd = folder(t, { "app.py": TALKATIVE });
  const propylon = start(t, ["app:app", ...LISTEN, "--workers", "1"], { cwd });
  await propylon.get("/?3");
  const name = path.basename(cwd);
  const records = async () =>
    (await run(["logs", name, "--json"], cwd)).out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { source: string; message: string });
  await until(async () => (await records()).some(({ message }) => message.startsWith("line 2")));
  for (const { source } of await records()) assert.match(source, new RegExp(`^(app )?${name}`));
});

test("a reader that has seen enough ends logs quietly", async (t) => {
  const cwd = folder(t, { "app.py": TALKATIVE });
  const propylon = start(t, ["app:app", ...LISTEN, "--workers", "1"], { cwd });
  await propylon.get("/?500");
  await until(async () => (await run(["logs"], cwd)).out.includes("line 499"));
  const { child, output, closed } = verb(t, ["logs", "-n", "5000", "-f"], cwd);
  await once(child.stdout, "data");
  child.stdout.destroy();
  await propylon.get("/?500");
  assert.equal((await closed)[0], 0);
  assert.equal(output.err, "");
});

test("a log whose reader has gone away holds nothing up either", async (t) => {
  const cwd = folder(t, { "app.py": TALKATIVE });
  const propylon = start(t, ["app:app", ...LISTEN, "--workers", "1"], { cwd });
  await propylon.get("/");
  propylon.process.stderr!.destroy();
  assert.equal((await propylon.get("/?50")).body, "said");
  assert.equal((await run(["stop"], cwd)).code, 0);
  assert.equal((await propylon.exited).code, 0);
});

test("--log-format json makes every record one JSON object a line", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  const propylon = start(t, ["app:app", ...LISTEN, "--log-format", "json"], { cwd });
  await propylon.get("/");
  const records = propylon.output.err.split("\n").filter((line) => line.startsWith("{"));
  assert.ok(records.map((line) => (JSON.parse(line) as { message: string }).message).includes("ready"));
});

test("what an app says in its last error does not drive the terminal of status", async (t) => {
  const cwd = folder(t, { "app.py": "raise RuntimeError('\\x1b[2Jgone\\x07')\n" });
  start(t, ["dev", "app:app", ...LISTEN], { cwd });
  let out = "";
  await until(async () => {
    out = (await run(["status"], cwd)).out;
    return out.includes("RuntimeError");
  });
  assert.ok(!/[\x07\x1b]/.test(out));
  assert.match(out, /\\x1b\[2Jgone/);
});

test("an instance of another folder is found by its folder, a link to that, and its pid file", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  const propylon = start(t, ["app:app", ...LISTEN, "--pid-file", "main.pid"], { cwd });
  await propylon.get("/");
  const elsewhere = folder(t);
  assert.match((await run(["status"], elsewhere)).err, new RegExp(`--directory ${cwd}`));
  fs.symlinkSync(cwd, path.join(elsewhere, "link"));
  for (const flags of [
    ["--directory", cwd],
    ["--directory", path.join(elsewhere, "link")],
    ["--pid-file", path.join(cwd, "main.pid")],
  ]) {
    const { code, out } = await run(["status", "--json", ...flags], elsewhere);
    assert.equal(code, 0, flags.join(" "));
    assert.equal((JSON.parse(out) as { pid: number }).pid, propylon.process.pid);
  }
});
