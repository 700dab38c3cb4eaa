import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isAlive, until } from "../supervision/instance.ts";
import { Asking, config, serve, workers } from "./stage.ts";

const PRELOAD = config("workers: 2, threads: 2, preload: true");
/** Answers what `answer` is, an expression over the `environ`. */
const app = (answer: string, top = ""): string => `import os, sys, random, threading
${top}
print("imported")
def app(environ, start_response):
    start_response("200 OK", [])
    return [str(${answer}).encode()]
`;
const forerunnerOf = async (running: Awaited<ReturnType<typeof serve>>): Promise<number> => {
  const [pid] = await running.pids("hello/forerunner");
  return pid!;
};

test("an app is imported once, and its workers are forked from there with sessions of their own", async (t) => {
  const running = await serve(t, {
    "propylon.yaml": PRELOAD,
    "app.py": app("(imported, os.getppid(), os.getsid(0) == os.getpid())", "imported = os.getpid()"),
  });
  const forerunner = await forerunnerOf(running);
  assert.equal((await running.get()).text, `(${forerunner}, ${forerunner}, True)`);
  assert.equal(running.output.match(/imported$/gm)?.length, 1);
  const shown = (await running.client.status()).processes.map(({ name }) => name);
  assert.deepEqual(shown, ["main", "edge 0", "hello/forerunner", "hello/1", "hello/2"]);
});

test("a forked worker that is killed is back within a second and no request is refused", async (t) => {
  const running = await serve(t, { "propylon.yaml": PRELOAD, "app.py": app("'ok'", "import time; time.sleep(0.5)") });
  const asking = new Asking(running, 4);
  const [victim] = (await workers(running)).keys();
  process.kill(victim!, "SIGKILL");
  const killed = performance.now();
  await until("it is seen", async () => !(await workers(running)).has(victim!));
  await until("both run", async () => [...(await workers(running)).values()].join() === "running,running");
  const back = performance.now() - killed;
  await asking.stop();
  assert.ok(back < 1000, `${back} ms`);
  assert.deepEqual([...asking.statuses.keys()], [200]);
  assert.match(running.output, /hello\/\d was killed by SIGKILL/);
  assert.match(await running.client.metrics(), /propylon_worker_restarts_total\{app="hello",reason="signal"\} 1/);
});

test("the exit code of a forked worker is told as that of any other", async (t) => {
  const running = await serve(t, {
    "propylon.yaml": PRELOAD,
    "app.py": app("os._exit(7) if environ['PATH_INFO'] == '/leave' else 'ok'"),
  });
  assert.equal((await running.get("/leave")).status, 502);
  await until("it is told", () => /hello\/\d exited with code 7/.test(running.output));
});

test("the death of a forerunner hurts no worker, and the next one forks", async (t) => {
  const running = await serve(t, { "propylon.yaml": PRELOAD, "app.py": app("os.getpid()") });
  const before = await workers(running);
  const first = await forerunnerOf(running);
  const asking = new Asking(running, 2);
  process.kill(first, "SIGKILL");
  await until("there is another", async () => {
    const { processes } = await running.client.status();
    const now = processes.find(({ name }) => name === "hello/forerunner")!;
    return now.pid !== first && now.state === "running";
  });
  assert.deepEqual([...(await workers(running)).keys()], [...before.keys()]);
  const [orphan] = before.keys();
  process.kill(orphan!, "SIGKILL");
  await until("the orphan's end is told", () => /hello\/\d ended, nobody knows how/.test(running.output));
  await until("both run", async () => {
    const now = await workers(running);
    return !now.has(orphan!) && [...now.values()].join() === "running,running";
  });
  await asking.stop();
  assert.deepEqual([...asking.statuses.keys()], [200]);
});

test("nothing that a forerunner forked outlives a main that is killed with -9, not even what holds the GIL or is stopped", async (t) => {
  const running = await serve(t, {
    "propylon.yaml": PRELOAD,
    // One expression of C code that takes longer than the test: no other thread gets the GIL.
    "app.py": app("pow(3, 3 ** 18, 7) if environ['PATH_INFO'] != '/hold' else str(7 ** 9_999_999)[:1]"),
  });
  const pids = await running.pids("hello/");
  void running.get("/hold").catch(() => {});
  await until("it is held", async () => (await running.client.status()).apps[0]!.inFlight === 1);
  const idle = [...(await workers(running)).keys()].at(-1)!;
  process.kill(idle, "SIGSTOP");
  running.signal("SIGKILL");
  await running.exited;
  await until("all have ended", () => pids.every((pid) => !isAlive(pid)));
});

test("what the import leaves open is warned about by name", async (t) => {
  const running = await serve(t, {
    "propylon.yaml": PRELOAD,
    "app.py": app(
      "'ok'",
      `import socket, sqlite3
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
database = sqlite3.connect("notes.sqlite3"); database.execute("create table notes (text)"); database.commit()
threading.Thread(target=threading.Event().wait, name="pusher", daemon=True).start()`,
    ),
  });
  assert.match(running.output, /warn hello\/forerunner: preload: the import has started 1 thread, .*: pusher;/);
  assert.match(
    running.output,
    /preload: 2 sockets open .*a socket at 127\.0\.0\.1:\d+, a connection to 127\.0\.0\.1:\d+;/,
  );
  assert.match(running.output, /preload: 1 SQLite database open .*notes\.sqlite3;/);
});

test("an app without traps is not warned about", async (t) => {
  const running = await serve(t, { "propylon.yaml": PRELOAD, "app.py": app("'ok'") });
  assert.doesNotMatch(running.output, /preload:/);
});

test("hooks of register_at_fork run once in each worker, and random numbers differ", async (t) => {
  const running = await serve(t, {
    "propylon.yaml": PRELOAD,
    "app.py": app(
      "(time.sleep(0.01), os.getpid(), calls, random.random())[1:]",
      "import time\ncalls = []\nos.register_at_fork(after_in_child=lambda: calls.append(os.getpid()))",
    ),
  });
  const seen = new Map<string, string>();
  await until("both have answered", async () => {
    for (const { text } of await Promise.all(Array.from({ length: 8 }, () => running.get()))) {
      const [pid, call, number] = text.replace(/[[\]() ]/g, "").split(",") as [string, string, string];
      assert.equal(call, pid);
      if (!seen.has(pid)) seen.set(pid, number);
    }
    return seen.size === 2;
  });
  assert.equal(new Set(seen.values()).size, 2);
});

test("an import that fails is told once, with its traceback; a reload keeps what runs then", async (t) => {
  const running = await serve(t, { "propylon.yaml": PRELOAD, "app.py": app("'old'") });
  const before = await running.pids("hello/");
  running.folder.write("app.py", "raise ValueError('half written')\n");
  const { apps } = await running.client.reload();
  assert.equal(apps[0]!.swapped, false);
  assert.match(apps[0]!.traceback!, /half written/);
  assert.deepEqual(await running.pids("hello/"), before);
  assert.equal(running.output.match(/Traceback/g)?.length, 1);
  running.folder.write("app.py", app("'new'"));
  assert.equal((await running.client.reload()).apps[0]!.swapped, true);
  assert.equal((await running.get()).text, "new");
  await until("the old ones have ended", () => before.every((pid) => !isAlive(pid)));
});

test("user, limits, umask and output of a forked worker are those of the app", {
  skip: process.getuid!() !== 0,
}, async (t) => {
  const running = await serve(t, {
    "propylon.yaml": config('workers: 1, preload: true, umask: "0027", limits: { files: 200 }'),
    "app.py": app("print('said by a worker') or (oct(os.umask(0o27)), os.getcwd(), os.fstat(0).st_mode != 0)"),
  });
  assert.equal((await running.get()).text, `('0o27', '${running.folder.path}', True)`);
  await until("it is logged", () => /info hello\/1: said by a worker/.test(running.output));
  const [pid] = (await workers(running)).keys();
  assert.match(readFileSync(`/proc/${pid}/limits`, "latin1"), /Max open files\s+200\s+200/);
});
