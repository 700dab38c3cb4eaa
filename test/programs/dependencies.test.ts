import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Folder, Running, until } from "../supervision/instance.ts";
import { look, start, untilState } from "./programs.ts";

const QUICK = { start_time: "20ms", backoff: { first: "50ms", longest: "200ms" } };

/** A port that nothing listens on at present. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const REDIS_APP = `import os, socket
with socket.create_connection(("127.0.0.1", int(os.environ["REDIS_PORT"]))) as redis:
    redis.sendall(b"INCR imports\\r\\n")
    seen = redis.recv(100)
def app(environ, start_response):
    with socket.create_connection(("127.0.0.1", int(os.environ["REDIS_PORT"]))) as redis:
        redis.sendall(b"PING\\r\\n")
        answer = redis.recv(100)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [answer.strip()]
`;

test("an app waits for a Redis that is healthy, and one that hangs is started anew by its health check", async (t) => {
  if (!existsSync("/usr/bin/redis-server")) return t.skip("needs redis-server");
  const port = await freePort();
  const running = await start(
    t,
    {
      listeners: ["127.0.0.1:0"],
      programs: {
        redis: {
          command: ["redis-server", "--port", String(port), "--save", "", "--bind", "127.0.0.1"],
          health: {
            command: ["redis-cli", "-p", String(port), "ping"],
            interval: "150ms",
            timeout: "1s",
            retries: 2,
          },
          stop_timeout: "300ms",
          ...QUICK,
        },
      },
      apps: { web: { wsgi: "app:app", workers: 1, after: ["redis"], environment: { REDIS_PORT: String(port) } } },
    },
    { "app.py": REDIS_APP },
  );
  assert.equal((await running.get()).text, "+PONG");
  const first = await look(running, "redis");
  assert.deepEqual([first.state, first.health], ["running", "healthy"]);
  process.kill(first.pid!, "SIGSTOP");
  await until("another Redis is healthy", async () => {
    const { pid, health } = await look(running, "redis");
    return pid !== first.pid && health === "healthy";
  });
  assert.match(running.output, /program redis: failed its health check: no answer within 1000 ms/);
  assert.ok((await look(running, "redis")).restarts >= 1);
  assert.equal((await running.get()).text, "+PONG");
});

test("steps run once, in their order, before the app that needs them; one that fails ends the start with its reason", async (t) => {
  const config = (migrate: string): Record<string, unknown> => ({
    listeners: ["127.0.0.1:0"],
    programs: {
      collect: { command: ["sh", "-c", "test -e migrated && touch collected"], once: true, after: { migrate: "done" } },
      migrate: { command: ["sh", "-c", migrate], once: true },
    },
    apps: { web: { wsgi: "app:app", workers: 1, after: ["collect", "migrate"] } },
  });
  const app = `import os
assert os.path.exists("collected")
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"ok"]
`;
  const running = await start(t, config("sleep 0.3; touch migrated"), { "app.py": app });
  assert.equal((await running.get()).text, "ok");
  assert.equal((await look(running, "migrate")).state, "exited");
  await running.client.reload();
  assert.equal((await look(running, "migrate")).restarts, 0);

  const folder = new Folder({ "propylon.yaml": JSON.stringify(config("echo no table >&2; exit 4")), "app.py": app });
  const failing = new Running(folder);
  t.after(() => failing.cleanUp());
  assert.equal((await failing.exited).code, 1);
  assert.match(
    failing.output,
    /App web does not start: it waits for program migrate, which has failed: exited with code 4/,
  );
  assert.match(failing.output, /program migrate: no table/);
  assert.deepEqual(folder.runtime(), []);
});

test("a failed step is tried again as often as it may be", async (t) => {
  const step = ["sh", "-c", "echo x >> tries; test $(wc -l < tries) = 3"];
  const running = await start(t, {
    programs: {
      migrate: { command: step, once: true, start_retries: 5, ...QUICK },
      web: { command: "sleep 1000", after: { migrate: "done" }, ...QUICK },
    },
  });
  await untilState(running, "web", "running");
  const migrate = await look(running, "migrate");
  assert.deepEqual([migrate.state, migrate.restarts], ["exited", 2]);
});

test("what comes after others waits for them, and is stopped before them; then higher priorities before lower ones", async (t) => {
  const noting = (name: string): string[] => [
    "sh",
    "-c",
    `trap 'echo stop ${name} >> order; exit 0' TERM; echo start ${name} >> order; while :; do sleep 0.02; done`,
  ];
  const running = await start(t, {
    programs: {
      web: { command: noting("web"), after: ["database"], priority: 1, ...QUICK },
      database: { command: noting("database"), priority: 5, ...QUICK },
      later: { command: noting("later"), priority: 9, ...QUICK },
    },
  });
  for (const name of ["web", "database", "later"]) await untilState(running, name, "running");
  const order = join(running.folder.path, "order");
  const lines = (): string[] => readFileSync(order, "latin1").trim().split("\n");
  await until("all have written", () => lines().length === 3);
  assert.ok(lines().indexOf("start database") < lines().indexOf("start web"));
  running.signal("SIGTERM");
  assert.equal((await running.exited).code, 0);
  assert.deepEqual(lines().slice(3), ["stop later", "stop web", "stop database"]);
});

test("one that waits for another that has failed goes on waiting, and starts once that is mended", async (t) => {
  const running = await start(t, {
    programs: {
      first: { command: ["sh", "-c", "test -e mended && exec sleep 1000"], start_retries: 0, ...QUICK },
      second: { command: "sleep 1000", after: ["first"], ...QUICK },
      manual: { command: "sleep 1000", autostart: false, ...QUICK },
    },
  });
  await untilState(running, "first", "failed");
  assert.equal((await look(running, "second")).state, "waiting");
  assert.equal((await look(running, "manual")).state, "stopped");
  running.folder.write("mended", "");
  await running.client.start({ name: "first" });
  await untilState(running, "second", "running");
  await running.client.start({ name: "manual" });
  assert.equal((await look(running, "manual")).state, "running");
});

test("an HTTP and a TCP check see what answers and what does not", async (t) => {
  const server = `import http.server, os, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500 if os.path.exists("ill") else 200)
        self.end_headers()
server = http.server.HTTPServer(("127.0.0.1", PORT), Handler)
server.serve_forever()
`;
  const port = await freePort();
  const health = { interval: "100ms", timeout: "1s", retries: 2 };
  const running = await start(
    t,
    {
      programs: {
        web: {
          command: ["python3", "server.py"],
          health: { http: `http://127.0.0.1:${port}/`, ...health },
          stop_timeout: "1s",
          ...QUICK,
        },
        silent: { command: "sleep 1000", health: { tcp: "127.0.0.1:1", ...health }, start_retries: 0, ...QUICK },
      },
    },
    { "server.py": server.replace("PORT", String(port)) },
  );
  await until("it is healthy", async () => (await look(running, "web")).health === "healthy");
  running.folder.write("ill", "");
  await until("it is started anew", () => /program web: failed its health check: .* answered 500/.test(running.output));
  await until("a closed port is no health", () =>
    /program silent: failed its health check: cannot connect: .*ECONNREFUSED/.test(running.output),
  );
});
