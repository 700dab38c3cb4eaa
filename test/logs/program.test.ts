import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { folder, run, start, until } from "../support/instance.ts";

const CONFIG = `
listeners: [{ address: "127.0.0.1:0" }]
log: { path: ./own.log, level: info }
log_formats:
  short: "{host} {request_uri} {status}"
  record: { json: { path: "{uri}", status: "{status}", type: "{sent_http_content_type}" } }
variables:
  loud: { from: "{status}", patterns: [{ match: "^[45]", value: "1" }], default: "0" }
access_log:
  - { path: ./all.log, format: short }
  - { path: ./errors.log, format: record, when: { value: "{loud}" } }
sites:
  - hosts: [one.test]
    routes:
      - { exact: /quiet, respond: quiet, logged: false }
      - { exact: /own, respond: own, access_log: { path: ./route.log, format: short } }
      - { exact: /none, respond: none, access_log: false }
      - { exact: /gone, respond: { status: 410, body: gone } }
      - { respond: one }
  - hosts: [two.test]
    access_log: { path: ./two.log, format: short }
    routes:
      - { exact: /quiet, respond: quiet, logged: false }
      - { respond: two }
`;

test("each site and route has the logs that its configuration names, and conditions see how it ended", {
  timeout: 30_000,
}, async (t) => {
  const cwd = folder(t, { "propylon.yaml": CONFIG });
  const instance = start(t, ["run"], { cwd });
  const get = (host: string, target: string) => instance.get(target, { headers: { Host: host } });
  const lines = (name: string): string[] => {
    const file = path.join(cwd, name);
    return fs.existsSync(file) ? fs.readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
  };
  for (const target of ["/a", "/quiet", "/own", "/none", "/gone"]) await get("one.test", target);
  for (const target of ["/b", "/quiet"]) await get("two.test", target);
  await get("one.test", "/last");
  await until(() => lines("all.log").length === 3 && lines("two.log").length === 1);
  assert.deepEqual(lines("all.log"), ["one.test /a 200", "one.test /gone 410", "one.test /last 200"]);
  assert.deepEqual(lines("two.log"), ["two.test /b 200"]);
  assert.deepEqual(lines("route.log"), ["one.test /own 200"]);
  assert.deepEqual(
    lines("errors.log").map((line) => JSON.parse(line) as unknown),
    [{ path: "/gone", status: 410, type: "text/plain; charset=utf-8" }],
  );

  // Our own log is in its file, and is opened anew with the others.
  assert.match(fs.readFileSync(path.join(cwd, "own.log"), "utf8"), / info main: ready /);
  assert.doesNotMatch(instance.output.err, / info /);
  for (const name of ["own.log", "two.log"]) fs.renameSync(path.join(cwd, name), path.join(cwd, `${name}.old`));
  instance.process.kill("SIGUSR1");
  await until(
    () =>
      lines("two.log").length === 0 &&
      fs.existsSync(path.join(cwd, "two.log")) &&
      fs.existsSync(path.join(cwd, "own.log")),
  );
  await get("two.test", "/after");
  instance.process.kill("SIGTERM");
  await instance.exited;
  assert.deepEqual(lines("two.log"), ["two.test /after 200"]);
  assert.match(lines("own.log").at(-1)!, / info main: stopped$/);
});

test("what contradicts itself in logs is told at its place", async (t) => {
  const cwd = folder(t, {
    "propylon.yaml": `
log_formats: { short: "{hots}", none: {}, json: "{status}", two: { text: "a", json: { a: b } } }
access_log: [{ path: a.log, rotate_size: 1MB }, { path: a.log }, { format: shrt }, { syslog: "udp:host:99999" }]
sites: [{ routes: [{ respond: x, access_log: { path: b.log, journald: true } }, { path: /s, respond: "{app}" }] }]
`,
  });
  const { code, out, err } = await run(["check"], cwd);
  assert.equal(code, 1);
  for (const expected of [
    /2:\d+: log_formats\.short\S*: there is no variable \{hots\}\n {2}did you mean \{host\}\?/,
    /2:\d+: log_formats\.none: a log format has either text or json/,
    /2:\d+: log_formats\.two: a log format has either text or json/,
    /2:\d+: log_formats\.json: the format json is there already/,
    /3:\d+: access_log\[1\]: the file \S+a\.log is rotated in two ways/,
    /3:\d+: access_log\[2\]\.format: there is no log format shrt\n {2}did you mean "short"\?/,
    /3:\d+: access_log\[3\]\.syslog: 99999 is not a port/,
    /4:\d+: sites\[0\]\.routes\[0\]\.access_log\.journald: path and journald exclude each other/,
    /4:\d+: sites\[0\]\.routes\[1\]\.respond\S*: there is no variable \{app\}/,
  ])
    assert.match(out + err, expected);
});
