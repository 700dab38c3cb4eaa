import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { folder, freePort, start, until } from "../support/instance.ts";

const APP = `
import itertools

counter = itertools.count(1)


def application(environ, start_response):
    path = environ["PATH_INFO"]
    body = b"answer %d" % next(counter)
    headers = [("Content-Type", "text/plain")]
    if path != "/endless":
        headers.append(("Content-Length", str(len(body) - 2 if path == "/long" else len(body))))
    start_response("200 OK", headers)
    return [body]  # whatever the method is, and with the request's body unread
`;

const skip = spawnSync("uwsgi", ["--version"]).error === undefined ? false : "there is no uwsgi here";

/** A uWSGI of one process on a puwsgi-socket, and Propylon before it. */
async function stack(t: TestContext) {
  const cwd = folder(t, { "app.py": APP });
  const socket = path.join(cwd, "s");
  const words = ["--plugin", "python3", "--puwsgi-socket", socket, "--wsgi-file", "app.py", "--die-on-term"];
  const child = spawn("uwsgi", words, { cwd, stdio: "ignore" });
  const exited = once(child, "exit");
  t.after(() => {
    child.kill("SIGTERM");
    return exited;
  });
  await until(() => fs.existsSync(socket));
  const port = await freePort();
  const admin = await freePort();
  fs.writeFileSync(
    path.join(cwd, "propylon.yaml"),
    `listeners: ["127.0.0.1:${port}"]
admin: 127.0.0.1:${admin}
upstreams: { kept: { targets: [{ address: "puwsgi://unix:${socket}", max_connections: 1 }] } }
sites: [{ routes: [{ proxy: { to: kept, read_timeout: 5s } }] }]
`,
  );
  const propylon = start(t, ["run"], { cwd });
  await propylon.url;
  const ask = async (target: string, init: RequestInit = {}) => {
    const answer = await fetch(`http://127.0.0.1:${port}${target}`, init);
    return { status: answer.status, body: await answer.text() };
  };
  const connections = async () => {
    const text = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
    return Number(/^propylon_upstream_connections_total\{[^}]*\} (\d+)$/m.exec(text)?.[1]);
  };
  return { ask, connections, output: propylon.output };
}

test("requests of many clients go over the one connection of a uWSGI with one process", { skip }, async (t) => {
  const { ask, connections } = await stack(t);
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask("/")));
  assert.deepEqual(
    answers.map(({ status, body }) => `${status} ${body}`).sort(),
    Array.from({ length: 50 }, (_, i) => `200 answer ${i + 1}`).sort(),
  );
  assert.equal(await connections(), 1);
});

test("what an app leaves of a request, or says beyond an answer, is nobody else's answer", { skip }, async (t) => {
  const { ask } = await stack(t);
  const bodies: string[] = [];
  for (let i = 0; i < 4; i++) {
    await ask("/", { method: "POST", body: "GET / HTTP/1.1\r\n\r\n".repeat(200) });
    await ask("/", { method: "HEAD" });
    await ask("/long");
    bodies.push((await ask("/")).body);
  }
  assert.deepEqual(bodies, ["answer 4", "answer 8", "answer 12", "answer 16"]);
});

test("an answer without a length is refused, with what to do in the log", { skip }, async (t) => {
  const { ask, output } = await stack(t);
  assert.equal((await ask("/endless")).status, 502);
  await until(() => output.err.includes("no Content-Length"));
  assert.match(output.err, /use uwsgi:\/\/ and uWSGI's socket/);
  assert.deepEqual(await ask("/"), { status: 200, body: "answer 2" });
});
