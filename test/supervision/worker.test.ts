import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { findUser } from "../../src/process/accounts.ts";
import { Folder, helloApp, helloConfig, isAlive, Running, until } from "./instance.ts";

const NOT_ROOT = process.getuid!() === 0 ? false : "only root can start a worker as another user";
const WORD = "import os\ndef app(environ, start_response):\n    start_response('200 OK', [])\n";

async function start(t: TestContext, files: Readonly<Record<string, string>>): Promise<Running> {
  const running = launch(t, files);
  // The app's user must get to its folder, which mkdtemp made for us alone.
  chmodSync(running.folder.path, 0o755);
  return running.ready();
}

function launch(t: TestContext, files: Readonly<Record<string, string>>): Running {
  const running = new Running(new Folder({ "propylon.yaml": helloConfig(), "app.py": helloApp(), ...files }));
  t.after(() => running.cleanUp());
  return running;
}

test("a worker runs with its environment, umask, limits and directory", async (t) => {
  const folder = {
    "propylon.yaml": helloConfig({
      app: ', environment: { COLOUR: blue }, umask: "0027", limits: { files: 200 }',
    }),
    "app.py": `${WORD}    import resource
    umask = os.umask(0o27)
    return ["|".join([os.environ["COLOUR"], oct(umask), str(resource.getrlimit(resource.RLIMIT_NOFILE)), os.getcwd()]).encode()]
`,
  };
  const running = await start(t, folder);
  assert.equal((await running.get()).text, `blue|0o27|(200, 200)|${running.folder.path}`);
});

test("an app's user owns its socket and pages, and its worker runs as that user", { skip: NOT_ROOT }, async (t) => {
  const running = await start(t, {
    "propylon.yaml": helloConfig({ app: ", user: nobody" }),
    "app.py": `${WORD}    return [("%d %d" % (os.getuid(), os.getpid())).encode()]\n`,
  });
  const { uid } = findUser("nobody");
  const [user, pid] = (await running.get()).text.split(" ").map(Number);
  assert.equal(user, uid);
  assert.match(readFileSync(`/proc/${pid}/status`, "utf8"), new RegExp(`^Uid:\\s+${uid}\\s+${uid}\\s+${uid}`, "m"));
  const directory = join(running.folder.path, "run", running.folder.runtime()[0]!);
  const files = readdirSync(directory).filter((name) => name.startsWith("app-") || name.endsWith(".page"));
  assert.equal(files.length, 3);
  for (const name of files) {
    const { uid: owner, mode } = statSync(join(directory, name));
    assert.equal(owner, uid, name);
    assert.equal(mode & 0o007, 0, name);
  }
});

test("what the app's user cannot read is named, with the remedy", { skip: NOT_ROOT }, async (t) => {
  const running = launch(t, { "propylon.yaml": helloConfig({ app: ", user: nobody" }) });
  assert.equal((await running.exited).code, 1);
  assert.match(running.output, /the app's user 'nobody' cannot read .*propylon-supervision/);
  assert.match(running.output, /chmod/);
});

test("an unknown user is told before anything is started", async (t) => {
  const running = launch(t, { "propylon.yaml": helloConfig({ app: ", user: nosuchuser" }) });
  assert.equal((await running.exited).code, 1);
  assert.match(running.output, /No user "nosuchuser" on this machine/);
  assert.deepEqual(running.folder.runtime(), []);
});

test("a worker that is not ready in time is killed, and the reason is told", async (t) => {
  const running = launch(t, {
    "propylon.yaml": helloConfig({ app: ", start_timeout: 500ms" }),
    "app.py": "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)\n",
  });
  assert.equal((await running.exited).code, 1);
  assert.match(running.output, /App hello does not start: .*was not ready within 500 ms/);
});

test("what an app prints goes to the log under its worker's name", async (t) => {
  const running = await start(t, {});
  const seen: string[] = [];
  for await (const { source, message } of running.client.logs({ name: "hello" })) seen.push(`${source}: ${message}`);
  assert.deepEqual(seen.sort(), ["hello/1: imported hello", "hello/2: imported hello"]);
});

test("stacks show where every lane of a busy worker is", async (t) => {
  const running = await start(t, {
    "app.py":
      "import time\ndef where_it_waits():\n    time.sleep(3)\ndef app(environ, start_response):\n    where_it_waits()\n    start_response('200 OK', [])\n    return [b'']\n",
  });
  void running.get().catch(() => {});
  await until("it is shown", async () => {
    const stacks = await running.client.stacks({ app: "hello" });
    assert.equal(stacks.length, 2);
    return stacks.some(({ text }) => text.includes("where_it_waits"));
  });
});

test("a worker that never finishes is ended after its stop timeout, so a stop always ends", async (t) => {
  const running = await start(t, {
    "propylon.yaml": helloConfig({ app: ", stop_timeout: 200ms", top: "timeouts: { drain: 200ms }" }),
    "app.py":
      "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ndef app(environ, start_response):\n    while True:\n        time.sleep(1)\n",
  });
  const pids = await running.pids("");
  void running.get().catch(() => {});
  await until("the request is in flight", async () => (await running.client.status()).apps[0]!.inFlight === 1);
  running.signal("SIGTERM");
  assert.equal((await running.exited).code, 0);
  for (const pid of pids) assert.equal(isAlive(pid), false);
});
