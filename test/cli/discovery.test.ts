import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { discoverApp, discoverAppIn } from "../../src/process/discover-app.ts";
import { folder } from "../support/instance.ts";

type Files = Readonly<Record<string, string>>;

const FLASK = "from flask import Flask\napp = Flask(__name__)\n";
const MANAGE = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")\n';

const FOUND: readonly [promise: string, files: Files, target: string, seen: string][] = [
  ["a Flask app in app.py is found", { "app.py": FLASK }, "app:app", "app.py, line 2"],
  ["an ASGI app is found as any other", { "main.py": "app = FastAPI()\n" }, "main:app", "main.py, line 1"],
  ["asgi.py is there to be served", { "asgi.py": "app = f()\n", "app.py": FLASK }, "asgi:app", "asgi.py, line 1"],
  ["wsgi.py wins over asgi.py", { "asgi.py": "app = f()\n", "wsgi.py": FLASK }, "wsgi:app", "wsgi.py, line 2"],
  ["an app in main.py is found", { "main.py": FLASK }, "main:app", "main.py, line 2"],
  [
    "a bare WSGI function is found",
    { "wsgi.py": "def application(environ, start_response): ..." },
    "wsgi:application",
    "wsgi.py, line 1",
  ],
  [
    "an app made below try is found",
    { "app.py": "try:\n    app = make()\nexcept E:\n    raise\n" },
    "app:app",
    "app.py, line 2",
  ],
  [
    "a factory is found and called",
    { "app.py": "def create_app(config=None):\n    app = 1\n" },
    "app:create_app()",
    "app.py, line 1",
  ],
  [
    "a factory of a package is found",
    { "app/__init__.py": "def create_app(): ...\n" },
    "app:create_app()",
    "app/__init__.py, line 1",
  ],
  [
    "an app wins over what makes it",
    { "app.py": "def create_app(): ...\napp = create_app()\n" },
    "app:app",
    "app.py, line 2",
  ],
  [
    "a package wins over a module of its name, as in Python",
    { "app/__init__.py": "app = f()\n", "app.py": "application = f()\n" },
    "app:app",
    "app/__init__.py, line 1",
  ],
  [
    "a module that runs a package's factory wins over the factory",
    { "app/__init__.py": "def create_app(): ...\n", "run.py": "from app import create_app\napp = create_app()\n" },
    "run:app",
    "run.py, line 2",
  ],
  [
    "a module that only passes an app on is not another app",
    { "app.py": FLASK, "run.py": "from app import app\nif __name__ == '__main__':\n    app.run()\n" },
    "app:app",
    "app.py, line 2",
  ],
  [
    "wsgi.py is there to be served and wins",
    { "app.py": FLASK, "main.py": FLASK, "wsgi.py": "from app import app as application\n" },
    "wsgi:application",
    "wsgi.py, line 1",
  ],
  [
    "a name that is None at first is taken where it gets its value",
    { "app.py": "app = None\napp = f()\n" },
    "app:app",
    "app.py, line 2",
  ],
  [
    "a Dash app's server is found",
    { "app.py": "app = Dash(__name__)\nserver = app.server\n" },
    "app:server",
    "app.py, line 2",
  ],
  [
    "a Dash app without a server of its own is served all the same",
    { "app.py": "import dash\napp = dash.Dash(__name__)\n" },
    "app:app.server",
    "app.py, line 2",
  ],
  [
    "a Flask app that a Dash app is built on is found",
    { "app.py": "server = Flask(__name__)\napp = Dash(server=server)\n" },
    "app:server",
    "app.py, line 1",
  ],
  [
    "a server that only listens is no app",
    { "app.py": FLASK, "server.py": "server = WSGIServer(('', 80), handler)\n" },
    "app:app",
    "app.py, line 2",
  ],
  [
    "what a docstring shows is no app",
    { "app.py": `"""\napp = Flask()\n"""\n`, "main.py": FLASK },
    "main:app",
    "main.py, line 2",
  ],
  [
    "a module that does not compile at present is found",
    { "app.py": `${FLASK}def view(:\n` },
    "app:app",
    "app.py, line 2",
  ],
  [
    "a Django project's WSGI_APPLICATION is found by manage.py",
    { "manage.py": MANAGE, "mysite/settings.py": 'WSGI_APPLICATION = "mysite.serving.application"\n', "app.py": FLASK },
    "mysite.serving:application",
    "WSGI_APPLICATION of mysite.settings, named by manage.py",
  ],
  [
    "a Django project without WSGI_APPLICATION is served by its wsgi.py",
    { "manage.py": MANAGE, "mysite/settings.py": "", "mysite/wsgi.py": "" },
    "mysite.wsgi:application",
    "mysite/wsgi.py, beside the settings that manage.py names",
  ],
  [
    "a Django project with settings in a package is found",
    {
      "manage.py": MANAGE.replace("mysite.settings", "site.settings.production"),
      "site/settings/production/__init__.py": 'WSGI_APPLICATION = "site.wsgi.application"\n',
    },
    "site.wsgi:application",
    "WSGI_APPLICATION of site.settings.production, named by manage.py",
  ],
  [
    "a manage.py that is not Django's is passed over",
    { "manage.py": "print()", "app.py": FLASK },
    "app:app",
    "app.py, line 2",
  ],
];

for (const [promise, files, target, seen] of FOUND) {
  test(promise, (t) => assert.deepEqual(pick(discoverApp(folder(t, files))), { target, seen }));
}

test("the only .wsgi script is found where no module has an app", (t) => {
  const directory = folder(t, { "shop.wsgi": "application = f()\n", "app.py": "x = 1\n" });
  assert.deepEqual(pick(discoverApp(directory)), { target: path.join(directory, "shop.wsgi"), seen: "shop.wsgi" });
});

const REFUSED: readonly [promise: string, files: Files, message: RegExp][] = [
  [
    "an empty folder is told with what was looked for",
    {},
    /No app in .*: none of wsgi\.py, asgi\.py, app\.py.*manage\.py, \*\.wsgi is there/,
  ],
  [
    "modules without an app are told with the names that were looked for",
    { "app.py": "x = 1\n" },
    /looked for application, app, .*create_app.* in app\.py/,
  ],
  [
    "two modules with an app each are told with both, to choose from",
    { "app.py": FLASK, "main.py": FLASK },
    /Several apps[\s\S]*propylon app:app {3}\(app\.py, line 2\)\n {2}propylon main:app/,
  ],
  [
    "two scripts are told with both, to choose from",
    { "a.wsgi": "", "b.wsgi": "" },
    /Several apps[\s\S]*propylon \.\/a\.wsgi[\s\S]*propylon \.\/b\.wsgi/,
  ],
  [
    "a factory that takes arguments is told with them",
    { "app.py": "def create_app(config, *, debug): ..." },
    /create_app \(app\.py, line 1\) takes arguments: config, debug/,
  ],
  [
    "an app that is made only when the module is run as a program does not count",
    { "app.py": "if __name__ == '__main__':\n    app = f()\n" },
    /looked for/,
  ],
];

for (const [promise, files, message] of REFUSED) {
  test(promise, (t) => {
    const directory = folder(t, files);
    assert.throws(
      () => discoverApp(directory),
      (error: { message: string; remedy: string }) => message.test(`${error.message}\n${error.remedy}`),
    );
  });
}

test("a module file that is named is read alone", (t) => {
  const directory = folder(t, { "app.py": FLASK, "main.py": "application = f()\n", "empty.py": "" });
  assert.equal(discoverAppIn(directory, "main.py").target, "main:application");
  assert.throws(() => discoverAppIn(directory, "empty.py"), /No app in .*empty\.py/);
});

function pick({ target, seen }: { target: string; seen: string }): { target: string; seen: string } {
  return { target, seen };
}
