import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { folder, start } from "../support/instance.ts";

const APP = `import json
import uwsgi

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    uwsgi.cache_inc("requests")
    told = {"worker": uwsgi.worker_id(), "count": uwsgi.cache_num("requests"), "of": uwsgi.numproc, "own": uwsgi.opt["own"].decode()}
    return [json.dumps(told).encode()]
`;

test("an app of an ini that imports uwsgi finds its options, its worker's number and a cache of all workers", async (t) => {
  const cwd = folder(t, {
    "site.ini":
      "[uwsgi]\nmodule = site_app:app\nhttp-socket = 127.0.0.1:0\nprocesses = 2\nown = yes\ndisable-logging = 1\n",
    "site_app.py": APP,
  });
  const instance = start(t, ["run", "site.ini"], { cwd, env: { TMPDIR: cwd } });
  const workers = new Set<number>();
  for (let count = 1; count <= 20; count++) {
    const { body } = await instance.get("/");
    const told = JSON.parse(body) as { worker: number; count: number; of: number; own: string };
    assert.deepEqual([told.count, told.of, told.own], [count, 2, "yes"]);
    workers.add(told.worker);
  }
  assert.ok([...workers].every((worker) => worker === 1 || worker === 2));
});

test("an app that was not uWSGI's has no module of that name", async (t) => {
  const app = `try:
    import uwsgi
    found = True
except ImportError:
    found = False

def app(environ, start_response):
    start_response("200 OK", [])
    return [str(found).encode()]
`;
  const cwd = folder(t, { "plain.py": app });
  const instance = start(t, ["plain:app", "--listen", "127.0.0.1:0", "--workers", "1"], { cwd });
  assert.equal((await instance.get("/")).body, "False");
});

const HOOKED = `import os
import uwsgi
from uwsgidecorators import postfork

seen = []

@postfork
def begun():
    seen.append((os.getpid(), len(later)))

later = [1, 2]

def gone():
    with open("gone", "a") as file:
        file.write("x")

uwsgi.atexit = gone

def app(environ, start_response):
    start_response("200 OK", [])
    return [("%s %s" % (seen == [(os.getpid(), 2)], uwsgi.masterpid())).encode()]
`;

for (const preload of [false, true])
  test(`what an app leaves for after the fork and for the end is called in each worker${preload ? ", which are forked" : ""}`, async (t) => {
    const cwd = folder(t, {
      "propylon.yaml": `listeners: ["127.0.0.1:0"]\napps: { web: { wsgi: "hooked:app", workers: 2, preload: ${preload}, environment: { PROPYLON_UWSGI: '{"numproc": 2}' } } }\n`,
      "hooked.py": HOOKED,
    });
    const instance = start(t, ["run"], { cwd, env: { TMPDIR: cwd } });
    await instance.url;
    for (let count = 0; count < 8; count++)
      assert.equal((await instance.get("/")).body, `True ${instance.process.pid}`);
    instance.process.kill("SIGTERM");
    await instance.exited;
    assert.equal(fs.readFileSync(path.join(cwd, "gone"), "utf8"), "xx");
  });
