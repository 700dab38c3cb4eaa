import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { importForeign } from "../../src/cli/foreign.ts";
import type { Imported } from "../../src/import/import.ts";
import type { Plain } from "../../src/import/tree.ts";
import { folder } from "../support/instance.ts";

const UNIT = "[Service]\nExecStart=/opt/shop/bin/gunicorn -c /opt/shop/gunicorn.py shop.wsgi\n";

function read(directory: string, ...files: string[]): Imported {
  return importForeign({ files, as: null, commands: [] }, directory, {});
}

function apps({ settings }: Imported): Record<string, Plain> {
  return (settings["apps"] ?? {}) as Record<string, Plain>;
}

test("a file that is named where it will be deployed is the given one of that name, which is read once", (t) => {
  const directory = folder(t, {
    "deploy/shop.service": UNIT,
    "conf/gunicorn.py": 'bind = "127.0.0.1:8001"\nworkers = 5\n',
    "nginx.conf": "server { listen 80; location / { proxy_pass http://127.0.0.1:8001; } }\n",
  });
  const imported = read(directory, "nginx.conf", "deploy/shop.service", "conf/gunicorn.py");
  assert.equal(apps(imported)["shop"]!["workers"], 5);
  assert.deepEqual(Object.keys(apps(imported)), ["shop"]);
  const file = path.join(directory, "conf/gunicorn.py");
  const told = imported.directives.filter(({ place }) => place.file === file).map(({ name }) => name);
  assert.deepEqual(told, ["bind", "workers"]);
  assert.match(imported.notes.join("\n"), /gunicorn\.py is not there: .*conf\/gunicorn\.py is taken for it/);
  assert.match(JSON.stringify(imported.settings["sites"]), /"prefix":"\/","app":"shop"/);
});

test("where none of that name was given, the one beside the command's file is taken; where none is there, the program stays", (t) => {
  const beside = folder(t, { "shop.service": UNIT, "gunicorn.py": "workers = 7\n" });
  assert.equal(apps(read(beside, "shop.service"))["shop"]!["workers"], 7);
  const alone = read(folder(t, { "shop.service": UNIT }), "shop.service");
  assert.deepEqual(apps(alone), {});
  assert.match(alone.notes.join("\n"), /stays a program: Cannot read Gunicorn's configuration/);
});

test("a uwsgi.ini that a supervised uwsgi runs is one app, not two", (t) => {
  const directory = folder(t, {
    "supervisord.conf": "[program:shop]\ncommand=uwsgi --ini /srv/shop/uwsgi.ini\nuser=www-data\n",
    "uwsgi.ini": "[uwsgi]\nmodule = shop:app\nsocket = 127.0.0.1:3031\n",
  });
  for (const files of [
    ["supervisord.conf", "uwsgi.ini"],
    ["uwsgi.ini", "supervisord.conf"],
  ]) {
    const imported = read(directory, ...files);
    assert.deepEqual(Object.keys(apps(imported)), ["shop"]);
    assert.equal(apps(imported)["shop"]!["user"], "www-data");
    assert.match(imported.notes.join("\n"), /uwsgi\.ini is what a given program runs: it is read once/);
  }
});
