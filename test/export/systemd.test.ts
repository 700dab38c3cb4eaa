import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { PropylonError } from "../../src/base/errors.ts";
import { systemdUnit, type UnitOptions } from "../../src/export/systemd.ts";
import { folder } from "../support/instance.ts";
import { configOf } from "./config.ts";

const SHOP = { apps: { shop: { wsgi: "shop:app" } } };
const OPTIONS: UnitOptions = {
  name: "shop",
  command: "/opt/propylon/bin/propylon",
  file: "/srv/shop/propylon.yaml",
  user: "www-data",
  writable: [],
};

function unit(
  document: Readonly<Record<string, unknown>> = {},
  options: Partial<UnitOptions> = {},
  directory = "/srv/shop",
): string {
  return systemdUnit(configOf({ ...SHOP, ...document }, directory), { ...OPTIONS, ...options });
}

function values(text: string, key: string): readonly string[] {
  return text.split("\n").flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1)] : []));
}

test("a unit runs the configuration as an ordinary user, tells systemd when it is ready, and is watched", () => {
  const text = unit();
  assert.deepEqual(values(text, "ExecStart"), ["/opt/propylon/bin/propylon run /srv/shop/propylon.yaml"]);
  assert.deepEqual(values(text, "ExecReload"), ["/opt/propylon/bin/propylon reload --directory /srv/shop"]);
  for (const line of ["Type=notify", "WatchdogSec=30", "Restart=on-failure", "KillMode=mixed", "User=www-data"])
    assert.ok(text.includes(`\n${line}\n`), line);
  for (const line of ["NoNewPrivileges=yes", "PrivateTmp=yes", "ProtectSystem=strict", "StandardError=journal"])
    assert.ok(text.includes(`\n${line}\n`), line);
});

test("the capability for low ports is given where a listener or the admin address needs it, and else none", () => {
  assert.deepEqual(values(unit(), "AmbientCapabilities"), []);
  assert.deepEqual(values(unit(), "CapabilityBoundingSet"), [""]);
  assert.deepEqual(values(unit({ listeners: ["*:1024"] }), "AmbientCapabilities"), []);
  for (const document of [{ listeners: ["*:8000", "*:443"] }, { admin: "127.0.0.1:900" }]) {
    const text = unit(document);
    assert.deepEqual(values(text, "AmbientCapabilities"), ["CAP_NET_BIND_SERVICE"]);
    assert.deepEqual(values(text, "CapabilityBoundingSet"), ["CAP_NET_BIND_SERVICE"]);
  }
});

test("folders of logs, sockets, apps and programs can be written in, each once, and system folders not for an app's sake", () => {
  const text = unit(
    {
      listeners: ["unix:/run/shop/app.sock"],
      access_log: "/var/log/access.log",
      programs: {
        worker: { command: "work", stdout: { file: "/var/log/shop/worker.log" }, directory: "/" },
        many: { command: "m", instances: 2, stdout: { file: "/var/log/many/{instance}/out.log" } },
        cron: { command: "cron", directory: "/srv/shop/jobs" },
      },
    },
    { writable: ["/srv/uploads"] },
  );
  assert.deepEqual(values(text, "ReadWritePaths"), ["-/run/shop", "-/srv/shop", "-/srv/uploads", "-/var/log"]);
});

test("a socket in /tmp is in everybody's /tmp", () => {
  const text = unit({ listeners: ["unix:/tmp/shop.sock"] });
  assert.deepEqual(values(text, "PrivateTmp"), ["no"]);
  assert.ok(values(text, "ReadWritePaths").includes("-/tmp"));
});

test("one account that the configuration names is the unit's; several make main root with what that takes", () => {
  const one = unit({ user: "shop", apps: { shop: { wsgi: "shop:app", user: "shop" } } });
  assert.deepEqual(values(one, "User"), ["shop"]);
  const group = unit({ user: "shop", group: "web" });
  assert.deepEqual([values(group, "User"), values(group, "Group")], [["shop"], ["web"]]);
  const several = unit({ user: "www-data", apps: { shop: { wsgi: "shop:app", user: "shop" } } });
  assert.deepEqual(values(several, "User"), []);
  assert.deepEqual(values(several, "RuntimeDirectory"), ["propylon"]);
  assert.match(values(several, "CapabilityBoundingSet")[0]!, /CAP_SETUID/);
  const socket = unit({ user: "shop", listeners: [{ address: "unix:/run/shop.sock", group: "www-data" }] });
  assert.deepEqual(values(socket, "User"), [], "only root gives a socket to another group");
  assert.deepEqual(values(unit({}, { user: "root" }), "CapabilityBoundingSet").length, 1);
  assert.match(values(unit({}, { user: "root" }), "CapabilityBoundingSet")[0]!, /CAP_SETUID/);
});

test("systemd waits for as long as the configuration lets a start and a stop take", () => {
  const text = unit({
    timeouts: { drain: "20s" },
    apps: { shop: { wsgi: "shop:app", start_timeout: "10s", stop_timeout: "30s" } },
    programs: { a: { command: "a", stop_timeout: "1s" }, b: { command: "b", stop_timeout: "2s" } },
  });
  assert.deepEqual(values(text, "TimeoutStopSec"), ["58"]);
  assert.deepEqual(values(text, "TimeoutStartSec"), ["80"]);
  const waits = unit({ programs: { a: { command: "a" } }, apps: { shop: { wsgi: "shop:app", after: ["a"] } } });
  assert.deepEqual(values(waits, "TimeoutStartSec"), ["infinity"]);
});

test("an address of one network waits until that is up", () => {
  assert.match(unit({ listeners: ["192.0.2.1:8000"] }), /\nWants=network-online\.target\n/);
  assert.doesNotMatch(unit({ listeners: ["*:8000", "[::1]:8002", "127.0.0.1:8001"] }), /network-online/);
});

test("blanks, quotes, dollars, percents and backslashes stay within their word", () => {
  const text = unit({}, { file: '/srv/a "b" $c $d %n \\e;f/propylon.yaml' }, '/srv/a "b" $c %n');
  assert.deepEqual(values(text, "ExecStart"), [
    String.raw`/opt/propylon/bin/propylon run "/srv/a \"b\" $$c $$d %%n \\e;f/propylon.yaml"`,
  ]);
  assert.deepEqual(values(text, "WorkingDirectory"), ['/srv/a "b" $c %%n']);
  assert.deepEqual(values(text, "ReadWritePaths"), [String.raw`-"/srv/a \"b\" $c %%n"`]);
  assert.deepEqual(values(unit({}, { file: "/srv/;" }), "ExecStart"), ['/opt/propylon/bin/propylon run "/srv/;"']);
});

test("what would end a line, or a setting, is refused", () => {
  for (const file of ["/srv/a\nUser=root", "/srv/a\rb", "/srv/a\0", "/srv/a\u2028b"])
    assert.throws(() => unit({}, { file }), PropylonError, JSON.stringify(file));
  assert.throws(() => unit({}, {}, "/srv/a\\"), PropylonError);
  assert.throws(() => unit({}, {}, "/srv/a "), PropylonError);
  assert.throws(() => unit({}, { command: '/opt/a "b"/bin/propylon' }), PropylonError);
  assert.throws(() => unit({}, { user: "a\nExecStartPre=/bin/evil" }), PropylonError);
});

test("systemd finds nothing wrong with any of them", (t) => {
  const found = spawnSync("systemd-analyze", ["--version"]);
  if (found.error !== undefined) return t.skip("needs systemd-analyze");
  // Commands and folders that exist: verify looks for the former.
  const root = folder(t, { "a b $c %n/bin/propylon": "#!/bin/sh\n", 'd "e"/propylon.yaml': "" });
  const odd = path.join(root, "a b $c %n");
  fs.chmodSync(path.join(odd, "bin", "propylon"), 0o755);
  const command = path.join(odd, "bin", "propylon");
  const units = {
    plain: unit({}, { command: "/bin/true" }),
    low: unit({ listeners: ["192.0.2.1:80"], access_log: "/var/log/a b.log" }, { command: "/bin/true" }),
    root: unit({ user: "www-data", apps: { shop: { wsgi: "shop:app", user: "root" } } }, { command: "/bin/true" }),
    odd: unit(
      {},
      { command, file: path.join(root, 'd "e"', "propylon.yaml"), writable: [odd] },
      path.join(root, 'd "e"'),
    ),
  };
  for (const [name, text] of Object.entries(units)) {
    const file = path.join(root, `${name}.service`);
    fs.writeFileSync(file, text);
    const verified = spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" });
    assert.equal(verified.stderr + verified.stdout, "", name);
    assert.equal(verified.status, 0, name);
  }
  const broken = path.join(root, "broken.service");
  fs.writeFileSync(broken, units.plain.replace("ProtectHome=read-only", "ProtectHome=perhaps"));
  assert.throws(() => {
    const said = execFileSync("sh", ["-c", 'systemd-analyze verify --man=no "$1" 2>&1', "sh", broken], {
      encoding: "utf8",
    });
    assert.equal(said, "");
  }, "a wrong value is found");
});
