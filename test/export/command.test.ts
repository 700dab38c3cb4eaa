import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { folder } from "../support/instance.ts";

const COMMAND = new URL("../../src/cli/export.ts", import.meta.url).href;
const SCRIPT = `import { exportCommand } from ${JSON.stringify(COMMAND)};
await exportCommand().parseAsync(process.argv.slice(1), { from: "user" });`;
const YAML =
  "listeners: ['*:80']\napps: { shop: { wsgi: 'shop:app' } }\nprofiles: { small: { listeners: ['*:8081'] } }\n";

/** `propylon export ARGS` in a process of its own. */
function exported(
  args: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>> = {},
): { code: number | null; out: string; err: string } {
  const ended = spawnSync(process.execPath, ["--input-type=module", "-e", SCRIPT, "--", ...args], {
    cwd,
    encoding: "utf8",
    env: { ...process.env, ...environment },
  });
  return { code: ended.status, out: ended.stdout, err: ended.stderr };
}

test("a unit is printed, or written under the folder's name, and never over another file unasked", (t) => {
  const shop = path.join(folder(t, { "my shop/propylon.yaml": YAML }), "my shop");
  const printed = exported(["systemd"], shop);
  assert.equal(printed.code, 0, printed.err);
  assert.match(printed.out, /\nExecStart=\/.*\/bin\/propylon run "\/.*\/my shop\/propylon\.yaml"\n/);
  assert.match(printed.out, /\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n/);
  const units = path.join(shop, "units");
  assert.equal(exported(["systemd", ".", "-o", units], shop).code, 0);
  const file = path.join(units, "my-shop.service");
  assert.equal(fs.readFileSync(file, "utf8"), printed.out);
  fs.writeFileSync(file, "mine");
  const refused = exported(["systemd", "propylon.yaml", "-o", units], shop);
  assert.notEqual(refused.code, 0);
  assert.match(refused.err, /my-shop\.service exists already/);
  assert.equal(fs.readFileSync(file, "utf8"), "mine");
  assert.equal(exported(["systemd", "-o", units, "--force", "-p", "small"], shop).code, 0);
  assert.match(fs.readFileSync(file, "utf8"), /--profile small\n/);
});

test("a compose file comes with its Dockerfile and a .dockerignore, and one that is there stays", (t) => {
  const shop = folder(t, { "propylon.yaml": YAML, "requirements.txt": "flask\n", ".dockerignore": "mine\n" });
  const written = exported(["compose", "-o", "."], shop);
  assert.equal(written.code, 0, written.err);
  assert.match(fs.readFileSync(path.join(shop, "compose.yaml"), "utf8"), /"8080:80"/);
  assert.match(fs.readFileSync(path.join(shop, "Dockerfile"), "utf8"), /\/build\/requirements\.txt/);
  assert.equal(fs.readFileSync(path.join(shop, ".dockerignore"), "utf8"), "mine\n");
  const again = exported(["dockerfile", "-o", "."], shop);
  assert.match(again.err, /Dockerfile exists already/);
  assert.notEqual(again.code, 0);
});

test("what can be exported is said to who asks for something else", (t) => {
  const shop = folder(t, { "propylon.yaml": YAML });
  assert.match(exported(["kubernetes"], shop).err, /"kubernetes" can't be exported/);
  assert.match(exported([], shop).err, /Nothing to export was named/);
});

test("a checkout that is none is refused", (t) => {
  const shop = folder(t, { "propylon.yaml": YAML });
  const refused = exported(["systemd", "--propylon", shop], shop);
  assert.notEqual(refused.code, 0);
  assert.match(refused.err, /is no checkout of Propylon/);
});

test("a Python that only the shell knows is told of, since it would be another one at boot", (t) => {
  const shop = folder(t, { "propylon.yaml": YAML });
  const { out, err } = exported(["systemd"], shop, { VIRTUAL_ENV: "/venv" });
  assert.match(err, /app shop names no python, and at boot there is no VIRTUAL_ENV: set apps\.shop\.python/);
  assert.doesNotMatch(out, /names no python/);
});
