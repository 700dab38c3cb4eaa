import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { ask, folder, freePort, run, start, until } from "../support/instance.ts";
import { block, serving, skip } from "./guide.ts";

/** Stands in for the guide's program that is not Python: serves the folder it is started in, and says so on both outputs. */
const VAPOR = `#!/bin/sh
while [ $# -gt 0 ]; do [ "$1" = --port ] && port=$2; shift; done
echo "$$" > pid
echo "vapor speaks"
echo "vapor complains" >&2
exec python3 -m http.server --bind 127.0.0.1 "$port"
`;

/** The guide's program and site with folders and ports of the test's. */
async function guide(
  t: TestContext,
): Promise<{ cwd: string; port: number; appPort: number; env: Record<string, string> }> {
  const [port, appPort] = [await freePort(), await freePort()];
  const cwd = folder(t, {
    "bin/vapor": VAPOR,
    "gmBlog/from-vapor.txt": "from vapor",
    "Public/hello.txt": "from the folder",
    "log/.keep": "",
  });
  fs.chmodSync(path.join(cwd, "bin/vapor"), 0o755);
  const program = block(/\[program:gmBlog\]/)
    .replaceAll("/home/gmontano/gmBlog/", `${cwd}/gmBlog/`)
    .replaceAll("/var/log/supervisor/", `${cwd}/log/`)
    .replaceAll("--port 8080", `--port ${appPort}`);
  fs.writeFileSync(
    path.join(cwd, "gmBlog.conf"),
    process.getuid?.() === 0 ? program : program.replace(/^user=.*$/m, ""),
  );
  const site = block(/location @proxy/)
    .replace("listen 80 default_server", `listen ${port} default_server`)
    .replace("/home/gmBlog/Public/", `${cwd}/Public/`)
    .replace(":8080", `:${appPort}`);
  fs.writeFileSync(path.join(cwd, "default"), site);
  return { cwd, port, appPort, env: { PATH: `${cwd}/bin:${process.env["PATH"]}` } };
}

test("the guide's site serves files, and what is no file comes from the program that its supervisor file keeps alive", {
  skip,
}, async (t) => {
  const { cwd, port, env } = await guide(t);
  const instance = start(t, ["run", "default", "gmBlog.conf"], { cwd, env });
  await serving(instance);
  const url = `http://127.0.0.1:${port}`;
  assert.equal((await ask(`${url}/hello.txt`)).body, "from the folder");
  await until(async () => (await ask(`${url}/from-vapor.txt`)).status === 200);
  const answer = await ask(`${url}/from-vapor.txt`);
  assert.equal(answer.body, "from vapor");
  // proxy_pass_header Server
  assert.match(String(answer.headers["server"]), /SimpleHTTP/);
  assert.equal((await ask(`${url}/absent`)).status, 404);
  const log = path.join(cwd, "log");
  const logs = fs.readdirSync(log).filter((name) => name !== ".keep");
  assert.equal(logs.length, 2, logs.join(" "));
  await until(() => logs.some((name) => fs.readFileSync(path.join(log, name), "utf8").includes("vapor speaks")));
  await until(() => logs.some((name) => fs.readFileSync(path.join(log, name), "utf8").includes("vapor complains")));
});

test("the slips of the guide's supervisor file are named, and do not stop it", { skip }, async (t) => {
  const { cwd } = await guide(t);
  const { code, out } = await run(["import", "gmBlog.conf", "--report", "text"], cwd);
  assert.ok(code === 0 || code === 3);
  assert.match(out, /gmBlog\.conf:\d+(?::\d+)?: aurorestart: .*did you mean "autorestart"/i);
});

test("supervisord -c keeps the guide's program alive, and supervisorctl stops and starts it", { skip }, async (t) => {
  const { cwd, appPort, env } = await guide(t);
  const instance = start(t, ["supervisord", "-n", "-c", "gmBlog.conf"], { cwd, env });
  const url = `http://127.0.0.1:${appPort}/from-vapor.txt`;
  const answers = (): Promise<boolean> =>
    ask(url).then(
      ({ status }) => status === 200,
      () => false,
    );
  await Promise.race([until(answers), instance.exited]);
  assert.ok(await answers(), instance.output.err);
  const control = (...words: string[]) => run(["supervisorctl", "-c", "gmBlog.conf", ...words], cwd);
  await until(async () => /^gmBlog\s+RUNNING\s+pid \d+, uptime 0:00:\d\d$/m.test((await control("status")).out));

  const pid = Number(fs.readFileSync(path.join(cwd, "gmBlog", "pid"), "utf8"));
  process.kill(pid, "SIGKILL");
  await until(() => Number(fs.readFileSync(path.join(cwd, "gmBlog", "pid"), "utf8")) !== pid);
  await until(answers);

  const stopped = await control("stop", "gmBlog");
  assert.deepEqual([stopped.code, stopped.out], [0, "gmBlog: stopped\n"]);
  assert.equal((await control("status")).code, 3);
  const started = await control("start", "gmBlog");
  assert.deepEqual([started.code, started.out], [0, "gmBlog: started\n"]);
  await until(answers);
});
