import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { LogWriter } from "../../src/log/log-writer.ts";
import { fileNamePart, VariedFiles } from "../../src/log/varied-files.ts";
import { folder, freePort, run, start, until } from "../support/instance.ts";

for (const [value, part] of [
  ["www.example.org", "www.example.org"],
  ["../../etc/passwd", "___.._etc_passwd"],
  ["..", "__"],
  ["a/b\0c\n", "a_b_c_"],
  [".hidden", "_hidden"],
  ["", ""],
  ["x".repeat(200), "x".repeat(100)],
] as const)
  test(`${JSON.stringify(value)} is ${JSON.stringify(part)} in the name of a file`, () => {
    assert.equal(fileNamePart(value), part);
  });

/** Writers that keep what they are given; those whose path says so can't be opened. */
function kept(): { open: (path: string) => LogWriter; lines: Map<string, string[]>; open_: Set<string> } {
  const lines = new Map<string, string[]>();
  const isOpen = new Set<string>();
  const open = (name: string): LogWriter => ({
    dropped: 0,
    start: () => {
      if (name.includes("absent")) throw new Error(`open log "${name}"`);
      isOpen.add(name);
    },
    write: (line) => {
      lines.set(name, [...(lines.get(name) ?? []), line]);
    },
    reopen: () => {},
    stop: async () => {
      isOpen.delete(name);
    },
  });
  return { open, lines, open_: isOpen };
}

test("few files are open at once, and beyond the most of them lines go to one that is named other", async () => {
  const { open, lines, open_ } = kept();
  const told: string[] = [];
  const files = new VariedFiles(open, "/other", (message) => told.push(message));
  for (let n = 0; n < 1002; n++) files.writeTo(`/${n}`, `${n}\n`);
  files.writeTo("/0", "again\n");
  assert.deepEqual(lines.get("/0"), ["0\n", "again\n"]);
  assert.deepEqual(lines.get("/other"), ["1000\n", "1001\n"]);
  assert.equal(open_.size, 64);
  assert.equal(told.length, 1);
  await files.stop();
  assert.equal(open_.size, 0);
});

test("lines for a file that can't be opened are counted as dropped, and it is told once", () => {
  const { open } = kept();
  const told: string[] = [];
  const files = new VariedFiles(open, "/other", (message) => told.push(message));
  for (let n = 0; n < 3; n++) files.writeTo("/absent/x", "line\n");
  assert.equal(files.dropped, 3);
  assert.equal(told.length, 1);
});

test("NGINX's access_log with variables writes a file for each value, and none outside of its folder", async (t) => {
  const port = await freePort();
  const at = folder(t, {
    "logs/keep": "",
    "nginx.conf": `pid nginx.pid; events {} http { log_format short "$uri";
      server { listen 127.0.0.1:${port}; access_log logs/\${arg_name}-$host.log short; return 200 ok; } }`,
  });
  const instance = start(t, ["nginx", "-p", at, "-c", "nginx.conf", "-g", "daemon off;"], { cwd: at });
  for (const [target, host] of [
    ["/one?name=a", "first.test"],
    ["/two?name=a", "first.test"],
    ["/three?name=a", "second.test"],
    ["/four?name=../../up", "first.test"],
  ] as const)
    await instance.get(target, { headers: { Host: host } });
  const log = (name: string): string => {
    const file = path.join(at, "logs", name);
    return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
  };
  await until(() => log("___.._up-first.test.log") === "/four\n");
  await until(() => log("a-first.test.log") === "/one\n/two\n");
  await until(() => log("a-second.test.log") === "/three\n");
});

test("a log whose path varies is not rotated by us, which is told with its place", async (t) => {
  const cwd = folder(t, {
    "propylon.yaml":
      'access_log: { path: "log/{host}.log", rotate_size: 1MB }\nsites: [{ hosts: [_], routes: [{ path: /, respond: x }] }]\n',
  });
  const { code, err, out } = await run(["check"], cwd);
  assert.notEqual(code, 0);
  assert.match(err + out, /propylon\.yaml:1:\d+[\s\S]*not rotated here/);
});
