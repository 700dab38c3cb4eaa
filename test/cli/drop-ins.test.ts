import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { ask, folder, freePort, HELLO, run, start, until } from "../support/instance.ts";

test("programs that we stand in for tell their version and where their options are explained", async (t) => {
  const cwd = folder(t);
  const version = await run(["gunicorn", "--version"], cwd);
  assert.equal(version.code, 0);
  assert.match(version.out, /^gunicorn \(propylon [\d.]+ in its place\)\n$/);
  const help = await run(["uwsgi", "--help"], cwd);
  assert.equal(help.code, 0);
  assert.match(help.out, /docs\/import-uwsgi\.md/);
});

test("gunicorn --check-config is silent when all is well, and names what is wrong", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  const good = await run(["gunicorn", "--check-config", "-w", "2", "app:app"], cwd);
  assert.deepEqual([good.code, good.out, good.err], [0, "", ""]);
  const wrong = await run(["gunicorn", "--check-config", "--chdir", "nowhere", "app:app"], cwd);
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /nowhere/);
});

test("a wrong option is refused in one line that says what was meant", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  const { code, err } = await run(["gunicorn", "--wrokers", "2", "app:app"], cwd);
  assert.equal(code, 1);
  assert.match(err, /--wrokers is no option of Gunicorn\n {2}did you mean "--workers"\?/);
});

test("a server that is given no app says how one is named, and --print-config what all comes to", async (t) => {
  const cwd = folder(t, { "app.py": HELLO });
  for (const [server, how] of [
    ["gunicorn", /as in gunicorn app:app/],
    ["uwsgi", /--wsgi-file FILE/],
  ] as const) {
    const { code, err } = await run([server], cwd);
    assert.equal(code, 2);
    assert.match(err, how);
  }
  const { code, out } = await run(["gunicorn", "--print-config", "-w", "3", "app:app"], cwd);
  assert.equal(code, 0);
  assert.match(out, /\n {4}workers: 3\n/);
});

test("uwsgi --reload and --stop signal the process of a pid file, and say when there is none", async (t) => {
  const port = await freePort();
  const cwd = folder(t, { "app.py": HELLO });
  const words = ["--http-socket", `127.0.0.1:${port}`, "--module", "app:app", "--master", "--pidfile", "app.pid"];
  const instance = start(t, ["uwsgi", ...words], { cwd });
  await instance.url;
  await until(() => fs.existsSync(path.join(cwd, "app.pid")));
  assert.equal((await run(["uwsgi", "--reload", "app.pid"], cwd)).code, 0);
  await until(() => instance.output.err.includes("changed"));
  assert.equal((await ask(`http://127.0.0.1:${port}/`)).status, 200);
  assert.deepEqual(await run(["uwsgi", "--stop", "app.pid"], cwd), { code: 0, out: "", err: "" });
  assert.equal((await instance.exited).code, 0);
  const none = await run(["uwsgi", "--stop", "app.pid"], cwd);
  assert.equal(none.code, 1);
  assert.match(none.err, /there is no pid file app\.pid/);
});

const TOLD = `
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    told = [environ["wsgi.url_scheme"], environ["SCRIPT_NAME"], environ["REMOTE_ADDR"], environ.get("HTTP_X_FORWARDED_FOR", "-")]
    return [" ".join(told).encode()]
`;

test("Gunicorn believes a proxy on this machine what scheme its client used, unless it is told otherwise", async (t) => {
  const cwd = folder(t, { "app.py": TOLD });
  const headers = { "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7" };
  const by = start(t, ["gunicorn", "-b", "127.0.0.1:0", "app:app"], { cwd });
  const not = start(t, ["gunicorn", "-b", "127.0.0.1:0", "app:app"], {
    cwd,
    env: { FORWARDED_ALLOW_IPS: "192.0.2.1" },
  });
  assert.equal((await by.get("/", { headers })).body, "https  127.0.0.1 192.0.2.7");
  assert.equal((await not.get("/", { headers })).body, "http  127.0.0.1 192.0.2.7");
});

test("waitress's prefix and its trusted proxy go together, and --url-scheme is what the app is told", async (t) => {
  const cwd = folder(t, { "app.py": TOLD });
  const trusted = ["--trusted-proxy=127.0.0.1", "--trusted-proxy-headers=x-forwarded-for x-forwarded-proto"];
  const words = ["--listen=127.0.0.1:0", "--url-prefix=/shop", ...trusted, "app:app"];
  const instance = start(t, ["waitress-serve", ...words], { cwd });
  const headers = { "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7" };
  assert.match((await instance.get("/shop/x", { headers })).body, /^https \/shop 192\.0\.2\.7 /);
  const secure = start(t, ["waitress-serve", "--listen=127.0.0.1:0", "--url-scheme=https", "app:app"], { cwd });
  assert.match((await secure.get("/x")).body, /^https {2}127/);
});
