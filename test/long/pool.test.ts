import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { ControlClient } from "../../src/control/client.ts";
import { instances } from "../../src/supervisor/runtime-directory.ts";
import { isAlive } from "../supervision/instance.ts";
import { folder, type Instance, start, until } from "../support/instance.ts";
import { describeTally, Load, type Tally } from "../support/load.ts";
import { controlGroup } from "./cgroup.ts";

interface Served {
  readonly cwd: string;
  readonly propylon: Instance;
  readonly client: ControlClient;
  readonly url: string;
}

/** Serves this `app.py` with these settings; `placed` gets main's pid at once. */
async function serve(t: TestContext, app: string, settings: string, placed?: (pid: number) => void): Promise<Served> {
  const cwd = folder(t, {
    "app.py": app,
    "propylon.yaml": `listeners: ["127.0.0.1:0"]\nlog: { level: warn }\napps: { app: { wsgi: "app:app", ${settings} } }\n`,
  });
  const propylon = start(t, ["run"], { cwd });
  placed?.(propylon.process.pid!);
  const url = await propylon.url;
  return { cwd, propylon, client: new ControlClient(instances(cwd)[0]!.control), url };
}

function load(t: TestContext, url: string, connections: number): Load {
  const one = new Load(url, { connections, body: "hello" });
  one.start();
  t.after(() => one.stop());
  return one;
}

async function workers({ client }: Served): Promise<Map<number, string>> {
  const { processes } = await client.status();
  return new Map(
    processes.filter(({ name, pid }) => /^app\/\d/.test(name) && pid > 0).map(({ pid, state }) => [pid, state]),
  );
}

function report(promise: string, tally: Tally): void {
  console.log(`${promise}: ${describeTally(tally)}`);
}

/** `hello`, unless the path asks for what `more` does. */
const app = (more = "", top = ""): string => `import os, sys, time, threading, signal
${top}
def app(environ, start_response):
    path = environ["PATH_INFO"]
${more}
    start_response("200 OK", [])
    return [b"hello"]
`;

test("a preloaded app is at full strength within a second of each kill -9, a minute long, and refuses no request", {
  timeout: 240_000,
}, async (t) => {
  const served = await serve(t, app("", "time.sleep(1)"), "workers: 2, threads: 2, preload: true");
  const asking = load(t, served.url, 16);
  let kills = 0;
  let slowest = 0;
  const end = performance.now() + 60_000;
  while (performance.now() < end) {
    const [victim] = [...(await workers(served)).keys()].slice(kills % 2);
    const killed = performance.now();
    process.kill(victim!, "SIGKILL");
    await until(async () => {
      const now = await workers(served);
      return !now.has(victim!) && [...now.values()].join() === "running,running";
    });
    slowest = Math.max(slowest, performance.now() - killed);
    kills++;
    // The next one a second after this one.
    await until(() => performance.now() - killed >= 1000);
  }
  const tally = await asking.stop();
  report(`${kills} kills, back within ${Math.round(slowest)} ms`, tally);
  assert.ok(kills >= 30);
  assert.equal(tally.failed + tally.wrong, 0, describeTally(tally));
  assert.ok(slowest < 1000, `${slowest} ms`);
});

test("100,000 requests across 50 reloads: none fails", { timeout: 900_000 }, async (t) => {
  const served = await serve(t, app(), "workers: 2, threads: 2");
  const asking = load(t, served.url, 32);
  for (let reload = 0; reload < 50; reload++) {
    const { apps } = await served.client.reload(reload % 2 === 0 ? {} : { app: "app" });
    assert.equal(apps[0]!.swapped, true, apps[0]!.reason ?? "");
    await until(() => asking.tally.answered >= (reload + 1) * 2000);
  }
  const tally = await asking.stop();
  report("50 reloads", tally);
  assert.ok(tally.answered >= 100_000);
  assert.equal(tally.failed + tally.wrong, 0, describeTally(tally));
});

test("an app that takes 20 s to start: a reload costs no request, and a worker that is killed meanwhile is back at once", {
  timeout: 240_000,
}, async (t) => {
  const served = await serve(t, app("", "time.sleep(20)"), "workers: 2, threads: 2, preload: true");
  const asking = load(t, served.url, 8);
  const reload = served.client.reload();
  const before = [...(await workers(served)).keys()];
  process.kill(before[0]!, "SIGKILL");
  const killed = performance.now();
  await until(async () => {
    const now = await workers(served);
    return !now.has(before[0]!) && [...now.values()].filter((state) => state === "running").length === 2;
  });
  const back = performance.now() - killed;
  assert.equal((await reload).apps[0]!.swapped, true);
  const tally = await asking.stop();
  report(`20 s to start, killed meanwhile, back after ${Math.round(back)} ms`, tally);
  assert.ok(back < 1000, `${back} ms`);
  assert.equal(tally.failed + tally.wrong, 0, describeTally(tally));
});

test("an app that ignores TERM and never ends by itself costs no request at reloads, and is ended all the same", {
  timeout: 120_000,
}, async (t) => {
  const stubborn =
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nthreading.Thread(target=threading.Event().wait).start()";
  const served = await serve(t, app("", stubborn), "workers: 2, threads: 2, stop_timeout: 1s");
  const asking = load(t, served.url, 8);
  const seen = new Set<number>();
  for (let reload = 0; reload < 3; reload++) {
    for (const pid of (await workers(served)).keys()) seen.add(pid);
    assert.equal((await served.client.reload()).apps[0]!.swapped, true);
  }
  const now = await workers(served);
  await until(() => [...seen].every((pid) => now.get(pid) === "running" || !isAlive(pid)));
  const tally = await asking.stop();
  report("ignores TERM, 3 reloads", tally);
  assert.equal(tally.failed + tally.wrong, 0, describeTally(tally));
});

test("a worker that the kernel kills for want of memory in a control group takes only its own requests with it", {
  timeout: 120_000,
}, async (t) => {
  const group = controlGroup(t, "memory", { "memory.limit_in_bytes": String(600 * 1048576) });
  if (group === null) return t.skip("this machine gives us no memory control group (version 1)");
  const eat = `    if path == "/eat":
        eaten = []
        while True:
            eaten.append(os.urandom(1) * 16 * 1048576)`;
  const served = await serve(t, app(eat), "workers: 2, threads: 2", (pid) => group.put(pid));
  const asking = load(t, served.url, 8);
  for (let round = 0; round < 3; round++) {
    const before = await workers(served);
    // Not idempotent: it is not tried on another worker.
    const { status } = await served.propylon.get("/eat", { method: "POST" });
    assert.equal(status, 502);
    await until(async () => {
      const now = await workers(served);
      return [...before.keys()].some((pid) => !now.has(pid)) && [...now.values()].join() === "running,running";
    });
  }
  const tally = await asking.stop();
  report("3 workers out of memory", tally);
  assert.equal(tally.failed + tally.wrong, 0, describeTally(tally));
  assert.equal((await served.client.status()).processes.find(({ name }) => name === "edge 0")!.restarts, 0);
});

test("a fork bomb in an app holds up no request, and ends with its worker", { timeout: 120_000 }, async (t) => {
  const group = controlGroup(t, "pids", { "pids.max": "150" });
  if (group === null) return t.skip("this machine gives us no control group for processes (version 1)");
  const bomb = `    if path == "/bomb":
        try:
            while True:
                if os.fork() == 0:
                    while True:
                        try:
                            os.fork()
                        except OSError:
                            time.sleep(60)
        except OSError:
            time.sleep(600)`;
  const served = await serve(t, app(bomb), "workers: 2, threads: 2", (pid) => group.put(pid));
  const asking = load(t, served.url, 4);
  const bombed = served.propylon.get("/bomb", { method: "POST" });
  const victim = await bombedWorker(served);
  const before = asking.tally.answered;
  await until(() => asking.tally.answered >= before + 1000);
  process.kill(victim, "SIGKILL");
  assert.equal((await bombed).status, 502);
  await until(async () => {
    const now = await workers(served);
    return !now.has(victim) && [...now.values()].join() === "running,running";
  });
  assert.equal(bombsOf(victim), 0);
  const tally = await asking.stop();
  report("fork bomb", tally);
  assert.equal(tally.failed + tally.wrong, 0, describeTally(tally));
});

test("an app that leaks descriptors to its limit goes on answering, and a reload gives it new ones", {
  timeout: 120_000,
}, async (t) => {
  const leak = `    if path == "/leak":
        while True:
            kept.append(os.open("/dev/null", os.O_RDONLY))`;
  const served = await serve(t, app(leak, "kept = []"), "workers: 2, threads: 2, limits: { files: 100 }");
  const asking = load(t, served.url, 8);
  for (let round = 0; round < 8; round++) assert.equal((await served.propylon.get("/leak")).status, 500);
  const before = asking.tally.answered;
  await until(() => asking.tally.answered >= before + 1000);
  assert.equal((await served.client.reload()).apps[0]!.swapped, true);
  const tally = await asking.stop();
  report("descriptors leaked", tally);
  assert.equal(tally.failed + tally.wrong, 0, describeTally(tally));
});

// --- internal ---

/** The worker that has started many processes. */
async function bombedWorker(served: Served): Promise<number> {
  let found: number | undefined;
  await until(async () => {
    found = [...(await workers(served)).keys()].find((pid) => bombsOf(pid) > 50);
    return found !== undefined;
  });
  return found!;
}

/** How many living processes are in a worker's session, itself aside. */
function bombsOf(worker: number): number {
  return fs.readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name) || Number(name) === worker) return false;
    try {
      const stat = fs.readFileSync(path.join("/proc", name, "stat"), "latin1");
      const [state, , , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return state !== "Z" && Number(session) === worker;
    } catch {
      return false; // gone meanwhile
    }
  }).length;
}
