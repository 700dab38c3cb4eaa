import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { run, start } from "../support/instance.ts";

function folder(t: TestContext): string {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), "propylon-supervisor-"));
  t.after(() => fs.rmSync(made, { recursive: true, force: true }));
  return made;
}

describe("propylon supervisord", () => {
  it("keeps programs alive, and obeys propylon supervisorctl", async (t) => {
    const cwd = folder(t);
    fs.writeFileSync(
      path.join(cwd, "s.conf"),
      `[supervisord]
pidfile=%(here)s/s.pid
[group:g]
programs=a
[program:a]
command=/bin/sh -c "echo from a; exec sleep 1000"
stdout_logfile=%(here)s/a.log
[program:w]
command=sleep 1000
process_name=%(program_name)s_%(process_num)02d
numprocs=2
startsecs=0
[program:off]
command=sleep 1000
autostart=false
`,
    );
    const instance = start(t, ["supervisord", "-n", "-c", "s.conf"], { cwd });
    instance.url.catch(() => {});
    const control = (...args: string[]) => run(["supervisorctl", "-c", "s.conf", ...args], cwd);
    let shown = await control("status");
    while (shown.out.match(/RUNNING/g)?.length !== 3) {
      assert.equal(instance.process.exitCode, null, instance.output.err);
      shown = await control("status");
    }
    assert.match(
      shown.out,
      /^g:a {30}RUNNING {3}pid \d+, uptime 0:00:\d\d\noff {30}STOPPED {3}Not started\nw:w_00 {27}RUNNING {3}pid \d+, uptime 0:00:\d\d\nw:w_01 {27}RUNNING {3}pid \d+, uptime 0:00:\d\d\n$/,
    );
    assert.equal(shown.code, 3, "off is not up");
    assert.deepEqual(await control("start", "off"), { code: 0, out: "off: started\n", err: "" });
    assert.deepEqual(await control("stop", "g:*"), { code: 0, out: "g:a: stopped\n", err: "" });
    assert.deepEqual(await control("start", "nope"), { code: 1, out: "nope: ERROR (no such process)\n", err: "" });
    assert.deepEqual(await control("tail", "g:a"), { code: 0, out: "from a\n\n", err: "" });
    assert.deepEqual(await control("reread"), { code: 0, out: "No config updates to processes\n", err: "" });
    fs.appendFileSync(path.join(cwd, "s.conf"), "[program:new]\ncommand=sleep 1000\nstartsecs=0\n");
    assert.equal((await control("reread")).out, "new: available\n");
    assert.equal((await control("update")).out, "new: added process group\n");
    assert.equal((await control("status", "new")).code, 0);
    assert.deepEqual(await control("shutdown"), { code: 0, out: "Shut down\n", err: "" });
    assert.equal((await instance.exited).code, 0);
    assert.equal((await control("status")).code, 4, "nobody answers any more");
  });
});

describe("an Apache fragment with mod_wsgi", () => {
  it("is served: script at its mount, aliases, access and headers", async (t) => {
    const cwd = folder(t);
    fs.mkdirSync(path.join(cwd, "files", "private"), { recursive: true });
    fs.writeFileSync(path.join(cwd, "files", "a.txt"), "plain");
    fs.writeFileSync(path.join(cwd, "files", ".htaccess"), "secret");
    fs.writeFileSync(path.join(cwd, "files", "private", "b.txt"), "secret");
    fs.writeFileSync(
      path.join(cwd, "app.wsgi"),
      `def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    names = ("SCRIPT_NAME", "PATH_INFO", "HTTP_AUTHORIZATION", "COLOUR")
    return [repr([environ.get(name) for name in names]).encode()]
`,
    );
    fs.writeFileSync(
      path.join(cwd, "site.conf"),
      `Listen 127.0.0.1:0
WSGIDaemonProcess site processes=1 threads=2
WSGIScriptAlias /wps ${cwd}/app.wsgi process-group=site
SetEnv COLOUR blue
Alias /files ${cwd}/files
Redirect permanent /old /files
<Directory ${cwd}/files>
  Require all granted
  Header always set X-From apache
</Directory>
<Directory ${cwd}/files/private>
  Require all denied
</Directory>
`,
    );
    const instance = start(t, ["run", "site.conf"], { cwd });
    const app = await instance.get("/wps/x", { headers: { Authorization: "Basic eA==" } });
    assert.equal(app.body, "['/wps', '/x', None, 'blue']");
    const file = await instance.get("/files/a.txt");
    assert.deepEqual([file.status, file.body, file.headers["x-from"]], [200, "plain", "apache"]);
    assert.equal((await instance.get("/files/private/b.txt")).status, 403);
    assert.equal((await instance.get("/files/.htaccess")).status, 403);
    const moved = await instance.get("/old/a.txt?q=1");
    assert.equal(moved.status, 301);
    assert.match(moved.headers.location ?? "", /\/files\/a\.txt\?q=1$/);
    assert.equal((await instance.get("/other")).status, 404);
  });
});
