import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { type NginxToServe, nginxCommand } from "../../src/cli/nginx/command.ts";
import { folderWith } from "../config/files.ts";
import { machine } from "./nginx-machine.ts";

const CONF = "events {}\nhttp { server { listen 8080; root html; } }\n";

interface Run {
  readonly result: NginxToServe | number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(words: readonly string[], files: Readonly<Record<string, string>> = {}): Run {
  const written = { stdout: "", stderr: "" };
  const result = nginxCommand(words, machine(files), "1.2.3", {
    stdout: (text) => {
      written.stdout += text;
    },
    stderr: (text) => {
      written.stderr += text;
    },
  });
  return { result, ...written };
}

test("words that nginx doesn't know are refused in its words", () => {
  for (const [words, message] of [
    [["start"], 'nginx: invalid option: "start"\n'],
    [["-x"], 'nginx: invalid option: "x"\n'],
    [["-s", "restart"], 'nginx: invalid option: "-s restart"\n'],
    [["-c"], 'nginx: option "-c" requires file name\n'],
    [["-tp"], 'nginx: option "-p" requires directory name\n'],
    [["-g"], 'nginx: option "-g" requires parameter\n'],
  ] as const)
    assert.deepEqual(run(words), { result: 1, stdout: "", stderr: message });
});

test("-t says whether the configuration would do, -q only when it would not", () => {
  const files = { "/srv/site/nginx.conf": CONF, "/srv/site/bad.conf": "events {}\nhttp { oops; }\n" };
  assert.deepEqual(run(["-t", "-c", "nginx.conf"], files), {
    result: 0,
    stdout: "",
    stderr:
      "nginx: the configuration file /srv/site/nginx.conf syntax is ok\nnginx: configuration file /srv/site/nginx.conf test is successful\n",
  });
  assert.equal(run(["-tq", "-cnginx.conf"], files).stderr, "");
  assert.deepEqual(run(["-tq", "-c", "bad.conf"], files), {
    result: 1,
    stdout: "",
    stderr:
      'nginx: [emerg] unknown directive "oops" in /srv/site/bad.conf:2\nnginx: configuration file /srv/site/bad.conf test failed\n',
  });
  assert.match(
    run(["-t", "-c", "none.conf"], files).stderr,
    /open\(\) "\/srv\/site\/none\.conf" failed \(2: No such file/,
  );
});

test("-T writes each file that was read to stdout", () => {
  const files = {
    "/p/conf/nginx.conf": "events {}\nhttp { include more/*.conf; server { include more/*.conf; } }\n",
    "/p/conf/more/a.conf": "gzip on;\n",
  };
  assert.equal(
    run(["-T", "-p", "/p"], files).stdout,
    `# configuration file /p/conf/nginx.conf:\n${files["/p/conf/nginx.conf"]}\n# configuration file /p/conf/more/a.conf:\ngzip on;\n\n`,
  );
});

test("-v and -V name the release that is stood in for, and -V what is left out", () => {
  assert.match(run(["-v"]).stderr, /^nginx version: nginx\/[\d.]+ \(Propylon 1\.2\.3\)\n$/);
  const built = run(["-V"]).stderr;
  assert.match(built, /\nconfigure arguments: .*--without-http_ssi_module .*--with-http_v2_module/);
  assert.doesNotMatch(built, /--without-http_(?:auth_basic|limit_req|limit_conn)_module|--without-http-cache/);
});

test("paths start at the prefix, which is the configuration's folder unless -p says otherwise", () => {
  const files = { "/etc/nginx/nginx.conf": CONF, "/p/nginx.conf": `pid run/n.pid;\n${CONF}`, "/p/html/x": "" };
  const serve = (words: readonly string[]): NginxToServe => run(words, files).result as NginxToServe;
  assert.deepEqual([serve([]).prefix, serve([]).pidFile], ["/etc/nginx", "/etc/nginx/logs/nginx.pid"]);
  const { source, reader, prefix, pidFile } = serve(["-p", "/p/", "-c", "nginx.conf"]);
  assert.deepEqual([prefix, pidFile], ["/p", "/p/run/n.pid"]);
  assert.match(JSON.stringify(reader(source, machine(files)).settings), /"root":"\/p\/html"/);
  assert.equal(serve(["-p", "/p", "-c", "nginx.conf", "-g", "daemon off;"]).prefix, "/p");
});

test("-g is read before the file, and its mistakes are found", () => {
  const files = { "/srv/site/nginx.conf": CONF };
  assert.equal(
    run(["-c", "nginx.conf", "-g", "pid /x.pid; oops on;"], files).stderr,
    'nginx: [emerg] unknown directive "oops" in command line:1\n',
  );
});

test("-s signals the process of the pid file", async (t) => {
  const folder = folderWith(t, { "nginx.conf": "" });
  const child = spawn(
    process.execPath,
    ["-e", "process.on('SIGHUP', () => process.exit(42)); console.log(); setInterval(() => {}, 1e6)"],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const files = { "/srv/site/nginx.conf": `pid ${folder}/n.pid;\n${CONF}` };
  const words = ["-s", "reload", "-c", "nginx.conf"];
  assert.match(
    run(words, files).stderr,
    /^nginx: \[error\] open\(\) ".*n\.pid" failed \(2: No such file or directory\)\n$/,
  );
  fs.writeFileSync(path.join(folder, "n.pid"), "x");
  assert.match(run(words, files).stderr, /^nginx: \[error\] invalid PID number "x" in ".*n\.pid"\n$/);
  fs.writeFileSync(path.join(folder, "n.pid"), `${child.pid}\n`);
  assert.deepEqual(run(words, files), { result: 0, stdout: "", stderr: "" });
  const [code] = await once(child, "exit");
  assert.equal(code, 42);
  assert.match(run(words, files).stderr, /^nginx: \[alert\] kill\(\d+, 1\) failed \(3: No such process\)\n$/);
});
