import assert from "node:assert/strict";
import { test } from "node:test";
import { serverCommand } from "./command-kind.ts";
import { detectKind } from "./detect.ts";

for (const [name, text, kind] of [
  ["site", "server {\n  listen 80;\n}\n", "nginx"],
  ["x.conf", "  location /wps {\n proxy_pass http://127.0.0.1:8081;\n }\n", "nginx"],
  ["x.conf", "# server {\nupstream a { server b; }", "nginx"],
  ["x.conf", "worker_processes 1;\nevents { }\n", "nginx"],
  ["dashapp.ini", "socket = 0.0.0.0:8050\nchdir = /home/x\n", "uwsgi"],
  ["dashapp", "chdir=/home/x\nmodule=wsgi:app\n", "uwsgi"],
  ["a.ini", "[uwsgi]\nmodule = app\n", "uwsgi"],
  ["a.yaml", "uwsgi:\n  module: app\n", "uwsgi"],
  ["a.xml", "<uwsgi><module>app</module></uwsgi>", "uwsgi"],
  ["a.json", '{"uwsgi": {"module": "app"}}', "uwsgi"],
  ["propylon.yaml", "apps:\n  a: {wsgi: app}\n", "propylon"],
  ["a.conf", "[program:a]\ncommand=x\n", "supervisor"],
  ["a.conf", "; comment\n[supervisord]\nnodaemon=true\n", "supervisor"],
  ["a.service", "[Unit]\nDescription=x\n[Service]\nExecStart=/x\n", "systemd"],
  ["a.conf", "WSGIDaemonProcess pywps home=/home/x\nWSGIScriptAlias /wps /x.wsgi\n", "apache"],
  ["a.conf", "<VirtualHost *:80>\nServerName x\n</VirtualHost>", "apache"],
  ["gunicorn.conf.py", "bind = '127.0.0.1:8000'\nworkers = 2\n", "gunicorn"],
  ["026__site__gunicorn.conf", "bind = '127.0.0.1:8000'\n", "gunicorn"],
  ["web.conf", "bind = '0.0.0.0:8000'\nworkers = 2\n\ndef when_ready(server):\n    pass\n", "gunicorn"],
  ["gunicorn.conf", "server {\n  listen 80;\n  location / { proxy_pass http://127.0.0.1:8000; }\n}\n", "nginx"],
  ["gunicorn.conf", "[program:gunicorn]\ncommand=gunicorn app:app\n", "supervisor"],
  ["app.ini", "socket = :3031\nworkers = 2\n", "uwsgi"],
  ["Procfile", "web: gunicorn app:app\n", "procfile"],
  ["config.json", '{"listeners": {"*:80": {"pass": "applications/x"}}, "applications": {}}', "unit"],
  ["notes.txt", "hello there\n", null],
  ["empty", "", null],
] as const) {
  test(`${name} with ${JSON.stringify(text.slice(0, 30))} is ${kind ?? "of no known kind"}`, () => {
    assert.equal(detectKind(name, text), kind);
  });
}

for (const [command, kind, words, python, environment] of [
  [["gunicorn", "-w", "2", "app:app"], "gunicorn", ["-w", "2", "app:app"], null, {}],
  [["/srv/venv/bin/gunicorn", "app:app"], "gunicorn", ["app:app"], "/srv/venv", {}],
  [["/usr/bin/uwsgi", "--ini", "a.ini"], "uwsgi", ["--ini", "a.ini"], null, {}],
  [["env", "A=1", "B=x y", "waitress-serve", "a:b"], "waitress", ["a:b"], null, { A: "1", B: "x y" }],
  [["exec", "poetry", "run", "gunicorn", "a:b"], "gunicorn", ["a:b"], null, {}],
  [["/v/bin/python", "-u", "-m", "gunicorn", "a:b"], "gunicorn", ["a:b"], "/v/bin/python", {}],
  [["python3", "/v/bin/gunicorn", "a:b"], "gunicorn", ["a:b"], "/v", {}],
  [["nginx", "-g", "daemon off;"], "nginx", ["-g", "daemon off;"], null, {}],
] as const) {
  test(`${command.join(" ")} is ${kind}`, () => {
    assert.deepEqual(serverCommand(command), { kind, words: [...words], environment, python });
  });
}

for (const command of [
  [],
  ["python", "app.py"],
  ["redis-server"],
  ["env", "A=1"],
  ["constructor"],
  ["vapor", "run", "gunicorn"],
])
  test(`"${command.join(" ")}" is no server that we take the place of`, () => {
    assert.equal(serverCommand(command), null);
  });
