import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { folder, run, until } from "../support/instance.ts";

const MAIN = path.join(import.meta.dirname, "..", "..", "src", "main.ts");
/** Says more than any pipe holds, on demand. */
const TALKATIVE = `
import sys
def app(environ, start_response):
    for number in range(int(environ["QUERY_STRING"] or 0)):
        print("line", number, "x" * 1000, file=sys.stderr)
    start_response("200 OK", [])
    return [b"said"]
`;

/** Something to be the stderr of a process, of which not one byte is read. */
const UNREAD: Readonly<Record<string, (t: TestContext, cwd: string) => "pipe" | number>> = {
  // Node makes a socket of it.
  socket: () => "pipe",
  pipe: (t, cwd) => {
    const fifo = path.join(cwd, "stderr");
    execFileSync("mkfifo", [fifo]);
    const reader = fs.openSync(fifo, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const writer = fs.openSync(fifo, "w");
    t.after(() => {
      fs.closeSync(reader);
      fs.closeSync(writer);
    });
    return writer;
  },
};

for (const [kind, make] of Object.entries(UNREAD)) {
  test(`a log that goes to a ${kind} that nobody reads holds nothing up: requests, status and stop`, async (t) => {
    const config = `listeners: ["unix:app.sock"]\napps: { app: { wsgi: "app:app", workers: 1 } }\n`;
    const cwd = folder(t, { "app.py": TALKATIVE, "propylon.yaml": config });
    const child = spawn(process.execPath, [MAIN, "run"], { cwd, stdio: ["ignore", "ignore", make(t, cwd)] });
    t.after(() => child.kill("SIGKILL"));
    const exited = once(child, "exit");
    const report = async () => {
      const { out } = await run(["status", "--json"], cwd);
      return out === "" ? null : (JSON.parse(out) as { ready: boolean });
    };
    await until(async () => (await report())?.ready === true);
    for (let round = 0; round < 3; round++) assert.equal(await statusOf(path.join(cwd, "app.sock"), "/?400"), 200);
    assert.equal((await report())?.ready, true);
    assert.equal((await run(["stop"], cwd)).code, 0);
    assert.deepEqual(await exited, [0, null]);
  });
}

function statusOf(socketPath: string, target: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = http.request({ socketPath, path: target }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode!));
    });
    asked.once("error", reject);
    asked.end();
  });
}
