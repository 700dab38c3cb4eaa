// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${...} in plain text is what is tested here
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { describe } from "../../src/base/errors.ts";
import { inspectConfig } from "../../src/config/load.ts";
import { folderWith } from "./files.ts";

const APP = "apps: {a: {wsgi: 'a:a'}}\n";

/** A configuration and the problems that it must have, all of them. */
const CASES: Readonly<Record<string, readonly [string, readonly string[]]>> = {
  "an unknown key, with what was meant": [
    `${APP}listener: ['*:80']\n`,
    ['2:1: listener: unknown key\n  did you mean "listeners"?'],
  ],
  "a timeout of a route": [
    "sites: [{routes: [{path: /a, respond: x, timeout: 5s}]}]",
    [
      "1:42: sites[0].routes[0].timeout: unknown key\n  write deadline for an app, and read_timeout in the section of a proxy",
    ],
  ],
  "a log in a folder that is not there": [
    `${APP}access_log: gone/access.log\n`,
    ["2:13: access_log: there is no folder DIR/gone\n  make it: mkdir -p DIR/gone"],
  ],
  "our own log in a folder that is not there": [
    `${APP}log: {path: gone/own.log}\n`,
    ["2:13: log.path: there is no folder DIR/gone\n  make it: mkdir -p DIR/gone"],
  ],
  "an unknown key that resembles none, with the keys there": [
    "apps: {a: {wsgi: 'a:a', queue: {zzz: 1}}}",
    ["1:33: apps.a.queue.zzz: unknown key\n  the keys here are size, timeout"],
  ],
  "a key of a later version": [`${APP}stats: {x: y}\n`, ["2:1: stats: not supported by this version"]],
  "a later key within a route": [
    "sites: [{routes: [{middleware: blog, respond: x}]}]",
    ["1:20: sites[0].routes[0].middleware: not supported by this version"],
  ],
  "a merge key": [
    "apps: {a: {wsgi: 'a:a', <<: {threads: 2}}}",
    ['1:25: apps.a."<<": merge keys are not YAML 1.2\n  use an alias for a whole section, or a profile'],
  ],
  "a wrong kind of value": [
    "apps: {a: {wsgi: 'a:a', threads: four}}",
    ['1:34: apps.a.threads: expected a whole number from 1 to 1024, got "four"'],
  ],
  "a section where one value belongs": [
    "apps: {a: {wsgi: 'a:a', threads: {x: 1}}}",
    ["1:34: apps.a.threads: expected a number, got a section"],
  ],
  "one value where a section belongs": ["apps: {a: 4}", ["1:11: apps.a: expected a section with keys, got 4"]],
  "a value where a list belongs": [`${APP}sites: x\n`, ['2:8: sites: expected a list, got "x"']],
  "a list where one value or a section belongs": [
    `${APP}listeners: [[x]]\n`,
    ["2:13: listeners[0]: expected an address or a section with keys, got a list"],
  ],
  "a value that fits none of several short forms": [
    `${APP}access_log: 1\n`,
    ["2:13: access_log: expected false or a path, got 1"],
  ],
  "a document that is no section": ["- a\n", ["1:1: expected a section with keys, got a list"]],
  "a bad duration": [
    `${APP}timeouts: {head: 5 minutes}\n`,
    ['2:18: timeouts.head: expected a duration such as 30s, 1m or 500ms, got "5 minutes"'],
  ],
  "a bad size": [
    `${APP}limits: {body: lots}\n`,
    ['2:16: limits.body: expected a size such as 64KB, 10MB or a number of bytes, got "lots"'],
  ],
  "bad permission bits": [
    "apps: {a: {wsgi: 'a:a', umask: 999}}",
    ['1:32: apps.a.umask: expected permission bits in octal such as "0660", got 999'],
  ],
  "a bad address": [
    `${APP}listeners: ['8000']\n`,
    [
      '2:13: listeners[0]: "8000" is a port alone; write 127.0.0.1:8000 for this machine only, or *:8000 for every network; expected host:port such as 127.0.0.1:8000 or *:80, or unix:/path',
    ],
  ],
  "a bad address in the long form": [
    `${APP}listeners: [{address: x}]\n`,
    [
      '2:23: listeners[0].address: "x" is not an address; expected host:port such as 127.0.0.1:8000 or *:80, or unix:/path',
    ],
  ],
  "an admin that is a Unix socket": [
    `${APP}admin: unix:/x\n`,
    ['2:8: admin: expected host:port, got "unix:/x"\n  the control API has a Unix socket of its own, always'],
  ],
  "a missing required setting": [
    "sites: [{routes: [{static: {index: x}}]}]",
    ["1:20: sites[0].routes[0].static.root: missing: expected a path"],
  ],
  "the same listener twice": [
    `${APP}listeners: ['127.0.0.1:80', '127.0.0.1:80']\n`,
    ["2:29: listeners[1]: 127.0.0.1:80 is listened on twice\n  the first is at propylon.yaml:2:13"],
  ],
  "a listener that another includes": [
    `${APP}listeners: ['*:80', '127.0.0.1:80']\n`,
    ["2:21: listeners[1]: 127.0.0.1:80 is listened on twice\n  the first is at propylon.yaml:2:13"],
  ],
  "a socket path that is too long": [
    `${APP}listeners: ['unix:/${"x".repeat(120)}']\n`,
    ["2:13: listeners[0]: the path of this Unix socket has 121 bytes; the system takes at most 107"],
  ],
  "a name that no app can have": [
    "apps: {a/b: {wsgi: 'a:a'}}",
    ['1:8: apps."a/b": "a/b" is not a name for an app: letters, digits, - and _, at most 48'],
  ],
  "an app without anything to load": [
    "apps: {a: {threads: 2}}",
    [
      "1:8: apps.a: neither wsgi, asgi nor script says what to load\n  write wsgi: module:attribute, such as app:app, asgi: module:attribute, or script: ./app.wsgi",
    ],
  ],
  "an app with two things to load": [
    "apps: {a: {wsgi: 'a:a', script: here.wsgi}}",
    ["1:25: apps.a.script: wsgi and script exclude each other"],
  ],
  "a callable without a script": [
    "apps: {a: {wsgi: web, callable: app}}",
    ["1:23: apps.a.callable: only a script has a callable\n  write it into wsgi: web:app"],
  ],
  "a target that is no Python name": ["apps: {a: {wsgi: app.py}}", []],
  "a target with a slash": [
    "apps: {a: {wsgi: web/app.py}}",
    ['1:18: apps.a.wsgi: expected module:attribute such as app:app or mysite.wsgi:application, got "web/app.py"'],
  ],
  "a script that is not there": [
    "apps: {a: {script: gone.wsgi}}",
    ["1:20: apps.a.script: there is no file DIR/gone.wsgi"],
  ],
  "a folder that is not there": [
    "apps: {a: {wsgi: 'a:a', directory: gone}}",
    ["1:36: apps.a.directory: there is no folder DIR/gone"],
  ],
  "a secret that is not there": [
    "apps: {a: {wsgi: 'a:a', environment: {S: {file: gone}}}}",
    ["1:49: apps.a.environment.S.file: cannot read DIR/gone: there is no such file"],
  ],
  "an environment file that is not there": [
    "apps: {a: {wsgi: 'a:a', env_file: gone}}",
    ["1:35: apps.a.env_file: cannot read DIR/gone: there is no such file"],
  ],
  "a line of an environment file that is none": [
    "apps: {a: {wsgi: 'a:a', env_file: bad.env}}",
    ['DIR/bad.env:2: "what" is not NAME=value'],
  ],
  "a static folder that is not there": [
    "sites: [{routes: [{static: gone}]}]",
    ["1:28: sites[0].routes[0].static: there is no folder DIR/gone"],
  ],
  "a route to an unknown app": [
    "apps: {person: {wsgi: 'a:a'}}\nsites: [{routes: [{app: persn}, {app: person}]}]",
    ['2:25: sites[0].routes[0].app: there is no app "persn"\n  did you mean "person"?'],
  ],
  "a route named like a method of objects": [
    `${APP}sites: [{routes: [{app: constructor}, {app: a}]}]`,
    ['2:25: sites[0].routes[0].app: there is no app "constructor"\n  the apps are a'],
  ],
  "two handlers in a route": [
    `${APP}sites: [{routes: [{app: a, respond: x}]}]`,
    [
      "2:28: sites[0].routes[0].respond: a route has one handler, this one has app and respond\n  make two routes of it",
    ],
  ],
  "a route without a handler": [
    "sites: [{routes: [{path: /x}]}]",
    [
      "1:19: sites[0].routes[0]: nothing answers this route\n  give it one of app, static, proxy, cgi, redirect, respond, fail, goto, try",
    ],
  ],
  "two matches in a route": [
    "sites: [{routes: [{path: /x, exact: /x, respond: x}]}]",
    ["1:30: sites[0].routes[0].exact: path and exact exclude each other\n  keep one of them"],
  ],
  "a path without a slash": [
    "sites: [{routes: [{path: x, respond: x}]}]",
    ['1:26: sites[0].routes[0].path: expected a URL path such as /static/ (with a slash in front), got "x"'],
  ],
  "a mount without a slash": [
    `${APP}sites: [{routes: [{path: /x, app: a, mount: x}]}]`,
    ['2:45: sites[0].routes[0].mount: expected a URL path such as /wps (with a slash in front), got "x"'],
  ],
  "a mount that is not in the path": [
    `${APP}sites: [{routes: [{path: /wps, app: a, mount: /wp}]}]`,
    [
      '2:47: sites[0].routes[0].mount: "/wp" is not the beginning of the route\'s path "/wps"\n  write mount: /wps, or leave it out',
    ],
  ],
  "a mount without an app": [
    "sites: [{routes: [{path: /x, mount: /x, respond: x}]}]",
    ["1:30: sites[0].routes[0].mount: only a route to an app has a mount"],
  ],
  "a regex that does not compile": [
    "sites: [{routes: [{regex: '(a', respond: x}]}]",
    ['1:27: sites[0].routes[0].regex: "(a" is not a regular expression: Unterminated group'],
  ],
  "a host named twice": [
    "sites: [{hosts: a.org, routes: [{respond: x}]}, {hosts: [A.org.], routes: [{respond: x}]}]",
    ['1:58: sites[1].hosts[0]: the host "a.org" is named twice\n  the first is at propylon.yaml:1:17'],
  ],
  "a host with a port": [
    "sites: [{hosts: ['a.org:80'], routes: [{respond: x}]}]",
    ['1:18: sites[0].hosts[0]: expected a host name such as example.org or *.example.org, got "a.org:80"'],
  ],
  "a header that would split the response": [
    'sites: [{routes: [{respond: {headers: {X: "a\\r\\nb: c"}}}]}]',
    ['1:43: sites[0].routes[0].respond.headers.X: expected a header value such as no-store, got "a\\r\\nb: c"'],
  ],
  "a header that the server writes": [
    "sites: [{routes: [{respond: {headers: {Content-Length: 5}}}]}]",
    ["1:40: sites[0].routes[0].respond.headers.Content-Length: the server writes this field itself"],
  ],
  "a redirect with a status of another kind": [
    "sites: [{routes: [{redirect: {to: /x, status: 200}}]}]",
    ["1:47: sites[0].routes[0].redirect.status: expected one of 301, 302, 303, 307, 308, got 200"],
  ],
  "a redirect over two lines": [
    'sites: [{routes: [{redirect: "/x\\r\\nA: b"}]}]',
    ['1:30: sites[0].routes[0].redirect: "/x\r\nA: b" is not a URL or path'],
  ],
  "a body where none may be": [
    "sites: [{routes: [{respond: {status: 204, body: x}}]}]",
    ["1:49: sites[0].routes[0].respond.body: an answer with status 204 has no body"],
  ],
  "several apps and no sites": [
    "apps: {a: {wsgi: 'a:a'}, b: {wsgi: 'b:b'}}",
    [
      "1:1: apps: there are 2 apps (a, b) and no sites that say which one answers\n  add sites: [{routes: [{path: /b, app: b}, {app: a}]}]",
    ],
  ],
  "nothing to serve": [
    "{}",
    [" There is nothing to serve: neither apps nor sites\n  add an app, such as apps: {web: {wsgi: app:app}}"],
  ],
  "profiles within a profile": [
    `${APP}profiles: {p: {profiles: {q: {}}}}`,
    ["2:16: profiles: profiles stand at the top of the file only (in profile p)"],
  ],
  "an unset variable, without the echo of its emptiness": [
    `${APP}listeners: ['127.0.0.1:\${NOPE}']\n`,
    ["2:13: listeners[0]: The environment variable NOPE is not set\n  set it, or give a default: ${NOPE:value}"],
  ],
  "a prototype as a key": [
    "__proto__: {x: 1}\napps: {a: {wsgi: 'a:a'}}\n",
    [
      "1:1: __proto__: unknown key\n  the keys here are listeners, admin, admin_token, admin_metrics, uwsgi_stats, user, group, apps, programs, variables, upstreams, sites, rate_limits, concurrency_limits, trusted_proxies, unknown_hosts, limits, timeouts, static, caches, log_formats, access_log, request_id, log, profiles",
    ],
  ],
};

for (const [name, [text, expected]] of Object.entries(CASES)) {
  test(`${name} is ${expected.length === 0 ? "taken" : "refused at its place"}`, (t) => {
    const directory = folderWith(t, { "propylon.yaml": text, "here.wsgi": "", "bad.env": "A=1\nwhat\n" });
    const profile = name.includes("within a profile") ? "p" : null;
    const { errors, loaded } = inspectConfig({ file: ".", profile, environment: {}, flags: {}, directory });
    const found = errors.map((error) =>
      describe(error)
        .replaceAll(`${directory}/bad.env`, "DIR/bad.env")
        .replace(/^propylon\.yaml:/, "")
        .replaceAll(directory, "DIR"),
    );
    assert.deepEqual(found, expected);
    assert.equal(loaded === null, expected.length > 0);
  });
}

test("all problems of a file are shown together, in its order", (t) => {
  const directory = folderWith(t, {
    "propylon.yaml":
      "listener: x\napps:\n  a: {wsgi: 'a:a', threads: x, worker: 2, directory: gone}\n  b: {}\nsites:\n  - routes:\n      - {path: /b, app: b}\n      - {app: c}\n      - {static: {rot: x}}\n",
  });
  const { errors } = inspectConfig({ file: ".", profile: null, environment: {}, flags: {}, directory });
  assert.deepEqual(
    errors.map(({ place, message }) => [place?.line, message.split(": ")[0]]),
    [
      [1, "listener"],
      [3, "apps.a.threads"],
      [3, "apps.a.worker"],
      [3, "apps.a.directory"],
      [4, "apps.b"],
      [8, "sites[0].routes[1].app"],
      [9, "sites[0].routes[2].static.root"],
      [9, "sites[0].routes[2].static.rot"],
    ],
  );
});

test("what is only risky or useless is a warning", (t) => {
  const routes = [
    "{regex: '(a+)+$', respond: x}",
    "{path: /a//b, respond: x}",
    "{exact: /a/.., respond: x}",
    "{path: /a/b, proxy: {to: 'http://127.0.0.1:1', path: '/x{uri}'}}",
  ];
  const text = `${APP}sites: [{routes: [\n  ${routes.join(",\n  ")}]}]\n`;
  const { warnings, loaded } = inspectConfig({
    file: ".",
    profile: null,
    environment: {},
    flags: {},
    directory: folderWith(t, { "propylon.yaml": text }),
  });
  assert.ok(loaded);
  assert.deepEqual(warnings.map(describe), [
    'propylon.yaml:3:11: sites[0].routes[0].regex: "(a+)+$" repeats what already repeats, so a hostile path could keep it busy for very long\n  let only one of the two repeat',
    'propylon.yaml:4:10: sites[0].routes[1].path: paths are compared without //, . and .., so a request never fits "/a//b"',
    'propylon.yaml:5:11: sites[0].routes[2].exact: paths are compared without //, . and .., so a request never fits "/a/.."',
    "propylon.yaml:6:56: sites[0].routes[3].proxy.path: the rest of the path and the query follow what its variables bring already\n  write strip: all if path is the whole of what is asked for",
    "propylon.yaml:1:8: apps.a: no route leads to this app\n  add a route, such as {path: /a, app: a}",
  ]);
});

test("a file that is missing, a folder's absent propylon.yaml and bytes that are no text are named", (t) => {
  const directory = folderWith(t, { "sub/": "" });
  writeFileSync(join(directory, "latin1.yaml"), Buffer.from("apps: {\xe9: 1}\n", "latin1"));
  const inspect = (file: string): string =>
    inspectConfig({ file, profile: null, environment: {}, flags: {}, directory }).errors.map(describe).join("\n");
  assert.equal(inspect("gone.yaml"), `Cannot read ${directory}/gone.yaml: there is no such file`);
  assert.equal(inspect("sub"), `Cannot read ${directory}/sub/propylon.yaml: there is no such file`);
  assert.equal(inspect("latin1.yaml"), "latin1.yaml: This file is not UTF-8 text");
});
