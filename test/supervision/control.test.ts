import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { PropylonError } from "../../src/base/errors.ts";
import { createLog } from "../../src/base/log.ts";
import type { Config } from "../../src/config/model.ts";
import { guarded } from "../../src/control/admin-guard.ts";
import { apiHandler } from "../../src/control/api.ts";
import { ControlClient, type SentRecord } from "../../src/control/client.ts";
import type { Operations, OutputSource, StatusReport } from "../../src/control/operations.ts";
import { ControlServer } from "../../src/control/server.ts";
import { LogBuffer, rememberingLog } from "../../src/supervisor/log-buffer.ts";
import { until } from "./instance.ts";

const STATUS: StatusReport = {
  version: "1.2.3",
  pid: 7,
  directory: "/srv/one",
  profile: "",
  since: "2026-01-01T00:00:00.000Z",
  ready: false,
  listeners: [],
  processes: [],
  apps: [],
  programs: [],
};

const NO_PROGRAMS = { added: [], changed: [], removed: [] };

/** Operations that note how they were called. */
class Noting implements Operations {
  readonly calls: unknown[] = [];
  readonly followers: { readonly listener: (chunk: Buffer) => void; readonly ended: () => void }[] = [];
  reasons: string[] = [];
  error: Error | null = null;

  async status(): Promise<StatusReport> {
    return STATUS;
  }
  reload(options: unknown): ReturnType<Operations["reload"]> {
    return this.#note(["reload", options], { apps: [], changes: ["app person: workers"], programs: NO_PROGRAMS });
  }
  restart(options: unknown): ReturnType<Operations["restart"]> {
    return this.#note(["restart", options], { apps: [], changes: [], programs: NO_PROGRAMS });
  }
  start(options: unknown): Promise<void> {
    return this.#note(["start", options], undefined);
  }
  stop(options: unknown): Promise<void> {
    return this.#note(["stop", options], undefined);
  }
  async changes(): ReturnType<Operations["changes"]> {
    return { changes: ["program redis: command"], programs: { ...NO_PROGRAMS, changed: ["redis"] } };
  }
  signal(options: unknown): Promise<void> {
    return this.#note(["signal", options], undefined);
  }
  clear(options: unknown): Promise<void> {
    return this.#note(["clear", options], undefined);
  }
  output(options: unknown): OutputSource {
    this.calls.push(["output", options]);
    if (this.error !== null) throw this.error;
    return {
      tail: async (bytes) => Buffer.from("one\ntwo\n").subarray(-bytes),
      follow: (listener, ended) => {
        this.followers.push({ listener, ended });
        return () => this.followers.pop();
      },
    };
  }
  cache(order: unknown): ReturnType<Operations["cache"]> {
    return this.#note(["cache", order], { stores: [], answers: [], removed: 0 });
  }
  upstreams(options: unknown): ReturnType<Operations["upstreams"]> {
    return this.#note(["upstreams", options], []);
  }
  stacks(options: unknown): ReturnType<Operations["stacks"]> {
    return this.#note(["stacks", options], [{ worker: 1, pid: 8, text: "Thread 1" }]);
  }
  reports(options: unknown): ReturnType<Operations["reports"]> {
    return this.#note(["reports", options], []);
  }
  async metrics(): Promise<string> {
    return "# HELP a b\n";
  }
  notReady(): readonly string[] {
    return this.reasons;
  }
  config(): Config {
    return { directory: "/srv/one" } as Config;
  }

  async #note<T>(call: unknown, answer: T): Promise<T> {
    this.calls.push(call);
    if (this.error !== null) throw this.error;
    return answer;
  }
}

interface Serving {
  readonly operations: Noting;
  readonly logs: LogBuffer;
  readonly socket: string;
  readonly client: ControlClient;
  readonly server: ControlServer;
  readonly failures: string[];
}

async function serve(t: TestContext): Promise<Serving> {
  const folder = mkdtempSync(join(tmpdir(), "propylon-control-"));
  const socket = join(folder, "control.sock");
  const operations = new Noting();
  const logs = new LogBuffer();
  const failures: string[] = [];
  const failed = (operation: string): number => failures.push(operation);
  const server = new ControlServer(apiHandler({ operations, logs, failed }));
  await server.listenPrivately(socket);
  t.after(async () => {
    logs.end();
    await server.close(100);
    rmSync(folder, { recursive: true, force: true });
  });
  return { operations, logs, socket, client: new ControlClient(socket), server, failures };
}

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

function request(where: http.RequestOptions, body = ""): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = http.request({ ...where, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, text }));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

test("the control socket is its owner's alone", async (t) => {
  const { socket } = await serve(t);
  assert.equal(statSync(socket).mode & 0o777, 0o600);
});

test("every operation arrives with its arguments, and its answer comes back", async (t) => {
  const { client, operations } = await serve(t);
  assert.deepEqual(await client.status(), STATUS);
  assert.deepEqual(await client.reload(), { apps: [], changes: ["app person: workers"], programs: NO_PROGRAMS });
  await client.reload({ app: "person" });
  await client.restart({ name: "person" });
  await client.start({ name: "person" });
  await client.stop({ name: "person", now: true });
  await client.stop();
  assert.deepEqual(await client.stacks({ app: "person" }), [{ worker: 1, pid: 8, text: "Thread 1" }]);
  assert.deepEqual(operations.calls, [
    ["reload", {}],
    ["reload", { app: "person" }],
    ["restart", { name: "person" }],
    ["start", { name: "person" }],
    ["stop", { name: "person", now: true }],
    ["stop", { now: false }],
    ["stacks", { app: "person" }],
  ]);
  assert.equal(await client.metrics(), "# HELP a b\n");
  assert.deepEqual(await client.config(), { directory: "/srv/one" });
});

test("what main says to wrong input reaches the caller with its remedy", async (t) => {
  const { client, operations, failures } = await serve(t);
  operations.error = new PropylonError("user", 'No app is called "x"', { remedy: "there is person" });
  await assert.rejects(client.restart({ name: "x" }), {
    kind: "user",
    message: 'No app is called "x"',
    remedy: "there is person",
  });
  operations.error = new TypeError("our fault");
  await assert.rejects(client.restart({ name: "x" }), { kind: "internal", message: "our fault" });
  assert.deepEqual(failures, ["POST /restart"]);
});

for (const [path, body, expected] of [
  ["/restart", "{}", 'needs the argument "name"'],
  ["/restart", '{"name":7}', "is not a string"],
  ["/stop", '{"now":"yes"}', "is not a boolean"],
  ["/stop", '{"nwo":true}', 'knows no argument "nwo"'],
  ["/reload", "[]", "is not a JSON object"],
  ["/reload", "{", "is not a JSON object"],
] as const) {
  test(`POST ${path} with ${body} is refused with 400 and calls nothing`, async (t) => {
    const { socket, operations } = await serve(t);
    const { status, text } = await request({ socketPath: socket, method: "POST", path }, body);
    assert.equal(status, 400);
    const { error } = JSON.parse(text) as { error: { message: string } };
    assert.ok(error.message.includes(expected), error.message);
    assert.deepEqual(operations.calls, []);
  });
}

test("an unknown path is 404, a wrong method 405 with Allow, too large an argument 413", async (t) => {
  const { socket } = await serve(t);
  assert.equal((await request({ socketPath: socket, path: "/nothing" })).status, 404);
  assert.equal((await request({ socketPath: socket, path: "/__proto__" })).status, 404);
  const wrong = await request({ socketPath: socket, method: "POST", path: "/status" });
  assert.deepEqual([wrong.status, wrong.headers.allow], [405, "GET, HEAD"]);
  const large = await request(
    { socketPath: socket, method: "POST", path: "/reload" },
    `{"app":"${"x".repeat(70_000)}"}`,
  );
  assert.equal(large.status, 413);
});

test("over TCP there are the probes, to be read, and nothing else without the token", async (t) => {
  const operations = new Noting();
  const guard = {
    token: () => "the token",
    tokenFile: "there",
    failed: () => {},
    host: "127.0.0.1",
    openMetrics: true,
  };
  const handler = apiHandler({ operations, logs: new LogBuffer(), failed: () => {} });
  const server = new ControlServer(guarded(handler, guard));
  await server.listen("127.0.0.1", 0);
  t.after(() => server.close(100));
  const where = { host: "127.0.0.1", port: server.port };
  assert.deepEqual((await request({ ...where, path: "/livez" })).text, "ok\n");
  const metrics = await request({ ...where, path: "/metrics" });
  assert.match(metrics.headers["content-type"]!, /^text\/plain; version=0\.0\.4/);
  const head = await request({ ...where, path: "/metrics", method: "HEAD" });
  assert.deepEqual([head.status, head.text], [200, ""]);
  assert.deepEqual((await request({ ...where, path: "/readyz" })).status, 200);
  operations.reasons = ["app person has no ready worker"];
  const unready = await request({ ...where, path: "/readyz" });
  assert.equal(unready.status, 503);
  assert.deepEqual(JSON.parse(unready.text), { ready: false, reasons: ["app person has no ready worker"] });
  for (const path of ["/status", "/config", "/logs"]) assert.equal((await request({ ...where, path })).status, 401);
  for (const path of ["/stop", "/reload"])
    assert.equal((await request({ ...where, path, method: "POST" })).status, 401);
  assert.equal((await request({ ...where, path: "/livez", method: "POST" })).status, 405);
  assert.deepEqual(operations.calls, []);
});

test("logs come with their fields, and follow until main ends", async (t) => {
  const { client, logs } = await serve(t);
  const log = rememberingLog(
    createLog("main", () => {}),
    logs,
    "main",
    false,
  );
  log.info("old", { pid: 7 });
  log.child("person/1").warn("tail\nof two lines");
  const seen: SentRecord[] = [];
  const following = (async () => {
    for await (const record of client.logs({ follow: true })) seen.push(record);
  })();
  await until("the tail is there", () => seen.length === 2);
  log.child("person/1").info("new");
  await until("the new one is there", () => seen.length === 3);
  logs.end();
  await following;
  assert.deepEqual(
    seen.map(({ source, message }) => `${source}: ${message}`),
    ["main: old", "person/1: tail\nof two lines", "person/1: new"],
  );
  assert.equal(seen[0]!["pid"], 7);
  const named: string[] = [];
  for await (const { message } of client.logs({ name: "person", lines: 1 })) named.push(message);
  assert.deepEqual(named, ["new"]);
});

test("a program's output comes as it was written, and follows until there is no more", async (t) => {
  const { client, operations } = await serve(t);
  const pieces: Buffer[] = [];
  for await (const piece of client.output({ name: "redis", stream: "stderr", bytes: 5 })) pieces.push(piece);
  assert.equal(Buffer.concat(pieces).toString(), "\ntwo\n");
  assert.deepEqual(operations.calls, [["output", { name: "redis", stream: "stderr" }]]);
  const later: Buffer[] = [];
  const following = (async () => {
    for await (const piece of client.output({ name: "redis", stream: "stdout", follow: true })) later.push(piece);
  })();
  await until("it follows", () => operations.followers.length === 1);
  const { listener, ended } = operations.followers[0]!;
  listener(Buffer.from([0xff, 0x0a]));
  ended();
  await following;
  assert.equal(Buffer.concat(later).toString("latin1"), "one\ntwo\n\xff\n");
  assert.equal(operations.followers.length, 0);
  await assert.rejects(
    (async () => {
      for await (const _ of client.output({ name: "redis", stream: "stdin" as "stdout" }));
    })(),
    /"stdin" is neither stdout nor stderr/,
  );
});

test("what a reload would change, a signal and an emptied log go through to their operation", async (t) => {
  const { client, operations } = await serve(t);
  assert.deepEqual((await client.changes()).programs.changed, ["redis"]);
  await client.signal({ name: "redis", signal: "HUP" });
  await client.clear({ name: "redis" });
  await client.reload({ programs: true });
  assert.deepEqual(operations.calls, [
    ["signal", { name: "redis", signal: "HUP" }],
    ["clear", { name: "redis" }],
    ["reload", { programs: true }],
  ]);
});

test("one who follows can leave at any time, and is forgotten", async (t) => {
  const { client, logs } = await serve(t);
  const abort = new AbortController();
  const following = (async () => {
    for await (const _ of client.logs({ follow: true, signal: abort.signal })) abort.abort();
  })();
  await until("it follows", () => {
    logs.add({ time: new Date(), level: "info", source: "main", message: "again", fields: undefined });
    return abort.signal.aborted;
  });
  await following;
});

test("where no instance answers the client says so", async (t) => {
  const { client, server } = await serve(t);
  await server.close(100);
  await assert.rejects(client.status(), { kind: "user", message: /^No instance answers at / });
});

test("an admin address in use is told with its remedy", async (t) => {
  const { operations, logs } = await serve(t);
  const handler = apiHandler({ operations, logs, failed: () => {} });
  const first = new ControlServer(handler);
  await first.listen("127.0.0.1", 0);
  t.after(() => first.close(100));
  await assert.rejects(new ControlServer(handler).listen("127.0.0.1", first.port), {
    kind: "user",
    message: /it is in use/,
  });
});
