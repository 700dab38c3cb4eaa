import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { compatibilityTable } from "./nginx-tests/table.ts";
import { countChecks, type FileResult } from "./nginx-tests/tap.ts";

/**
 * Runs the NGINX project's own test suite against `propylon nginx`, and prints how many checks of each area pass.
 *
 *     NGINX_TESTS=~/nginx-tests node tools/nginx-tests.ts [--write] [--jobs 2] [--binary /usr/sbin/nginx] [NAME...]
 *
 * `NGINX_TESTS` is a checkout of the suite, which is not part of this repository; it is only read. NAME picks files that begin
 * so (`rewrite`, `proxy_cache.t`). `--write` puts the table into docs/nginx-compatibility.md. `--binary` asks another program
 * instead, such as NGINX itself, whose requests are then left as the suite writes them. `--failed` prints the names of the
 * checks that fail. Perl is needed; files whose needs (`IO::Socket::SSL`, a daemon) are not met skip themselves.
 */

const ROOT = path.join(import.meta.dirname, "..");
const PAGE = path.join(ROOT, "docs/nginx-compatibility.md");
/** What is not HTTP/1.1 and HTTP/2 serving, or is a language of NGINX's own inside: no part of what this product is. */
const LEFT_OUT = /^(stream|mail|http_v3|perl|ssi|grpc|xslt|image_filter|mp4|memcached|geoip|http_geoip|dav|njs|js)$/;
/** A file that has not ended by then is stopped, and what it has not asked counts as failed. */
const FILE_LIMIT_MS = 120_000;

const { values: asked, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    binary: { type: "string" },
    write: { type: "boolean", default: false },
    failed: { type: "boolean", default: false },
    jobs: { type: "string", default: "2" },
  },
});
const suite = process.env["NGINX_TESTS"];
if (suite === undefined || !fs.existsSync(path.join(suite, "lib/Test/Nginx.pm"))) {
  process.stderr.write("nginx-tests: set NGINX_TESTS to a checkout of https://github.com/nginx/nginx-tests\n");
  process.exit(2);
}

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "nginx-tests-"));
const results: FileResult[] = [];
try {
  const binary = asked.binary ?? ourBinary();
  const files = fs.readdirSync(suite).filter(isWanted).sort();
  await Promise.all(Array.from({ length: Math.max(1, Number(asked.jobs)) }, () => work(files, binary)));
} finally {
  fs.rmSync(scratch, { recursive: true, force: true });
}
results.sort((a, b) => (a.file < b.file ? -1 : 1));
const table = compatibilityTable(results);
process.stdout.write(`${table}\n`);
if (asked.write) writePage(table);

/** A program of one word, as the suite wants it. */
function ourBinary(): string {
  const file = path.join(scratch, "nginx");
  fs.writeFileSync(file, `#!/bin/sh\nexec ${path.join(ROOT, "bin/propylon")} nginx "$@"\n`, { mode: 0o755 });
  return file;
}

function isWanted(file: string): boolean {
  if (!file.endsWith(".t") || /^(stream|mail|h3|quic|perl|ssi|grpc|js)_/.test(file)) return false;
  if (names.length > 0 && !names.some((name) => file.startsWith(name))) return false;
  const text = fs.readFileSync(path.join(suite!, file), "latin1");
  const needs = [...text.matchAll(/->has\(\s*(?:qw\s*[/(]([^/)]*)[/)]|(['"])(.*?)\2)/g)];
  return !needs.some(([, list, , one]) => (list ?? one ?? "").split(/\s+/).some((need) => LEFT_OUT.test(need)));
}

async function work(files: string[], binary: string): Promise<void> {
  for (;;) {
    const file = files.shift();
    if (file === undefined) return;
    const result = countChecks(file, await runFile(file, binary));
    results.push(result);
    process.stderr.write(`${file}: ${result.skipped ?? `${result.passed} of ${result.planned}`}\n`);
    if (asked.failed) for (const name of result.failures) process.stderr.write(`    not ok: ${name}\n`);
  }
}

/** What the file prints (TAP). It has a process group of its own, so that nothing of it stays. */
function runFile(file: string, binary: string): Promise<string> {
  const bridge =
    asked.binary === undefined ? ["-I", path.join(import.meta.dirname, "nginx-tests"), "-MCompleteLines"] : [];
  const child = spawn("perl", ["-I", path.join(suite!, "lib"), ...bridge, file], {
    cwd: suite!,
    env: { ...process.env, TEST_NGINX_BINARY: binary, TMPDIR: scratch, LC_ALL: "C" },
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
  const stop = (): void => {
    try {
      process.kill(-child.pid!, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  const limit = setTimeout(stop, FILE_LIMIT_MS);
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.setEncoding("latin1").on("data", (piece: string) => {
      text += piece;
    });
    child.on("error", reject);
    child.on("exit", () => {
      clearTimeout(limit);
      stop();
      child.stdout.on("close", () => resolve(text));
      if (child.stdout.closed) resolve(text);
    });
  });
}

function writePage(rows: string): void {
  const page = fs.readFileSync(PAGE, "utf8");
  const [before, after] = ["<!-- table -->", "<!-- end -->"];
  const from = page.indexOf(before) + before.length;
  fs.writeFileSync(PAGE, `${page.slice(0, from)}\n${rows}\n${page.slice(page.indexOf(after))}`);
}
