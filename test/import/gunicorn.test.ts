import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { readGunicorn } from "../../src/import/gunicorn/read.ts";
import { appOf, command, file, MODULE, verdictOf } from "./gunicorn-reading.ts";
import { machine } from "./machine.ts";

test("a command line says the app, its pool and its address", () => {
  const reading = command([
    "-b",
    "127.0.0.1:8081",
    "--workers=4",
    "--threads",
    "2",
    "-e",
    "A=1",
    "-e",
    "B=x=y",
    "app:application",
  ]);
  assert.deepEqual(appOf(reading), {
    wsgi: "app:application",
    directory: "/srv/app",
    workers: 4,
    threads: 2,
    environment: { A: "1", B: "x=y" },
  });
  assert.deepEqual(
    reading.doors.map(({ address, protocol }) => [address, protocol]),
    [["127.0.0.1:8081", "http"]],
  );
  assert.ok(reading.directives.every(({ verdict }) => verdict === "mapped"));
});

for (const [words, addresses] of [
  [[], ["127.0.0.1:8000"]],
  [["-b", ":5000"], ["0.0.0.0:5000"]],
  [["-b", "localhost"], ["127.0.0.1:8000"]],
  [
    ["-b127.0.0.1:1", "--bind", "[::1]:2"],
    ["127.0.0.1:1", "[::1]:2"],
  ],
  [["--bind=unix:run/app.sock"], ["unix:/srv/app/run/app.sock"]],
  [["-b", "unix:///run/app.sock"], ["unix:/run/app.sock"]],
] as const)
  test(`gunicorn ${words.join(" ")} listens on ${addresses.join(" and ")}`, () => {
    assert.deepEqual(
      command([...words, "app"]).doors.map(({ address }) => address),
      addresses,
    );
  });

test("PORT and WEB_CONCURRENCY count where nothing else is said", () => {
  const reading = command(["app:app"], machine(MODULE, { environment: { PORT: "5000", WEB_CONCURRENCY: "3" } }));
  assert.equal(reading.doors[0]!.address, "0.0.0.0:5000");
  assert.equal(appOf(reading)["workers"], 3);
});

test("the command line goes before GUNICORN_CMD_ARGS, which goes before the file", () => {
  const files = { ...MODULE, "/srv/app/gunicorn.conf.py": "workers = 1\nthreads = 1\nbind = '1.1.1.1:1'\n" };
  const context = machine(files, { environment: { GUNICORN_CMD_ARGS: "--threads 2 --workers 2" } });
  const reading = command(["-w", "3", "app:app"], context);
  assert.deepEqual(
    [appOf(reading)["workers"], appOf(reading)["threads"], reading.doors[0]!.address],
    [3, 2, "1.1.1.1:1"],
  );
  assert.deepEqual(reading.files, ["/srv/app/gunicorn.conf.py"]);
});

for (const [text, workers] of [
  ["import multiprocessing\nworkers = multiprocessing.cpu_count() * 2 + 1", 5],
  ["from multiprocessing import cpu_count as c\nworkers = c()", 2],
  ["import os\nworkers = int(os.environ.get('WORKERS', '4'))", 4],
  ["import os\nworkers = int(os.getenv('SET', 1)) // 2", 3],
  ["import os as o\nworkers = int(o.environ['SET'])", 7],
  ["n: int = 3\nworkers = n if n < 4 else 9", 3],
  ["workers = max(2, min(8, 5))", 5],
  ["cores = 2\nworkers_per_core = float('1.5')\nworkers = int(workers_per_core * cores)", 3],
  ["if False:\n  workers = 9\nelif True:\n  workers = 6\nelse:\n  workers = 1", 6],
  ["try:\n  workers = 2\nexcept Exception:\n  workers = 9", 2],
  ["workers = 1\nworkers += 2", 3],
  ["workers = (\n  1 +  # one\n  2\n)", 3],
  ["def f():\n  return 1\n\nworkers = 2  # two", 2],
  ["workers = len([1, 2, 3,])", 3],
  ["workers = int('%d' % 4)", 4],
  ['workers = int(f"{2 + 3}")', 5],
  ["workers = {'a': 2}['a']", 2],
  ["workers = int('2 3'.split()[1])", 3],
] as const)
  test(`${JSON.stringify(text)} is ${workers} workers`, () => {
    const context = machine({ ...MODULE, "/srv/app/gunicorn.conf.py": text }, { environment: { SET: "7" } });
    const reading = command(["app:app"], context);
    assert.equal(appOf(reading)["workers"], workers);
    assert.ok(reading.directives.every(({ verdict }) => verdict !== "needs-a-decision"));
  });

for (const text of [
  "workers = compute()",
  "import yaml\nworkers = yaml.safe_load('3')",
  "workers = [x for x in range(3)][0]",
  "import os\nworkers = os.environ['UNSET']",
  "import os\nif os.uname().nodename == 'x':\n  workers = 4",
  "for i in range(3):\n  workers = i",
  "workers = (lambda: 3)()",
])
  test(`${JSON.stringify(text)} needs a decision, and is not run`, () => {
    const reading = file(text);
    assert.equal(verdictOf(reading, "workers"), "needs-a-decision");
  });

test("hooks are named, and names of the file's own are no settings", () => {
  const reading = file(
    "helper = 3\ndef post_fork(server, worker):\n  connect()\n\ndef other():\n  pass\nbind = '127.0.0.1:1'\n",
  );
  assert.equal(verdictOf(reading, "post_fork"), "needs-a-decision");
  assert.equal(verdictOf(reading, "helper"), "ignored");
  assert.deepEqual(reading.directives.find(({ name }) => name === "bind")!.place, {
    file: "/srv/app/gunicorn.conf.py",
    line: 7,
  });
});

test("what is not Python is refused at its line", () => {
  assert.throws(
    () => file("workers = 1\nbind = 'open\n"),
    /gunicorn\.conf\.py:2: This is not Python: a string is not closed/,
  );
});

for (const [name, text, words] of [
  [
    "Dockerfile",
    'FROM python\nRUN pip install gunicorn\nCMD ["gunicorn", "-w", "3", "a:b"]\n',
    { wsgi: "a:b", workers: 3 },
  ],
  [
    "Dockerfile",
    `FROM python\nCMD gunicorn \\\n  --workers \${N:-4} \\\n  'a:make()'\n`,
    { wsgi: "a:make()", workers: 4 },
  ],
  [
    "start.sh",
    "#!/bin/sh\nset -e\n# gunicorn no\nexec /venv/bin/gunicorn -w $SET a:b 2>&1 | tee log\n",
    { wsgi: "a:b", workers: 7 },
  ],
] as const)
  test(`the command in ${name} ${JSON.stringify(text)} is read, and nothing else`, () => {
    const context = machine({}, { environment: { SET: "7" } });
    const reading = readGunicorn({ kind: "gunicorn", form: "file", path: `/srv/app/${name}`, text }, context);
    assert.partialDeepStrictEqual(appOf(reading), words);
    assert.match(reading.notes!.join(), /was read, and nothing else/);
  });

for (const [words, message] of [
  [["--worker", "2", "app"], /--worker could be --workers or --worker-class/],
  [["--wrokers", "2", "app"], /--wrokers is no option of Gunicorn\n {2}did you mean "--workers"\?/],
  [["app", "-w"], /-w needs a value/],
  [["--reload=yes", "app"], /--reload takes no value/],
  [["a:b", "c:d"], /"c:d" is one too many/],
  [["-c", "absent.py", "a:b"], /Cannot read Gunicorn's configuration absent\.py/],
] as const)
  test(`gunicorn ${words.join(" ")} is refused`, () => {
    assert.throws(() => command(words), { name: "PropylonError", message });
  });

test("a pythonpath that is the package itself adds its parent, with a note", () => {
  const context = machine(
    { "/home/user/pywps-flask/wsgi/pywps_app.py": "", "/home/user/pywps-flask/wsgi/__init__.py": "" },
    { directory: "/home/user/pywps-flask/wsgi" },
  );
  const reading = command(["--pythonpath", "/home/user/pywps-flask/wsgi", "wsgi.pywps_app:application"], context);
  assert.deepEqual(appOf(reading)["pythonpath"], ["/home/user/pywps-flask/wsgi", "/home/user/pywps-flask"]);
  assert.match(
    reading.directives.find(({ name }) => name === "--pythonpath")!.note,
    /\/home\/user\/pywps-flask is on the path too/,
  );
});

test("a module that was to be a link to a script is the script", () => {
  const context = machine({ "/srv/app/wsgi/pywps.wsgi": "" });
  const reading = command(["--pythonpath", "/srv/app/wsgi", "wsgi.pywps_app:application"], context);
  assert.equal(appOf(reading)["script"], "/srv/app/wsgi/pywps.wsgi");
  assert.equal(appOf(reading)["callable"], "application");
  assert.match(
    reading.directives.find(({ name }) => name === "wsgi.pywps_app:application")!.note,
    /there is no module wsgi\.pywps_app/,
  );
});

test("log, limits, times, user and pid file become ours", () => {
  const reading = command([
    "--access-logfile",
    "-",
    "--log-level",
    "warning",
    "--limit-request-fields",
    "50",
    "--graceful-timeout",
    "5",
    "-u",
    "www-data",
    "-m",
    "007",
    "-p",
    "g.pid",
    "app",
  ]);
  assert.equal(reading.settings.access_log, "-");
  assert.deepEqual(reading.settings.log, { level: "warn" });
  assert.deepEqual(reading.settings.limits, { header_count: 50, body: 0 });
  assert.deepEqual(reading.settings.timeouts, { drain: "5s" });
  assert.deepEqual(
    [appOf(reading)["user"], appOf(reading)["umask"], reading.pidFile],
    ["www-data", "007", "/srv/app/g.pid"],
  );
});

test("the timeout of sync workers is a hard deadline; with threads it limits no request", () => {
  assert.deepEqual(appOf(command(["-t", "60", "app"]))["deadline"], { hard: "60s" });
  for (const words of [
    ["app"],
    ["-t", "0", "app"],
    ["-t", "60", "--threads", "4", "app"],
    ["-t", "60", "-k", "gevent", "app"],
  ])
    assert.equal(appOf(command(words))["deadline"], undefined, words.join(" "));
});

const GUNICORN = ["/usr/bin/gunicorn"].find((name) => fs.existsSync(name));

test("what Gunicorn itself prints of a command line is what we read", {
  skip: GUNICORN === undefined && "gunicorn is not installed",
}, (t) => {
  const folder = fs.mkdtempSync("/tmp/propylon-test-");
  t.after(() => fs.rmSync(folder, { recursive: true }));
  fs.writeFileSync(path.join(folder, "app.py"), "def app(e, s): pass\n");
  const conf =
    "import multiprocessing\nworkers = multiprocessing.cpu_count() * 2 + 1\nbind = ['127.0.0.1:1', '127.0.0.1:2']\n";
  fs.writeFileSync(path.join(folder, "c.py"), conf);
  for (const words of [
    ["-c", "c.py", "--threads", "3", "app:app"],
    ["-c", "c.py", "-w2", "-b", "127.0.0.1:9", "app:app"],
    ["--worker-cl", "gthread", "--bind=:77", "app:app"],
  ]) {
    const printed = execFileSync(GUNICORN!, ["--print-config", ...words], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const said = (name: string): string => new RegExp(`^${name} += (.*)$`, "m").exec(printed)![1]!;
    const cpus = Number(
      execFileSync("python3", ["-c", "import multiprocessing; print(multiprocessing.cpu_count())"], {
        encoding: "utf8",
      }),
    );
    const context = machine({ [`${folder}/c.py`]: conf, [`${folder}/app.py`]: "" }, { directory: folder, cpus });
    const reading = command(words, context);
    assert.equal(String(appOf(reading)["workers"]), said("workers"));
    assert.equal(String(appOf(reading)["threads"]), said("threads"));
    const bind = JSON.parse(said("bind").replaceAll("'", '"')) as string[];
    assert.deepEqual(
      reading.doors.map(({ address }) => address),
      bind.map((one) => one.replace(/^:/, "0.0.0.0:")),
    );
  }
});

test("preload and the recycling of workers are taken over, the jitter off the sum", () => {
  const reading = command(["--preload", "--max-requests", "900", "--max-requests-jitter", "100", "app"]);
  const { preload, recycle } = appOf(reading);
  assert.equal(preload, true);
  assert.deepEqual(recycle, { requests: 1000, jitter: "10%" });
  assert.equal(verdictOf(reading, "--preload"), "approximated");
  assert.equal(verdictOf(reading, "--max-requests"), "mapped");
  assert.deepEqual(appOf(command(["--max-requests", "900", "app"]))["recycle"], { requests: 900 });
  assert.equal(appOf(command(["--max-requests", "0", "app"]))["recycle"], undefined);
});

test("a worker class of Uvicorn runs an ASGI app, on an event loop of ours", () => {
  const reading = command(["-k", "uvicorn.workers.UvicornWorker", "app:app"]);
  assert.equal(appOf(reading)["interface"], "asgi");
  assert.equal(verdictOf(reading, "-k"), "approximated");
  assert.equal(appOf(command(["-k", "gthread", "app:app"]))["interface"], undefined);
});
