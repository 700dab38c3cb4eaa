import assert from "node:assert/strict";
import { test } from "node:test";
import type { Plain } from "../../src/import/tree.ts";
import { machine } from "./machine.ts";
import { APP, addresses, appOf, command, directive, file } from "./uwsgi-reading.ts";

test("harakiri is a hard deadline", () => {
  const reading = file(`[uwsgi]\n${APP}harakiri = 60\n`);
  assert.deepEqual(appOf(reading)["deadline"], { hard: "60s" });
  assert.equal(directive(reading, "harakiri").verdict, "mapped");
  assert.equal(appOf(file(`[uwsgi]\n${APP}harakiri = 0\n`))["deadline"], undefined);
});

test("an ini file says the app, its pool, its user and its socket", () => {
  const reading = file(`[uwsgi]
chdir = /home/site/
module = wsgi:app
virtualenv = env
pythonpath = lib
pp = /opt/lib
processes = 5
threads = 4
uid = www-data
gid = www-data
umask = 027
env = A=1
env = B=x=y
limit-as = 512
max-fd = 4096
optimize = 2
py-autoreload = 1
worker-reload-mercy = 20
socket = site.sock
chmod-socket = 660
chown-socket = www-data:nginx
vacuum = true
die-on-term = true
`);
  assert.deepEqual(appOf(reading), {
    wsgi: "wsgi:app",
    directory: "/home/site",
    python: "/home/site/env",
    pythonpath: ["/home/site/lib", "/opt/lib"],
    workers: 5,
    threads: 4,
    environment: { A: "1", B: "x=y", PYTHONOPTIMIZE: "2" },
    user: "www-data",
    group: "www-data",
    umask: "027",
    limits: { memory: "512MB", files: 4096 },
    stop_timeout: "20s",
    reload: true,
  });
  const { app: _, ...door } = reading.doors[0]!;
  assert.deepEqual(door, {
    address: "unix:/home/site/site.sock",
    protocol: "uwsgi",
    mode: 0o660,
    owner: "www-data",
    group: "nginx",
    unlink: true,
    place: { file: "/etc/uwsgi/site.ini", line: 19, column: 1 },
  });
  assert.ok(reading.directives.every(({ verdict }) => verdict === "mapped"));
  assert.equal(directive(reading, "socket").note, "it is /home/site/site.sock");
});

test("lines without a section are read with a note, those before a section are not, as with uWSGI", () => {
  const bare = file("socket = 127.0.0.1:1\nmodule = a:b\n");
  assert.equal(appOf(bare)["wsgi"], "a:b");
  assert.equal(directive(bare, "[uwsgi]").verdict, "approximated");
  const before = file("module = a:b\n[uwsgi]\nmodule = c:d\n");
  assert.equal(appOf(before)["wsgi"], "c:d");
  assert.deepEqual(
    before.directives.map(({ name, verdict, place }) => [name, verdict, place.line]),
    [
      ["module", "ignored", 1],
      ["module", "mapped", 3],
    ],
  );
});

test("a file in which the section is missing is reported, and the one that names an app is served", () => {
  const reading = file("[other]\nmodule = a:b\n");
  assert.equal(appOf(reading)["wsgi"], "a:b");
  assert.equal(directive(reading, "[uwsgi]").verdict, "approximated");
  const nothing = file("[other]\nprocesses = 2\n");
  assert.equal(nothing.settings.apps, undefined);
  assert.equal(directive(nothing, "[uwsgi]").verdict, "needs-a-decision");
  const empty = file(`[uwsgi]\nini = :base\n${APP}`);
  assert.equal(directive(empty, "[base]").verdict, "ignored");
  assert.equal(appOf(empty)["wsgi"], "app:app");
});

test("a comment behind a value is taken for one, with a word about uWSGI, and numbers are read up to it", () => {
  const reading = file(
    "[uwsgi]\nmodule = app:app  # the app\nsocket = /run/a.sock ; for nginx\nmax-requests = 1000   ; each\n",
  );
  assert.equal(appOf(reading)["wsgi"], "app:app");
  assert.deepEqual(addresses(reading), ["uwsgi unix:/run/a.sock"]);
  assert.deepEqual(appOf(reading)["recycle"], { requests: 1000 });
  assert.match(directive(reading, "module").note, /knows no comment behind a value/);
  assert.equal(directive(reading, "max-requests").verdict, "mapped");
});

test("static-expires is expires of the static routes, by pattern", () => {
  const text = `[uwsgi]\n${APP}http-socket = :80\nstatic-map = /static=/srv/static\nstatic-map = /media=/srv/media\n`;
  const expires = (more: string): readonly unknown[] => {
    return file(`${text}${more}`).doors[0]!.routes!.flatMap(({ static: files }) =>
      files === undefined ? [] : [(files as Plain)["expires"]],
    );
  };
  assert.deepEqual(expires(""), [undefined, undefined]);
  assert.deepEqual(expires("static-expires = /* 7776000\n"), ["7776000s", "7776000s"]);
  assert.deepEqual(expires("static-expires-uri = ^/static/.* 60\n"), ["60s", undefined]);
  const reading = file(`${text}static-expires = .*\\.css 60\n`);
  assert.equal(directive(reading, "static-expires").verdict, "needs-a-decision");
});

test("the hook by which TERM ends uWSGI gracefully is what TERM does here", () => {
  const hook = (value: string): string =>
    directive(file(`[uwsgi]\n${APP}hook-master-start = ${value}\n`), "hook-master-start").verdict;
  assert.equal(hook("unix_signal:15 gracefully_kill_them_all"), "mapped");
  assert.equal(hook("exec:touch /tmp/x"), "needs-a-decision");
});

test("a socket stays at exit unless there is vacuum", () => {
  assert.equal(file(`[uwsgi]\n${APP}socket = /x`).doors[0]!.unlink, false);
});

test("conditions, loops and chains of files are followed", () => {
  const files = { "/srv/app/base.ini": "[common]\nthreads = 7\n[uwsgi]\nthreads = 1\n", "/etc/uwsgi/over.ini": "" };
  const context = machine(files, { environment: { MODE: "fast", PORT: "77" } });
  const reading = file(
    `[uwsgi]
ini = :own
ini = base.ini:common
if-env = MODE
env = IS=%(_)
endif =
if-env = MODE=slow
processes = 9
endif =
if-not-env = ABSENT
env = NOT=1
endif =
if-exists = /etc/uwsgi/over.ini
env = FOUND=%(_)
endif =
for = a b
env = LOOP_%(_)=%(_)
endfor =
for-times = 2
pp = /p%(_)
endfor =
http = :$(PORT)
base = /srv
number = 3
processes = %(number * 2 + 1)
chdir = %(base)/x%(unknown)
[own]
module = own:app
`,
    context,
  );
  const app = appOf(reading);
  assert.deepEqual(app["environment"], {
    IS: "fast",
    NOT: "1",
    FOUND: "/etc/uwsgi/over.ini",
    LOOP_a: "a",
    LOOP_b: "b",
  });
  assert.deepEqual(
    [app["wsgi"], app["threads"], app["workers"], app["pythonpath"], app["directory"]],
    ["own:app", 7, 7, ["/p1", "/p2"], "/srv/x%(unknown)"],
  );
  assert.deepEqual(addresses(reading), ["http 0.0.0.0:77"]);
  assert.deepEqual(reading.files, ["/etc/uwsgi/site.ini", "/srv/app/base.ini"]);
  assert.match(
    reading.directives.find(({ place }) => place.line === 8)!.note,
    /left out, as if-env = MODE=slow does not hold/,
  );
  // Sections that nobody asked for are told, those that were are not told twice.
  const ownModule = reading.directives.filter(({ place }) => place.line === 28);
  assert.deepEqual(
    ownModule.map(({ verdict }) => verdict),
    ["mapped"],
  );
});

test("files that include one another, or are not there, are reported", () => {
  const loop = file(`[uwsgi]\n${APP}ini = site.ini\n`, machine({ "/srv/app/site.ini": "[uwsgi]\nini = site.ini\n" }));
  assert.equal(loop.directives.find(({ place }) => place.file === "/srv/app/site.ini")!.verdict, "needs-a-decision");
  const absent = file(`[uwsgi]\n${APP}ini = nowhere.ini\n`);
  assert.match(directive(absent, "ini").note, /nowhere\.ini can't be read/);
});

for (const [path, text] of [
  [
    "/x/site.yaml",
    'uwsgi:\n  module: "a:b" # the app\n  env:\n    - A=1\n    - B=2\n  master: true\nother:\n  module: c:d\n',
  ],
  ["/x/site.json", '{"uwsgi": {"module": "a:b", "env": ["A=1", "B=2"], "master": true}, "other": {"module": "c:d"}}'],
  [
    "/x/site.xml",
    "<?xml version='1.0'?>\n<uwsgi>\n  <!-- <module>c:d</module> -->\n  <module> a:b </module>\n  <env>A=1</env><env>B=2</env>\n  <master/>\n</uwsgi>\n",
  ],
] as const)
  test(`${path} is read as the same in ini would be`, () => {
    const reading = file(text, machine(), path);
    assert.deepEqual(appOf(reading)["wsgi"], "a:b");
    assert.deepEqual(appOf(reading)["environment"], { A: "1", B: "2" });
    assert.deepEqual(
      reading.directives.map(({ name, verdict }) => `${name} ${verdict}`),
      ["module mapped", "env mapped", "env mapped", "master mapped"],
    );
    assert.ok(reading.directives.every(({ place }) => place.line! >= 1 && place.column! >= 1));
  });

for (const [path, text, message] of [
  ["/x/site.json", '{"uwsgi": {"module": }', /site\.json:1:\d+: this is no JSON/],
  ["/x/site.xml", "<uwsgi>\n<module>a</uwsgi>", /site\.xml:2:\d+: <\/uwsgi> closes nothing/],
] as const)
  test(`broken syntax in ${path} is refused at its place`, () => {
    assert.throws(() => file(text, machine(), path), { name: "PropylonError", message });
  });

test("a command line has long and short options, beginnings of names, and files that count last", () => {
  const context = machine({ "/srv/app/x.ini": "[uwsgi]\nthreads = 3\nprocesses = 2\n" });
  const reading = command(
    [
      "--http",
      "127.0.0.1:8085",
      "--wsgi-file=main.py",
      "--callable",
      "app",
      "-Mp4",
      "--processe",
      "8",
      "-H",
      "env",
      "x.ini",
    ],
    context,
  );
  assert.deepEqual(appOf(reading), {
    script: "/srv/app/main.py",
    callable: "app",
    directory: "/srv/app",
    python: "/srv/app/env",
    workers: 2,
    threads: 3,
  });
  assert.deepEqual(addresses(reading), ["http 127.0.0.1:8085"]);
});

test("UWSGI_ variables are options that all others go before", () => {
  const context = machine(
    {},
    { environment: { UWSGI_MODULE: "a:b", UWSGI_HTTP_SOCKET: ":5000", UWSGI_PROCESSES: "8" } },
  );
  const reading = command(["-p", "3"], context);
  assert.deepEqual([appOf(reading)["wsgi"], appOf(reading)["workers"]], ["a:b", 3]);
  assert.deepEqual(addresses(reading), ["http 0.0.0.0:5000"]);
});

for (const [words, message] of [
  [["--moduel", "a:b"], /--moduel is no option of uWSGI\n {2}did you mean "module"\?/],
  [["--module"], /--module needs a value/],
  [["--master=yes"], /--master takes no value/],
  [["--proc", "2"], /--proc is ambiguous/],
  [["-Z"], /-Z is no option of uWSGI/],
  [["processes=2"], /"processes=2" is no configuration that uWSGI reads/],
] as const)
  test(`uwsgi ${words.join(" ")} is refused`, () => {
    assert.throws(() => command(words), { name: "PropylonError", message });
  });

test("mounts are routes with the path taken off, the first is for all else, and files that are there go before", () => {
  const context = machine({ "/srv/app/static/robots.txt": "" });
  const reading = file(
    `[uwsgi]
mount = /one=one:app
mount = /two=two.py
manage-script-name = true
static-map = /static=static
static-map = /robots.txt=static/robots.txt
check-static = /srv/public
http = :80
route = ^/static/ addheader:X-Policy: sandbox {x}
`,
    context,
  );
  assert.deepEqual(Object.keys(reading.settings.apps!), ["one", "two"]);
  assert.deepEqual(
    reading.doors.map(({ address, app }) => [address, app]),
    [["0.0.0.0:80", "one"]],
  );
  const added = { response_headers: { add: { "X-Policy": "sandbox {{x}}" } } };
  assert.deepEqual(reading.doors[0]!.routes, [
    {
      regex: "^/*(.*?)$",
      when: { file: "/srv/public/{1}" },
      static: { file: "/srv/public/{1}", root: "/srv/public", precompressed: false },
    },
    {
      regex: "^/static/*(.*?)$",
      when: { file: "/srv/app/static/{1}" },
      ...added,
      static: { file: "/srv/app/static/{1}", root: "/srv/app/static", precompressed: false },
    },
    {
      exact: "/robots.txt",
      when: { file: "/srv/app/static/robots.txt" },
      static: { file: "/srv/app/static/robots.txt" },
    },
    { prefix: "/static/", ...added, app: "one" },
    { path: "/one", app: "one", mount: "/one" },
    { path: "/two", app: "two", mount: "/two" },
    { app: "one" },
  ]);
});
