import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ControlClient } from "../../src/control/client.ts";
import { instances } from "../../src/supervisor/runtime-directory.ts";
import { Folder, helloApp, until } from "../supervision/instance.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const INIT = join(ROOT, "python", "propylon_init.py");
const MAIN = join(ROOT, "test", "supervision", "fixtures", "main.ts");

interface Started {
  readonly process: ChildProcess;
  readonly exited: Promise<number | null>;
  text: string;
}

function run(t: TestContext, command: string, args: readonly string[], env: Record<string, string> = {}): Started {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  const exited = once(child, "close").then(([code]) => code as number | null);
  const started: Started = { process: child, exited, text: "" };
  for (const stream of [child.stdout!, child.stderr!])
    stream.on("data", (chunk: Buffer) => {
      started.text += chunk.toString();
    });
  t.after(async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 8000);
    await exited;
    clearTimeout(timer);
  });
  return started;
}

function folder(t: TestContext, config: Readonly<Record<string, unknown>>): Folder {
  const made = new Folder({ "propylon.yaml": JSON.stringify(config), "app.py": helloApp() });
  t.after(() => made.remove());
  return made;
}

/** What systemd is to a service: a datagram socket, on which it sees who sends. */
const RECEIVER = `import socket, struct, sys
here = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
here.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
here.bind(sys.argv[1])
while True:
    data, extra, _, _ = here.recvmsg(4096, socket.CMSG_SPACE(12))
    print(struct.unpack("3i", extra[0][2])[0], data.decode().split("\\n"), flush=True)
`;

test("systemd is told of READY, RELOADING, STOPPING and signs of life, by the process that it has started", async (t) => {
  const where = folder(t, { programs: { p: { command: ["sh", "-c", "env; exec sleep 1000"], start_time: "10ms" } } });
  const address = join(where.path, "notify.sock");
  const systemd = run(t, "python3", ["-c", RECEIVER, address]);
  await until("the socket is there", () => existsSync(address));
  const service = run(t, "python3", ["-I", "-S", INIT, process.execPath, MAIN, where.path], {
    NOTIFY_SOCKET: address,
    WATCHDOG_USEC: "200000",
  });
  await until("it is ready and alive", () => /READY=1.*\n.*WATCHDOG=1/.test(systemd.text));
  const [instance] = instances(where.path, [join(where.path, "run")]);
  await new ControlClient(instance!.control).reload();
  await until("it has reloaded", () => /RELOADING=1', 'MONOTONIC_USEC=\d+'.*\n[\s\S]*READY=1/.test(systemd.text));
  const before = systemd.text.length;
  where.write("propylon.yaml", "nonsense: 1");
  service.process.kill("SIGHUP");
  await until("a reload that is refused has an end too", () =>
    /RELOADING=1.*\n[\s\S]*READY=1/.test(systemd.text.slice(before)),
  );
  service.process.kill("SIGTERM");
  assert.equal(await service.exited, 0);
  await until("it has said that it stops", () => systemd.text.includes("STOPPING=1"));
  const senders = new Set(
    systemd.text
      .trim()
      .split("\n")
      .map((line) => Number(line.split(" ")[0])),
  );
  assert.deepEqual([...senders], [service.process.pid]);
  assert.doesNotMatch(service.text, /NOTIFY_SOCKET|WATCHDOG_USEC|PROPYLON_NOTIFY_FD/);
  systemd.process.kill("SIGTERM");
});

/** What systemd does for a service with sockets of its own. */
const ACTIVATOR = `import os, socket, sys
tcp = socket.create_server(("127.0.0.1", 0))
unix = socket.socket(socket.AF_UNIX)
unix.bind(sys.argv[1] + "/web.sock")
unix.listen()
other = socket.create_server(("127.0.0.1", 0))
port = tcp.getsockname()[1]
with open(sys.argv[1] + "/propylon.yaml") as file:
    text = file.read().replace("PORT", str(port))
with open(sys.argv[1] + "/propylon.yaml", "w") as file:
    file.write(text)
print("port", port, flush=True)
numbers = [os.dup(one.fileno()) for one in (tcp, unix, other)]
for number, copy in enumerate([os.dup(n) for n in numbers]):
    os.dup2(copy, 20 + number)
for number in range(3):
    os.dup2(20 + number, 3 + number)
os.closerange(6, 40)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="3", LISTEN_FDNAMES="web:local:spare")
os.execvp(sys.argv[2], sys.argv[2:])
`;

test("listeners take the sockets that were opened for them, and what nobody listens on is told", async (t) => {
  const where = folder(t, {
    listeners: ["127.0.0.1:PORT", "unix:./web.sock"],
    apps: { hello: { wsgi: "app:app", workers: 1 } },
  });
  const command = ["python3", "-I", "-S", INIT, process.execPath, MAIN, where.path];
  const service = run(t, "python3", ["-c", ACTIVATOR, where.path, ...command]);
  await until("it is ready", () => service.text.includes("ready {"));
  const port = Number(/port (\d+)/.exec(service.text)?.[1]);
  assert.match(service.text, /no listener has the address of the passed socket spare \(127\.0\.0\.1:\d+\)/);
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  assert.match(await answer.text(), /^hello/);
  assert.equal(await statusOf(join(where.path, "web.sock")), 200);
  service.process.kill("SIGTERM");
  assert.equal(await service.exited, 0);
  assert.ok(existsSync(join(where.path, "web.sock")), "the socket's path is not ours to remove");
});

function statusOf(socketPath: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = http.get({ socketPath, agent: false, headers: { Host: "x" } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.once("error", reject);
  });
}
