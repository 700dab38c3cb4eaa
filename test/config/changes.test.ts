import assert from "node:assert/strict";
import { test } from "node:test";
import { changes, describeChanges } from "../../src/config/changes.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/model.ts";

function config(document: unknown): Config {
  return loadConfig({ file: null, document, profile: null, environment: {}, flags: {}, directory: "/" }).config;
}

const BASE = {
  listeners: ["127.0.0.1:1", "unix:/run/a.sock"],
  apps: { a: { wsgi: "a:a", workers: 1, environment: { X: "1" } }, b: { wsgi: "b:b", workers: 1 } },
  sites: [{ routes: [{ path: "/b", app: "b" }, { app: "a" }] }],
};

test("the same configuration has no changes", () => {
  const found = changes(config(BASE), config(structuredClone(BASE)));
  assert.deepEqual(found, {
    listeners: { added: [], removed: [], changed: [] },
    apps: { added: [], removed: [], changed: [] },
    programs: { added: [], removed: [], changed: [] },
    rest: [],
  });
  assert.deepEqual(describeChanges(found), []);
});

test("changes of listeners, apps and everything else are told apart", () => {
  const after = {
    listeners: ["127.0.0.1:2", "unix:/run/a.sock"],
    apps: {
      a: { wsgi: "a:a", workers: 2, start_timeout: "5s", environment: { X: "2" } },
      c: { wsgi: "c:c", workers: 1 },
    },
    sites: [{ routes: [{ path: "/c", app: "c" }, { app: "a" }] }],
    access_log: "-",
  };
  const found = changes(config(BASE), config(after));
  assert.deepEqual(
    found.listeners.added.map(({ address }) => address),
    ["127.0.0.1:2"],
  );
  assert.deepEqual(
    found.listeners.removed.map(({ address }) => address),
    ["127.0.0.1:1"],
  );
  assert.deepEqual(found.apps, {
    added: ["c"],
    removed: ["b"],
    changed: [{ name: "a", keys: ["workers", "environment", "startTimeout"] }],
  });
  assert.deepEqual(found.rest, ["sites", "accessLog"]);
  assert.deepEqual(describeChanges(found), [
    "listener 127.0.0.1:1 removed",
    "listener 127.0.0.1:2 added",
    "app b removed",
    "app c added",
    "app a: workers, environment, start_timeout",
    "sites",
    "access_log",
  ]);
});

test("a Unix socket with another mode is made anew, a TCP listener has none", () => {
  const withMode = (mode: string): Config =>
    config({
      ...BASE,
      listeners: [
        { address: "127.0.0.1:1", mode },
        { address: "unix:/run/a.sock", mode },
      ],
    });
  const { added, removed } = changes(withMode("0600"), withMode("0660")).listeners;
  assert.deepEqual(
    [added.map(({ address }) => address), removed.map(({ address }) => address)],
    [["unix:/run/a.sock"], ["unix:/run/a.sock"]],
  );
});

test("a listener with another protocol keeps its socket, and says so", () => {
  const speaking = (protocol: string): Config =>
    config({
      ...BASE,
      listeners: [
        { address: "127.0.0.1:1", protocol },
        { address: "unix:/run/a.sock", protocol },
      ],
    });
  const found = changes(speaking("http"), speaking("uwsgi"));
  assert.deepEqual([found.listeners.added, found.listeners.removed], [[], []]);
  assert.deepEqual(describeChanges(found), ["listener 127.0.0.1:1: uwsgi", "listener unix:/run/a.sock: uwsgi"]);
});

test("other upstreams and variables are told", () => {
  const upstreams = { u: { targets: ["127.0.0.1:1"] } };
  const after = config({ ...BASE, upstreams, variables: { v: { from: "{host}" } } });
  assert.deepEqual(describeChanges(changes(config(BASE), after)), ["variables", "upstreams"]);
});

test("the order of keys is no change", () => {
  const { apps } = BASE;
  assert.deepEqual(
    describeChanges(changes(config(BASE), config({ ...BASE, apps: { b: apps.b, a: { ...apps.a, workers: 1 } } }))),
    [],
  );
});
