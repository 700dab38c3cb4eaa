import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { folder, freePort, start } from "../support/instance.ts";

test("static maps of uWSGI answer behind a linked nginx as at uWSGI's own socket, with nginx's headers", async (t) => {
  const [front, own] = [await freePort(), await freePort()];
  const directory = folder(t, {
    "app.py": `def application(environ, start_response):
    start_response("200 OK", [("X-Path", environ["PATH_INFO"])])
    return [b"the app"]
`,
    "assets/a.txt": "a file",
    "public/robots.txt": "robots",
  });
  const files = {
    "nginx.conf": `events {}
http {
  server {
    listen 127.0.0.1:${front};
    add_header X-Front yes;
    location / { proxy_pass http://127.0.0.1:${own}; }
    location /cut/ { proxy_pass http://127.0.0.1:${own}/; }
  }
}
`,
    "uwsgi.ini": `[uwsgi]
module = app
http-socket = 127.0.0.1:${own}
static-map = /static=assets
check-static = public
static-expires = /* 60
`,
  };
  const there = folder(t, files);
  const running = start(t, ["run", ...Object.keys(files).map((name) => path.join(there, name))], { cwd: directory });
  await running.url;
  const ask = async (port: number, target: string): Promise<readonly unknown[]> => {
    const answer = await fetch(`http://127.0.0.1:${port}${target}`);
    const { headers } = answer;
    return [answer.status, await answer.text(), headers.get("cache-control"), headers.get("x-path")];
  };
  for (const target of ["/static/a.txt", "/robots.txt", "/static/none.txt", "/", "/static/", "/other"]) {
    const [direct, behind, cut] = [await ask(own, target), await ask(front, target), await ask(front, `/cut${target}`)];
    assert.deepEqual(behind, direct, target);
    assert.deepEqual(cut, direct, target);
  }
  assert.deepEqual(await ask(front, "/static/a.txt"), [200, "a file", "max-age=60", null]);
  const answer = await fetch(`http://127.0.0.1:${front}/static/a.txt`);
  await answer.text();
  assert.equal(answer.headers.get("x-front"), "yes");
  assert.match(running.output.err, /serving/);
});
