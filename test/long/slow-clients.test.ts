import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { folder, freePort, HELLO, start, until } from "../support/instance.ts";

const COUNT = 4000;
const REQUESTS = 400;
/** Files that a process may open: the edge and the clients each need one for every connection, and some more. */
const files = Number(/Max open files\s+(\d+)/.exec(fs.readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 0);
const skip = files >= COUNT + 500 ? false : `ulimit -n is ${files}: ${COUNT + 500} are needed`;

for (const mode of ["head", "body", "read", "idle"] as const) {
  test(`${COUNT} connections with a slow ${mode} leave a normal client its answers, 99 of 100 within 200 ms`, {
    skip,
    timeout: 120_000,
  }, async (t) => {
    const port = await freePort();
    const cwd = folder(t, { "app.py": HELLO, "public/large.txt": "l".repeat(900_000) });
    fs.writeFileSync(
      path.join(cwd, "propylon.yaml"),
      `listeners: ["127.0.0.1:${port}"]
apps: { web: { wsgi: "app:app", workers: 1 } }
sites: [{ routes: [{ exact: /large.txt, static: public }, { app: web }] }]
`,
    );
    const instance = start(t, ["run"], { cwd });
    await instance.url;
    await until(() => instance.output.err.includes("main: ready"));
    const alone = await percentile(port);
    const slow = fork(path.join(import.meta.dirname, "slow-clients.ts"), [mode, String(port), String(COUNT)]);
    t.after(async () => {
      slow.disconnect();
      await once(slow, "exit");
    });
    await once(slow, "message");
    const beside = await percentile(port);
    // Some are cut for being slow, and opened again at once.
    let left = 0;
    await until(async () => {
      slow.send("?");
      [left] = (await once(slow, "message")) as [number];
      return left > COUNT * 0.9;
    });
    console.log(
      `slow ${mode}: p99 ${alone.toFixed(1)} ms alone, ${beside.toFixed(1)} ms beside ${left} slow connections`,
    );
    // A machine that is busy with something else is slow without them, too.
    assert.ok(beside < Math.max(200, 3 * alone), `p99 ${beside} ms, ${alone} ms alone`);
  });
}

/** What 99 of 100 requests take at most, ms: every other one on a connection of its own. */
async function percentile(port: number): Promise<number> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  for (let i = 0; i < REQUESTS; i++) {
    const begun = performance.now();
    assert.equal(await statusOf(port, i % 2 === 0 ? agent : false), 200);
    times.push(performance.now() - begun);
    await pause(10);
  }
  agent.destroy();
  times.sort((a, b) => a - b);
  return times[Math.floor(REQUESTS * 0.99)]!;
}

function statusOf(port: number, agent: http.Agent | false): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: "127.0.0.1", port, path: "/", agent }, (answer) => {
      answer.resume().on("end", () => resolve(answer.statusCode!));
    });
    request.on("error", reject);
  });
}
