import assert from "node:assert/strict";
import { test } from "node:test";
import { ProblemList } from "../../src/base/errors.ts";
import { settingsSchema } from "../../src/config/schema.ts";
import type { Plain } from "../../src/import/tree.ts";
import { fc } from "../support/property.ts";
import { machine } from "./machine.ts";
import { APP, appOf, directive, file } from "./uwsgi-reading.ts";

test("daemons become programs of the app's user, and PHP and cron need a decision", () => {
  const reading = file(`[uwsgi]
chdir = /srv/site
uid = site
attach-daemon = ./manage.py qcluster
smart-attach-daemon = /run/x.pid redis-server --port 1
attach-daemon2 = cmd=./other,uid=nobody
cron = 0 0 -1 -1 -1 ./nightly
plugins = php,python3
`);
  const common = { shell: true, directory: "/srv/site", restart: "always" };
  assert.deepEqual(reading.settings.programs, {
    "manage-py-qcluster": { command: "./manage.py qcluster", ...common, user: "site" },
    "redis-server-1": { command: "redis-server --port 1", ...common, user: "site" },
    other: { command: "./other", ...common, user: "nobody" },
  });
  assert.deepEqual(
    ["cron", "plugins"].map((name) => directive(reading, name).verdict),
    ["needs-a-decision", "needs-a-decision"],
  );
});

test("logs, bounds, times, pid file and local statistics become ours", () => {
  const reading = file(`[uwsgi]
${APP}req-logger = file:/var/log/req.log
pidfile = run/x.pid
limit-post = 1048576
buffer-size = 65536
socket-timeout = 60
http-keepalive = 30
stats = 127.0.0.1:9191
`);
  const { apps: _, ...rest } = reading.settings;
  assert.deepEqual(rest, {
    limits: { body: 1_048_576, header_size: 65_536 },
    timeouts: { body: "60s", write: "60s", idle: "30s" },
    uwsgi_stats: "127.0.0.1:9191",
    access_log: "/var/log/req.log",
  });
  assert.equal(reading.pidFile, "/srv/app/run/x.pid");
  assert.equal(file(`[uwsgi]\n${APP}`).settings.access_log, "-");
  assert.equal(file(`[uwsgi]\n${APP}disable-logging = true`).settings.access_log, undefined);
  const stats = (lines: string) => file(`[uwsgi]\n${APP}${lines}`).settings.uwsgi_stats;
  assert.equal(stats("stats-server = :9191"), "0.0.0.0:9191");
  assert.deepEqual(stats("stats = run/s.sock\nstats-http = true\nstats-min = true\nchmod-socket = 660"), {
    address: "unix:/srv/app/run/s.sock",
    http: true,
    minified: true,
    mode: "0660",
  });
  assert.equal(directive(file(`[uwsgi]\n${APP}stats = @abstract`), "stats").verdict, "needs-a-decision");
});

test("a switch that is off is off", () => {
  const reading = file(`[uwsgi]\n${APP}http = :1\nvacuum = false\ndisable-logging = no\nmanage-script-name = 0\n`);
  assert.deepEqual([reading.doors[0]!.unlink, reading.settings.access_log], [false, "-"]);
  assert.ok(reading.directives.every(({ verdict }) => verdict === "mapped"));
});

test("a slip of the hand is a placeholder, and told with what may be meant", () => {
  const reading = file(`[uwsgi]\n${APP}cmod-socket = 660\nroot = /srv\nchdir = %(root)\n`);
  assert.deepEqual(directive(reading, "cmod-socket").verdict, "ignored");
  assert.match(directive(reading, "cmod-socket").note, /did you mean "chmod-socket"/);
  assert.equal(directive(reading, "root").verdict, "mapped");
  assert.equal(directive(file(`[uwsgi]\nstrict = 1\n${APP}nope = 1\n`), "nope").verdict, "needs-a-decision");
});

test("variables of a template are taken from the environment or their default, else need a decision", () => {
  const context = machine({}, { environment: { WORKERS: "3" } });
  const reading = file(
    `[uwsgi]\n${APP}processes = \${WORKERS}\nthreads = \${THREADS:-%k}\nhttp = :\${PORT}\n`,
    context,
  );
  assert.deepEqual([appOf(reading)["workers"], appOf(reading)["threads"]], [3, 2]);
  assert.deepEqual(
    ["processes", "threads", "http"].map((name) => directive(reading, name).verdict),
    ["approximated", "approximated", "needs-a-decision"],
  );
});

test("an Emperor's vassals are read, each in the Emperor's folder, with names of their own", () => {
  const files = {
    "/etc/vassals/a.ini": "[uwsgi]\nmodule = site:app\nsocket = a.sock\n",
    "/etc/vassals/b.yaml": "uwsgi:\n  module: site:app\n  http-socket: 127.0.0.1:2\n",
    "/etc/vassals/readme.txt": "no",
  };
  const reading = file("[uwsgi]\nemperor = /etc/vassals\n", machine(files));
  assert.deepEqual(Object.keys(reading.settings.apps!), ["site", "site-2"]);
  assert.deepEqual(
    reading.doors.map(({ app, address }) => [app, address]),
    [
      ["site", "unix:/etc/vassals/a.sock"],
      ["site-2", "127.0.0.1:2"],
    ],
  );
});

test("what TERM does in uWSGI is called out where the configuration leaves it so", () => {
  assert.match(file(`[uwsgi]\n${APP}master = 1\n`).notes!.join(), /uWSGI would reload at TERM/);
  assert.deepEqual(file(`[uwsgi]\n${APP}master = 1\ndie-on-term = 1\n`).notes, []);
});

test("what import uwsgi is to find is in the app's environment, without what env sets", () => {
  const reading = file(`[uwsgi]\n${APP}processes = 2\nenv = SECRET=x\nlocks = 3\n`);
  const [app] = Object.values(reading.settings.apps!) as Plain[];
  assert.deepEqual(JSON.parse(String((app!["environment"] as Plain)["PROPYLON_UWSGI"])), {
    opt: { module: "app:app", processes: "2", locks: "3" },
    numproc: 2,
    threads: 1,
  });
});

const PIECES = [
  ...["[uwsgi]", "module = a:b", "wsgi-file = x.py", "mount = /x=y", "mount = =", "socket = :1", "http = [::1]:99999"],
  ...[
    "chmod-socket = 9",
    "uid = a b",
    "threads = -1",
    "processes = x",
    "env = a b=c",
    "ini = site.ini",
    "ini = :x",
    "[x]",
  ],
  ...["if-env = A", "endif =", "for = a b", "endfor", "for-times = 99999", "k = %(k)", "%(", "static-map = /x", "="],
  ...[
    "check-static = /a /b",
    "route = ^/a addheader:X: y",
    "route = ( addheader:",
    "emperor = *",
    "stats = :",
    "\u0000",
    "#",
  ],
  ...[
    "cheaper = 1",
    "attach-daemon = ",
    "limit-post = 1e9",
    "optimize",
    "<uwsgi>",
    "<a>",
    "</a>",
    "uwsgi:",
    "  - x",
    "{",
    '"uwsgi":',
  ],
];

for (const ending of ["ini", "yaml", "xml", "json"])
  test(`whatever stands in a file ending in ${ending}, it is read into settings that are valid, or refused`, () => {
    const line = fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 20 }));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 25 }), (lines) => {
        const text = lines.join("\n");
        const context = machine({ "/srv/app/site.ini": text }, { environment: { A: "1" } });
        try {
          const reading = file(text, context, `/srv/app/site.${ending}`);
          const { success, error } = settingsSchema.safeParse(reading.settings);
          assert.ok(success, `${JSON.stringify(reading.settings)} ${error?.message}`);
        } catch (error) {
          if (!(error instanceof ProblemList)) throw error;
        }
      }),
      { numRuns: 300 },
    );
  });

test("what replaces workers and reloads the app is taken over", () => {
  const reading = file(`[uwsgi]
chdir = /srv/app
${APP}max-requests = 5000
max-worker-lifetime = 3600
reload-on-rss = 256
evil-reload-on-rss = 512
touch-reload = reload.txt
touch-chain-reload = /srv/chain
lazy-apps = true
`);
  const { recycle, touch_reload, reload_mode } = appOf(reading);
  assert.deepEqual(recycle, { requests: 5000, age: "3600s", memory: "256MB" });
  assert.deepEqual(touch_reload, ["/srv/app/reload.txt", "/srv/chain"]);
  assert.equal(reload_mode, "one-by-one");
  assert.equal(directive(reading, "evil-reload-on-rss").verdict, "approximated");
  for (const name of ["max-requests", "max-worker-lifetime", "reload-on-rss", "touch-reload", "lazy-apps"])
    assert.equal(directive(reading, name).verdict, "mapped");
  assert.equal(appOf(file(`[uwsgi]\n${APP}max-requests = 0\n`))["recycle"], undefined);
  assert.equal(directive(file(`[uwsgi]\n${APP}max-requests = many\n`), "max-requests").verdict, "needs-a-decision");
});

test("what a program or another machine would have to be asked for needs a decision", () => {
  const reading = file(`[uwsgi]\n${APP}home = @(exec://which python)\nenv = A=@(http://a/b)\n`);
  assert.equal(directive(reading, "home").verdict, "needs-a-decision");
  assert.equal(directive(reading, "env").verdict, "needs-a-decision");
  assert.equal(appOf(reading)["python"], undefined);
});
