import assert from "node:assert/strict";
import { test } from "node:test";
import type { Plain } from "../../src/import/tree.ts";
import { appOf, command, file, MODULE, verdictOf } from "./gunicorn-reading.ts";
import { machine } from "./machine.ts";

test("what Gunicorn has learned since 24 has its place too", () => {
  const reading = file(
    `wsgi_app = "app:app"
protocol = "uwsgi"
http2_max_concurrent_streams = 50
asgi_loop = "uvloop"
asgi_lifespan = "on"
websocket_max_message_size = 16777216
control_socket_disable = True
dirty_apps = ["app:tasks"]
def dirty_worker_exit(arbiter, worker):
    worker.log.info("bye")
`,
  );
  assert.deepEqual(
    reading.doors.map(({ protocol }) => protocol),
    ["uwsgi"],
  );
  const { loop, lifespan, websocket } = appOf(reading);
  assert.deepEqual([loop, lifespan, websocket], ["uvloop", "on", { message_size: 15_000_000 }]);
  assert.deepEqual(reading.settings.limits, { http2: { streams: 50 }, body: 0 });
  assert.equal(verdictOf(reading, "dirty_apps"), "needs-a-decision");
  assert.equal(verdictOf(reading, "control_socket_disable"), "approximated");
  assert.equal(
    verdictOf(command(["--no-control-socket", "--http-protocols", "h1,h2", "app:app"]), "--no-control-socket"),
    "approximated",
  );
});

test("a proxy on this machine is believed where nothing is said of it, as Gunicorn does", () => {
  const from = (words: string[], environment = {}) =>
    (command([...words, "app:app"], machine(MODULE, { environment })).doors[0]!.trust as Plain)["from"];
  assert.deepEqual(from([]), ["127.0.0.1", "::1", "unix:"]);
  assert.deepEqual(from([], { FORWARDED_ALLOW_IPS: "10.0.0.0/8" }), ["10.0.0.0/8", "unix:"]);
  assert.deepEqual(from(["--forwarded-allow-ips", "*"], { FORWARDED_ALLOW_IPS: "x" }), ["0.0.0.0/0", "::/0", "unix:"]);
});

test("functions of the file's own that look values up are called", () => {
  const reading = file(
    `import os

def variable(name, default=None):
    """What the environment says."""
    try:
        return os.environ[name]
    except KeyError:
        return default

def count(text: str, least: int = 2) -> int:
    if not text:
        return least
    wanted = int(text)
    if wanted < least:
        return least
    else:
        return wanted

def odd(x):
    with open(x) as f:
        return f.read()

def endless(x):
    return endless(x)

def hook(server):
    server.log.info("up")

bind = "0.0.0.0:" + (variable("PORT_GIVEN") or "8000")
workers = count(variable("WORKERS", "1"))
threads = count("7", least=1)
loglevel = odd("/etc/level")
umask = endless(1)
when_ready = hook
wsgi_app = "app:app"
`,
  );
  assert.equal(reading.doors[0]?.address, "0.0.0.0:8000");
  assert.deepEqual([appOf(reading)["workers"], appOf(reading)["threads"]], [2, 7]);
  assert.equal(verdictOf(reading, "loglevel"), "needs-a-decision");
  assert.equal(verdictOf(reading, "umask"), "needs-a-decision");
});

test("what a file says that is so anyway is mapped, and names that other lines use are no strangers", () => {
  const reading = file(
    'import os\nport = 8000\nunused = 1\nbind = f"127.0.0.1:{port}"\ndaemon = False\nkeyfile = None\nwsgi_app = "app"\n',
  );
  for (const [name, verdict] of [
    ["port", "mapped"],
    ["unused", "ignored"],
    ["daemon", "mapped"],
    ["keyfile", "mapped"],
  ] as const)
    assert.equal(verdictOf(reading, name), verdict, name);
});

test("a branch of a file is taken by what the environment holds, and the other one is accounted for", () => {
  const text = [
    "from os import environ",
    'if "CERT" in environ:',
    '    certfile = environ["CERT"]',
    "else:",
    "    workers = 3",
    'wsgi_app = "app"',
  ].join("\n");
  const without = file(text);
  assert.equal(verdictOf(without, "certfile"), "approximated");
  assert.equal(appOf(without)["workers"], 3);
  assert.equal(without.doors[0]!.tls, undefined);
  const context = machine(MODULE, { environment: { CERT: "/etc/c.pem" } });
  const withIt = file(text, context);
  assert.deepEqual(withIt.doors[0]!.tls, { certificate: "/etc/c.pem", key: "/etc/c.pem" });
  assert.equal(verdictOf(withIt, "workers"), "approximated");
});

test("certfile and keyfile are tls of the listeners, with the authorities of clients", () => {
  const reading = command([
    "--certfile",
    "c.pem",
    "--keyfile",
    "k.pem",
    "--ca-certs",
    "ca.pem",
    "--cert-reqs",
    "1",
    "app",
  ]);
  const tls = {
    certificate: "/srv/app/c.pem",
    key: "/srv/app/k.pem",
    client_ca: "/srv/app/ca.pem",
    client: "optional",
  };
  assert.deepEqual(reading.doors[0]!.tls, tls);
  assert.equal(verdictOf(reading, "--certfile"), "mapped");
});

test("a class of workers that is not Gunicorn's own is said not to be used, without an app too", () => {
  for (const [name, verdict] of [
    ["sync", "mapped"],
    ["gthread", "mapped"],
    ["gevent", "approximated"],
    ["shop.workers.Uvicorn", "approximated"],
    ["shop.workers.Mine", "approximated"],
  ] as const)
    assert.equal(verdictOf(file(`worker_class = "${name}"\n`), "worker_class"), verdict, name);
});

test("settings by python-decouple, strtobool and sysconf are read as they would be there", () => {
  const text = [
    "import os",
    "from decouple import config",
    "from distutils.util import strtobool",
    'workers = config("WORKERS", default=4, cast=int)',
    'reload = bool(strtobool(os.getenv("RELOAD", "false")))',
    'threads = os.sysconf("SC_NPROCESSORS_ONLN") * 2',
    'bind = config("BIND")',
    'wsgi_app = "app"',
  ].join("\n");
  const reading = file(text, machine(MODULE, { environment: { WORKERS: "7", RELOAD: "no" }, cpus: 3 }));
  assert.equal(appOf(reading)["workers"], 7);
  assert.equal(appOf(reading)["threads"], 6);
  assert.equal(appOf(reading)["reload"], undefined);
  assert.equal(verdictOf(reading, "bind"), "needs-a-decision");
});
