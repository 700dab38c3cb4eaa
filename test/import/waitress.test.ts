import assert from "node:assert/strict";
import { test } from "node:test";
import type { Reading } from "../../src/import/reading.ts";
import type { Plain } from "../../src/import/tree.ts";
import { readWaitress } from "../../src/import/waitress/read.ts";
import { machine } from "./machine.ts";

function command(...words: string[]): Reading {
  return readWaitress({ kind: "waitress", form: "command", words, place: { file: "command" } }, machine());
}

function appOf({ settings }: Reading): Plain {
  return Object.values(settings.apps ?? {})[0] as Plain;
}

test("one process with four threads serves the app, as waitress does", () => {
  const reading = command("--listen=*:5000", "app:app");
  assert.deepEqual(appOf(reading), { wsgi: "app:app", directory: "/srv/app", workers: 1, threads: 4 });
  assert.deepEqual(
    reading.doors.map(({ address }) => address),
    ["*:5000"],
  );
});

for (const [words, addresses] of [
  [[], ["0.0.0.0:8080"]],
  [["--port", "80"], ["0.0.0.0:80"]],
  [["--host=127.0.0.1", "--port=1"], ["127.0.0.1:1"]],
  [
    ["--listen=127.0.0.1:1 [::1]:2", "--listen", "x:3"],
    ["127.0.0.1:1", "[::1]:2", "x:3"],
  ],
  [["--unix-socket=run/app.sock"], ["unix:/srv/app/run/app.sock"]],
] as const)
  test(`waitress-serve ${words.join(" ")} listens on ${addresses.join(" and ")}`, () => {
    assert.deepEqual(
      command(...words, "app:app").doors.map(({ address }) => address),
      addresses,
    );
  });

test("a factory is called, threads and permissions are taken", () => {
  const reading = command(
    "--threads",
    "8",
    "--unix-socket",
    "/run/a.sock",
    "--unix-socket-perms=660",
    "--call",
    "shop:create",
  );
  assert.equal(appOf(reading)["wsgi"], "shop:create()");
  assert.equal(appOf(reading)["threads"], 8);
  assert.equal(reading.doors[0]!.mode, 0o660);
});

test("a prefix mounts the app in a site of its own", () => {
  const { settings } = command("--listen=*:1", "--url-prefix=/shop/", "app:app");
  assert.deepEqual(settings.sites, [
    { listeners: ["*:1"], routes: [{ path: "/shop", mount: "/shop", app: Object.keys(settings.apps!)[0] }] },
  ]);
  const socket = command("--unix-socket=a.sock", "--unix-socket-perms=660", "--url-prefix=x", "app:app").settings;
  assert.deepEqual(socket.listeners, [{ address: "unix:/srv/app/a.sock", mode: "0660", unlink: false }]);
});

test("every option is in the report, and tracebacks are shown only where asked for", () => {
  const reading = command(
    "--no-expose-tracebacks",
    "--recv-bytes=9",
    "--trusted-proxy=127.0.0.1",
    "--ident",
    "x",
    "app:app",
  );
  assert.deepEqual(
    reading.directives.map(({ name, verdict }) => [name, verdict]),
    [
      ["--no-expose-tracebacks", "ignored"],
      ["--recv-bytes", "ignored"],
      ["--trusted-proxy", "mapped"],
      ["--ident", "ignored"],
      ["app:app", "mapped"],
    ],
  );
  assert.equal(appOf(reading)["tracebacks"], undefined);
});

for (const [words, message] of [
  [["--lisen=*:1", "a:b"], /--lisen is no option of waitress-serve\n {2}did you mean "listen"\?/],
  [["--listen"], /--listen needs a value/],
  [["--call=yes", "a:b"], /--call takes no value/],
  [["a:b", "c:d"], /"c:d" is one too many/],
  [["--listen=*:1"], /is given no app/],
  [["-l"], /"-l" is no option/],
] as const)
  test(`waitress-serve ${words.join(" ")} is refused`, () => {
    assert.throws(() => command(...words), { name: "PropylonError", message });
  });
