import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { parse } from "yaml";
import { PropylonError } from "../../src/base/errors.ts";
import { type ExplainOptions, explain } from "../../src/cli/explain.ts";
import { loadConfig } from "../../src/config/load.ts";
import { folderWith } from "./files.ts";

const FILE = `apps:
  person:
    wsgi: app:app
    workers: 2
    environment: { DATABASE_URL: "postgresql://ann:hunter2@db/x", TOKEN: { file: ./token } }
sites:
  - routes:
      - { path: "/a b#".replace, respond: { body: "two\\nlines", headers: { X-Api-Key: hunter2, X-Yes: "no" } } }
      - { path: /old, redirect: "https://ann:hunter2@example.org/" }
      - { app: person }
profiles:
  development: { apps: { person: { workers: 1 } } }
`.replace('"/a b#".replace', "/lines");

function explained(t: TestContext, key: string | null, options: Partial<ExplainOptions> = {}): string {
  const directory = folderWith(t, { "propylon.yaml": FILE, token: "hunter2" });
  return explain(key, { file: ".", profile: null, environment: {}, directory, ...options });
}

test("every value is shown with its origin", (t) => {
  const text = explained(t, null, {
    profile: "development",
    environment: { PROPYLON_LOG__LEVEL: "warn" },
    set: ["apps.person.threads=2"],
  });
  for (const line of [
    /^listeners:\n {2}- 127\.0\.0\.1:8000 +# default$/m,
    /^ {4}wsgi: app:app +# propylon\.yaml:3:11$/m,
    /^ {4}workers: 1 +# propylon\.yaml:12:45 \(profile development\)$/m,
    /^ {4}threads: 2 +# --set apps\.person\.threads$/m,
    /^ {4}start_timeout: 60s +# default$/m,
    /^ {2}level: warn +# environment PROPYLON_LOG__LEVEL$/m,
  ]) {
    assert.match(text, line);
  }
});

test("what explain prints is a configuration that means the same", (t) => {
  const directory = folderWith(t, { token: "x", "propylon.yaml": FILE });
  const options = { profile: null, environment: {}, flags: {}, directory };
  const { config } = loadConfig({ ...options, file: "." });
  const again = loadConfig({
    ...options,
    file: null,
    document: parse(explain(null, { ...options, file: "." })),
  }).config;
  const route = {
    body: "two\nlines",
    headers: [
      ["X-Api-Key", "(hidden)"],
      ["X-Yes", "no"],
    ],
    kind: "respond",
    status: 200,
  };
  assert.deepEqual(again.sites[0]!.routes[0]!.handler, route);
  assert.deepEqual({ ...again, apps: {}, sites: [] }, { ...config, apps: {}, sites: [] });
  assert.deepEqual({ ...again.apps["person"], environment: {} }, { ...config.apps["person"], environment: {} });
});

test("secrets are never shown, wherever they stand", (t) => {
  for (const json of [true, false]) {
    const text = explained(t, null, { json, set: ["apps.person.environment.MORE=hunter2"] });
    assert.ok(!text.includes("hunter2"), text);
    assert.match(text, /\(hidden\)/);
    assert.match(text, /\.\/token/);
  }
});

test("one setting is shown with its origin, meaning, type and default", (t) => {
  assert.match(
    explained(t, "apps.person.workers"),
    /^apps\.person\.workers: 2\n {2}from {5}propylon\.yaml:4:14\n {2}meaning {2}Processes that run the app.*\n {2}type {5}number or `auto`\n {2}default {2}`auto`\n$/,
  );
  assert.match(
    explained(t, "apps.person.python"),
    /^apps\.person\.python is not set\n {2}meaning {2}Python interpreter/,
  );
  assert.equal(explained(t, "apps.person.queue"), "size: 1024    # default\ntimeout: 30s  # default\n");
  assert.match(explained(t, "sites[0].routes[2].app"), /^sites\[0\]\.routes\[2\]\.app: person\n/);
});

test("for machines each value is a record", (t) => {
  assert.deepEqual(JSON.parse(explained(t, "apps.person.workers", { json: true })).values, [
    { key: "apps.person.workers", value: 2, origin: "propylon.yaml:4:14", layer: "config" },
  ]);
  assert.ok((JSON.parse(explained(t, null, { json: true })) as unknown[]).length > 20);
});

test("an unknown key is refused with what was meant", (t) => {
  const remedies = {
    "apps.person.wokers": 'did you mean "workers"?',
    "apps.persn.workers": 'did you mean "person"?',
    "timeouts.zzz": /^the keys there are head, body/,
    "a..b": "write it as apps.person.workers",
    "log.level.x": "nothing stands below it",
  };
  for (const [key, remedy] of Object.entries(remedies)) {
    assert.throws(
      () => explained(t, key),
      (error) => {
        assert.ok(error instanceof PropylonError && error.message === `There is no setting "${key}"`);
        if (typeof remedy === "string") assert.equal(error.remedy, remedy);
        else assert.match(error.remedy!, remedy);
        return true;
      },
    );
  }
});

test("what only looks like a secret is shown, credentials in headers are not", (t) => {
  const text = `upstreams: {u: {targets: ['https://a'], balance: hash, key: '{arg_id}'}}
sites:
  - routes:
      - proxy: { to: u, tls: { certificate: c.pem, key: k.pem } }
        request_headers: { set: { Authorization: Bearer hunter2, Cookie: session=hunter2 } }
`;
  const directory = folderWith(t, { "propylon.yaml": text, "c.pem": "", "k.pem": "" });
  const shown = explain(null, { file: ".", profile: null, environment: {}, directory });
  assert.match(shown, /key: "\{arg_id\}"/);
  assert.match(shown, /key: k\.pem/);
  assert.doesNotMatch(shown, /hunter2/);
});

test("a setting within a route is explained, however deep it is", (t) => {
  const text = "sites: [{order: nginx, routes: [{prefix: /a, routes: [{prefix: /a/b, proxy: {to: 'http://a'}}]}]}]\n";
  const directory = folderWith(t, { "propylon.yaml": text });
  const shown = explain("sites[0].routes[0].routes[0].proxy.read_timeout", {
    file: ".",
    profile: null,
    environment: {},
    directory,
  });
  assert.match(shown, /60s/);
  assert.match(shown, /Between two reads of the response/);
});

test("an app's python is explained with the interpreter in use and why it is that one", (t) => {
  const found = explained(t, "apps.person.python", { environment: { PATH: process.env["PATH"] } });
  assert.match(found, /^apps\.person\.python is not set\n/);
  assert.match(found, /^ {2}in use {3}\/.*python3[\d.]*, Python 3\.\d+\.\d+ \(python3 on PATH\)$/m);
  assert.match(explained(t, "apps.person.python"), /^ {2}in use {3}none: No python3 on PATH/m);
});
