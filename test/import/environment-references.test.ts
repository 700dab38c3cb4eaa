// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${...} in plain text is what is tested here
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { importForeign, importPortable } from "../../src/cli/foreign.ts";
import type { Imported } from "../../src/import/import.ts";
import type { Plain } from "../../src/import/tree.ts";
import { writeYaml } from "../../src/import/write-yaml.ts";
import { folder, freePort, start } from "../support/instance.ts";

const SECRET = "s3cret-of-the-environment";

function portable(directory: string, file: string, environment: Record<string, string>): Imported {
  return importPortable({ files: [file], as: null, commands: [] }, directory, environment);
}

test("a secret of the environment is in no propylon.yaml, whatever kind of file looked it up", (t) => {
  const files: Readonly<Record<string, string>> = {
    "uwsgi.ini":
      "[uwsgi]\nmodule = app\nhttp-socket = 127.0.0.1:8000\nenv = KEY=$(KEY)\nenv = DB=sql://u:$(KEY)@db/x\n",
    "gunicorn.conf.py":
      'import os\nwsgi_app = "app:app"\nraw_env = ["KEY=" + os.environ["KEY"], "DB=sql://u:%s@db/x" % os.getenv("KEY")]\n',
    "supervisord.conf": '[program:web]\ncommand=web --key %(ENV_KEY)s\nenvironment=KEY="%(ENV_KEY)s"\n',
    Procfile: "web: ./serve --key $KEY\n",
    "nginx.conf": "server { listen 8000; location / { return 200 ${KEY}; } }\n",
  };
  const directory = folder(t, files);
  for (const file of Object.keys(files)) {
    const yaml = writeYaml(portable(directory, file, { KEY: SECRET }));
    assert.ok(!yaml.includes(SECRET), `${file}:\n${yaml}`);
    assert.ok(yaml.includes("${KEY}"), `${file}:\n${yaml}`);
  }
});

test("texts, numbers and switches stay variables with the defaults that the file gave them", (t) => {
  const directory = folder(t, {
    "gunicorn.conf.py": [
      "import os",
      'wsgi_app = "app:app"',
      'bind = os.getenv("HOST", "127.0.0.1") + ":" + os.getenv("PORT", "8000")',
      'workers = int(os.environ.get("WORKERS", 3))',
      'preload_app = os.getenv("PRELOAD", "false") == "true"',
      'raw_env = ["MODE=" + os.getenv("MODE", "production")]',
    ].join("\n"),
  });
  for (const environment of [{}, { PORT: "9000", MODE: "debug", WORKERS: "2", HOST: "127.0.0.2", PRELOAD: "true" }]) {
    const { settings } = portable(directory, "gunicorn.conf.py", environment);
    const { app } = { app: Object.values(settings["apps"] as Record<string, Record<string, unknown>>)[0]! };
    assert.deepEqual(settings["listeners"], [{ address: "${HOST:127.0.0.1}:${PORT:8000}" }]);
    assert.equal(app["workers"], "${WORKERS:3}");
    assert.equal(app["preload"], "${PRELOAD:false}");
    assert.deepEqual(app["environment"], { MODE: "${MODE:production}" });
  }
});

test("what is not set and has no default is asked for at the start, and needs no decision", (t) => {
  const directory = folder(t, {
    "supervisord.conf":
      '[program:old]\ncommand=old\nautostart=%(ENV_OLD)s\n[program:web]\ncommand=web\nuser=%(ENV_ACCOUNT)s\nautostart=%(ENV_ON)s\nenvironment=A="%(ENV_A)s",B="%(ENV_B)s"\n',
  });
  const { settings, directives, notes } = portable(directory, "supervisord.conf", {});
  assert.deepEqual([...new Set(directives.map(({ verdict }) => verdict))], ["mapped"]);
  const { old, web: program } = settings["programs"] as { old: Plain; web: Plain };
  assert.equal(old["autostart"], "${OLD}");
  assert.equal(program["user"], "${ACCOUNT}");
  assert.equal(program["autostart"], "${ON}");
  assert.deepEqual(program["environment"], { A: "${A}", B: "${B}" });
  for (const name of ["ACCOUNT", "ON", "A", "B"])
    assert.ok(notes.some((note) => note.includes(`\${${name}} is not set`)));
});

test("a variable that decides what there is keeps its value, and a note says so", (t) => {
  const directory = folder(t, {
    "gunicorn.conf.py":
      'import os\nwsgi_app = "app:app"\nif os.getenv("STAGE") == "live":\n    bind = ["127.0.0.1:1", "127.0.0.1:2"]\nelse:\n    bind = "127.0.0.1:3"\n',
  });
  const { settings, notes } = portable(directory, "gunicorn.conf.py", { STAGE: "live" });
  assert.deepEqual(settings["listeners"], [{ address: "127.0.0.1:1" }, { address: "127.0.0.1:2" }]);
  assert.match(notes.join("\n"), /what STAGE is now decided more than a text/);
});

test("a dollar sign of a value stays one, and a run resolves as before", (t) => {
  const directory = folder(t, {
    "supervisord.conf": '[program:web]\ncommand=web\nenvironment=A="%(ENV_A)s$5",B="${B}"\n',
  });
  const environment = { A: "x${y}", B: "b" };
  const of = ({ settings }: Imported): unknown =>
    (settings["programs"] as Record<string, Record<string, unknown>>)["web"]!["environment"];
  assert.deepEqual(of(portable(directory, "supervisord.conf", environment)), { A: "${A}$5", B: "$${B}" });
  const resolved = importForeign({ files: ["supervisord.conf"], as: null, commands: [] }, directory, environment);
  assert.deepEqual(of(resolved), { A: "x$${y}$5", B: "$${B}" });
});

test("placeholders of templates are variables, whatever they stand for", (t) => {
  const directory = folder(t, {
    "uwsgi.ini":
      "[uwsgi]\nchdir = {{ project_root }}/app\nmodule = app:app\nenv = MODE=__MODE__\nprocesses = {{workers}}\nhttp-socket = 127.0.0.1:{{ port }}\n",
    "gunicorn.conf.py": 'wsgi_app = "{{ app }}"\nworkers = ${WORKERS}\nuser = "{{ user }}"\n',
    "supervisord.conf": "[program:web]\ncommand={{ bin }}/serve\nnumprocs={{ n }}\nuser={{ user }}\n",
  });
  const uwsgi = portable(directory, "uwsgi.ini", {});
  const [app] = Object.values(uwsgi.settings["apps"] as Record<string, Plain>);
  assert.equal((app!["environment"] as Plain)["MODE"], "${MODE}");
  assert.equal(app!["workers"], "${workers}");
  assert.match(String(app!["directory"]), /\$\{project_root\}\/app$/);
  assert.deepEqual(uwsgi.settings["listeners"], [{ address: "127.0.0.1:${port}" }]);
  assert.deepEqual([...new Set(uwsgi.directives.map(({ verdict }) => verdict))], ["mapped"]);
  const [other] = Object.values(portable(directory, "gunicorn.conf.py", {}).settings["apps"] as Record<string, Plain>);
  assert.equal(other!["workers"], "${WORKERS}");
  assert.equal(other!["user"], "${user}");
  const supervisor = portable(directory, "supervisord.conf", {});
  const { web } = supervisor.settings["programs"] as { web: Plain };
  assert.deepEqual(web["command"], ["${bin}/serve"]);
  assert.equal(web["user"], "${user}");
});

test("nothing of how variables are found is left in what is said or written", (t) => {
  const directory = folder(t, {
    "uwsgi.ini":
      "[uwsgi]\nini = /srv/{{ site }}/base.ini\nmodule = app:app\nhttp-socket = 127.0.0.1:1\nlogto = /log/{{ site }}.log\n",
  });
  const imported = portable(directory, "uwsgi.ini", {});
  assert.doesNotMatch(JSON.stringify(imported), /propylonreads/);
  assert.match(imported.directives.map(({ note }) => note).join("\n"), /\/srv\/\$\{site\}\/base\.ini can't be read/);
});

test("an app whose module is a variable is called after the variable, wherever it is named", (t) => {
  const directory = folder(t, {
    "uwsgi.ini": "[uwsgi]\nmodule = __APP_MODULE__\nhttp-socket = 127.0.0.1:1\nstatic-map = /s={{ files }}\n",
  });
  const { settings } = portable(directory, "uwsgi.ini", {});
  const apps = settings["apps"] as Record<string, Plain>;
  assert.deepEqual(Object.keys(apps), ["app_module"]);
  assert.equal(apps["app_module"]!["wsgi"], "${APP_MODULE}:application");
  const { routes } = (settings["sites"] as { routes: Plain[] }[])[0]!;
  assert.deepEqual(routes.at(-1), { app: "app_module" });
  assert.match(JSON.stringify(routes[0]), /\$\{files\}/);
});

test("an app served from the written file is given the value that the environment has then", async (t) => {
  const port = await freePort();
  const directory = folder(t, {
    "app.py":
      "import os\ndef app(environ, start_response):\n    start_response('200 OK', [])\n    return [os.environ['KEY'].encode()]\n",
    "uwsgi.ini": "[uwsgi]\nmodule = app:app\nhttp-socket = 127.0.0.1:$(APP_PORT)\nenv = KEY=<$(TOKEN)>\n",
  });
  const file = path.join(directory, "propylon.yaml");
  fs.writeFileSync(file, writeYaml(portable(directory, "uwsgi.ini", { APP_PORT: "1", TOKEN: SECRET })));
  assert.ok(!fs.readFileSync(file, "utf8").includes(SECRET));
  assert.equal(parse(fs.readFileSync(file, "utf8")).listeners[0].address, "127.0.0.1:${APP_PORT}");
  const running = start(t, ["run"], { cwd: directory, env: { APP_PORT: String(port), TOKEN: "another" } });
  assert.equal((await running.get("/")).body, "<another>");
});
