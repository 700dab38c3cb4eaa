import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { ControlClient } from "../../src/control/client.ts";
import type { WorkerReport } from "../../src/control/report.ts";
import { instances } from "../../src/supervisor/runtime-directory.ts";
import { folder, type Instance, run, start, until } from "../support/instance.ts";

const APP = `
import ctypes, os, threading, time
def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/crash":
        print("about to crash", flush=True)
        ctypes.string_at(0)
    if path == "/exit":
        os._exit(7)
    if path == "/held":
        hold_the_lock()
    if path == "/wait":
        wait_for_ever()
    if path == "/eat":
        open("eats", "w").write(str(os.getpid()))
        while not os.path.exists("go"):
            time.sleep(0.01)
        eaten = [b"x" * 1000000 for _ in range(1000)]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d" % os.getpid()]

def hold_the_lock():
    open("held", "w").close()
    ctypes.PyDLL(None).sleep(60)

def wait_for_ever():
    open("waits", "w").write(str(os.getpid()))
    threading.Event().wait()
`;

interface Served {
  readonly cwd: string;
  readonly propylon: Instance;
  readonly client: ControlClient;
  reports(count: number): Promise<readonly WorkerReport[]>;
}

async function serve(t: TestContext, app: string): Promise<Served> {
  const config = `
listeners: ["127.0.0.1:0"]
access_log: { path: access.log, format: json }
timeouts: { drain: 500ms }
apps: { a: { wsgi: "app:app", workers: 2, threads: 2${app} } }
`;
  const cwd = folder(t, { "app.py": APP, "propylon.yaml": config });
  const propylon = start(t, ["run"], { cwd });
  await propylon.url;
  const client = new ControlClient(instances(cwd)[0]!.control);
  const reports = async (count: number) => {
    await until(async () => (await client.reports()).length >= count);
    return client.reports();
  };
  return { cwd, propylon, client, reports };
}

test("a crashed worker leaves its requests, its stacks, its last lines and the signal, everywhere they are looked for", async (t) => {
  const { cwd, propylon, client, reports } = await serve(t, "");
  const answer = await propylon.get("/crash?x=1", { method: "POST", headers: { "x-request-id": "id-1" } });
  assert.equal(answer.status, 502);
  const [report, ...none] = await reports(1);
  assert.deepEqual(none, []);
  assert.match(report!.worker, /^a\/\d$/);
  assert.deepEqual([report!.kind, report!.reason], ["signal", "was killed by SIGSEGV"]);
  const [request, ...others] = report!.requests!;
  assert.deepEqual(others, []);
  const { method, target, client: from, id, outcome } = request!;
  assert.deepEqual([method, target, from, id, outcome], ["POST", "/crash?x=1", "127.0.0.1", "id-1", "failed"]);
  assert.ok(request!.ran !== null && request!.age >= request!.ran);
  assert.match(
    report!.stacks,
    /\[lane \d: POST \/crash\?x=1\] \(most recent call first\):\n.*in string_at\n.*app\.py", line 7 in app/,
  );
  assert.deepEqual(report!.log, ["about to crash"]);

  assert.match(propylon.output.err, /error main: report a-\d: a\/\d \(process \d+\) was killed by SIGSEGV/);
  const told = await run(["reports", "a"], cwd);
  assert.match(told.out, /POST \/crash\?x=1 \(id-1\) from 127\.0\.0\.1, .* on a lane: answered 502\n/);
  assert.match(told.out, /its last lines:\n {4}about to crash\n/);
  assert.equal((JSON.parse((await run(["reports", "--json"], cwd)).out) as unknown[]).length, 1);
  assert.match((await run(["status"], cwd)).out, /\d+s ago: a\/\d was killed by SIGSEGV, with 1 request\n/);
  assert.match(await client.metrics(), /^propylon_worker_reports_total\{app="a",reason="signal"\} 1$/m);
  const files = path.join(path.dirname(instances(cwd)[0]!.control), "reports");
  assert.match(fs.readFileSync(path.join(files, `${report!.id}.txt`), "utf8"), /was killed by SIGSEGV/);
  await until(() => fs.readFileSync(path.join(cwd, "access.log"), "utf8").includes("/crash"));
  assert.match(fs.readFileSync(path.join(cwd, "access.log"), "utf8"), /"status":502/);
});

test("a kill from outside is told as such, and an exit with its code", async (t) => {
  const { propylon, client, reports } = await serve(t, "");
  const { pid, name } = (await client.status()).processes.find((one) => one.name.startsWith("a/"))!;
  process.kill(pid, "SIGKILL");
  const [killed] = await reports(1);
  assert.equal(killed!.worker, name);
  assert.equal(killed!.reason, "was killed by SIGKILL (from outside; the kernel reports no lack of memory)");
  assert.deepEqual(killed!.requests, []);
  assert.equal((await propylon.get("/exit", { method: "POST" })).status, 502);
  const [, exited] = await reports(2);
  assert.deepEqual([exited!.kind, exited!.reason], ["exit", "exited with code 7"]);
});

test("a request that holds the interpreter's lock past its hard deadline costs its worker; its stacks tell where it was", async (t) => {
  const { cwd, propylon, client, reports } = await serve(t, ", deadline: { soft: 500ms, hard: 2500ms }");
  const answer = propylon.get("/held");
  await until(() => fs.existsSync(path.join(cwd, "held")));
  const stacks = await client.stacks({ app: "a" });
  assert.equal(stacks.filter(({ text }) => text.includes("in hold_the_lock")).length, 1, JSON.stringify(stacks));
  assert.equal((await answer).status, 504);
  const pids = new Set<string>();
  for (let i = 0; i < 10; i++) pids.add((await propylon.get("/")).body);
  const [report] = await reports(1);
  assert.equal(report!.kind, "deadline");
  assert.match(report!.reason, /^was killed: GET \/held ran for 2\.\d s \(deadline: hard 2\.5 s\)$/);
  assert.match(report!.stacks, /\[lane \d: GET \/held\] .*\n.*line \d+ in hold_the_lock/);
  assert.deepEqual(
    report!.requests!.map(({ target, outcome }) => [target, outcome]),
    [["/held", "over"]],
  );
  assert.match(await client.metrics(), /^propylon_app_requests_overdue_total\{app="a"\} 1$/m);
  assert.match(await client.metrics(), /^propylon_app_workers_overdue_total\{app="a"\} 1$/m);
  // It was the one that held the lock, and it was replaced.
  assert.ok(!pids.has(String(report!.pid)));
  await until(async () => (await client.status()).apps[0]!.state === "running");
});

test("a worker that was stopped with SIGSTOP is replaced at the hard deadline, and the report says so", async (t) => {
  const { cwd, propylon, reports } = await serve(t, ", deadline: { soft: 300ms, hard: 1s }");
  const answer = propylon.get("/wait", { method: "POST" });
  await until(() => fs.existsSync(path.join(cwd, "waits")) && fs.readFileSync(path.join(cwd, "waits"), "utf8") !== "");
  process.kill(Number(fs.readFileSync(path.join(cwd, "waits"), "utf8")), "SIGSTOP");
  assert.equal((await answer).status, 504);
  const [report] = await reports(1);
  assert.equal(report!.kind, "deadline");
  assert.match(report!.stacks, /^\(it was stopped by a signal\)\n[\s\S]*in wait_for_ever/);
});

test("a worker that does not end in its time is reported with what it did", async (t) => {
  const { cwd, propylon, client, reports } = await serve(t, ", stop_timeout: 300ms");
  const answer = propylon.get("/wait", { method: "POST" });
  await until(() => fs.existsSync(path.join(cwd, "waits")));
  await client.restart({ name: "a" });
  await answer;
  const [report, ...none] = await reports(1);
  // The other worker ended as it was asked to.
  assert.deepEqual(none, []);
  assert.deepEqual([report!.kind, report!.reason], ["stop", "did not end within 300 ms, and was killed"]);
  assert.match(report!.stacks, /in wait_for_ever/);
});

test("an app whose import hangs is reported with the line that it hangs in", async (t) => {
  const cwd = folder(t, {
    "app.py": "import time\ndef connect():\n    time.sleep(60)\nconnect()\n",
    "propylon.yaml": 'listeners: ["127.0.0.1:0"]\napps: { a: { wsgi: "app:app", workers: 1, start_timeout: 3s } }\n',
  });
  const propylon = start(t, ["run"], { cwd });
  await until(() => /report a-1/.test(propylon.output.err));
  assert.match(
    propylon.output.err,
    /report a-1: a\/1 .* was not ready within 3000 ms[\s\S]*app\.py", line 3 in connect/,
  );
});

const MEMORY = "/sys/fs/cgroup/memory";
const noCgroups =
  process.getuid!() !== 0 || !fs.existsSync(`${MEMORY}/memory.oom_control`)
    ? "needs root and memory cgroups (v1)"
    : false;

test("a worker that the kernel ends for its memory is named so", { skip: noCgroups }, async (t) => {
  const { cwd, propylon, reports } = await serve(t, "");
  const group = `${MEMORY}/propylon-test-${process.pid}`;
  fs.mkdirSync(group);
  t.after(() => until(() => removed(group)));
  fs.writeFileSync(`${group}/memory.limit_in_bytes`, String(80 * 1024 * 1024));
  const answer = propylon.get("/eat", { method: "POST" });
  await until(() => fs.existsSync(path.join(cwd, "eats")) && fs.readFileSync(path.join(cwd, "eats"), "utf8") !== "");
  fs.writeFileSync(`${group}/cgroup.procs`, fs.readFileSync(path.join(cwd, "eats"), "utf8"));
  fs.writeFileSync(path.join(cwd, "go"), "");
  assert.equal((await answer).status, 502);
  const [report] = await reports(1);
  assert.equal(report!.kind, "out-of-memory");
  assert.match(report!.reason, /^was killed by SIGKILL \(.*out of memory: the kernel .*\)$/);
  assert.deepEqual(
    report!.requests!.map(({ target, outcome }) => [target, outcome]),
    [["/eat", "failed"]],
  );
});

function removed(group: string): boolean {
  try {
    fs.rmdirSync(group);
    return true;
  } catch {
    return false; // its last process is still going
  }
}
