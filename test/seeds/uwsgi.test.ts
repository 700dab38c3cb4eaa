import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { ask, folder, freePort, start, until } from "../support/instance.ts";
import { ECHO, environOf } from "./apps.ts";
import { block, serving, skip } from "./guide.ts";

const WSGI = "from dashapp import app\n\napp = app.server\n";
/** What Dash gives its user: an object whose `server` is the WSGI app. */
const DASHAPP = `${ECHO}
class Dash:
    server = staticmethod(application)

app = Dash()
`;

/** One of the guide's ini files, its folders replaced by one of the test's. */
function ini(t: TestContext, sign: RegExp, change: (text: string) => string = (text) => text): string {
  const cwd = folder(t, { "wsgi.py": WSGI, "dashapp.py": DASHAPP });
  const text = block(sign)
    .replaceAll("/home/gmontano/pyDash/", `${cwd}/`)
    .replace(/^virtualenv.*$/m, "");
  fs.writeFileSync(path.join(cwd, "dashapp.ini"), change(text));
  return cwd;
}

/** Sends bytes to a socket, and reads what comes until it is closed. */
function speak(socket: string, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const client = net.connect(socket, () => client.write(bytes));
    client.setEncoding("latin1").on("data", (piece: string) => {
      answer += piece;
    });
    client.on("end", () => resolve(answer)).on("error", reject);
  });
}

/** A request in the uwsgi protocol: modifier 0 and variables, each with its length before it. */
function packet(variables: Record<string, string>): Buffer {
  const texts = Object.entries(variables).flat();
  const parts = texts.flatMap((text) => [Buffer.of(text.length & 255, text.length >> 8), Buffer.from(text)]);
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(0, body.length & 255, body.length >> 8, 0), body]);
}

test("uwsgi --http --wsgi-file --callable as in the guide serves the app", { skip }, async (t) => {
  const port = await freePort();
  const command = block(/^\s*uwsgi --http/m)
    .trim()
    .replace(":8085", `:${port}`);
  const cwd = folder(t, { "main.py": ECHO });
  const instance = start(t, command.split(/\s+/), { cwd });
  await serving(instance);
  const answer = await ask(`http://127.0.0.1:${port}/hello?x=1`);
  assert.equal(answer.status, 200);
  assert.equal(environOf(answer.body)["PATH_INFO"], "/hello");
});

test("the guide's first ini serves HTTP on its public port: protocol = http is no danger", { skip }, async (t) => {
  const port = await freePort();
  const cwd = ini(t, /protocol = http/, (text) =>
    text.replace(":8050", `:${port}`).replace("processes = 5", "processes = 2"),
  );
  const instance = start(t, ["uwsgi", "dashapp.ini"], { cwd });
  await serving(instance);
  const answer = await ask(`http://127.0.0.1:${port}/dash/`);
  assert.equal(answer.status, 200);
  assert.equal(environOf(answer.body)["PATH_INFO"], "/dash/");
  await until(() => /2 workers x 4 threads/.test(instance.output.err));
});

test("the guide's second ini opens a socket with mode 660, and removes it when TERM ends it", { skip }, async (t) => {
  const cwd = ini(t, /chmod-socket/, (text) => text.replace("processes = 5", "processes = 1"));
  const instance = start(t, ["uwsgi", "dashapp.ini"], { cwd });
  await serving(instance);
  const socket = path.join(cwd, "dashapp.sock");
  const stat = fs.statSync(socket);
  assert.ok(stat.isSocket());
  assert.equal(stat.mode & 0o777, 0o660);
  // It speaks uwsgi, and nothing else.
  const variables = {
    REQUEST_METHOD: "GET",
    REQUEST_URI: "/x",
    PATH_INFO: "/x",
    SERVER_PROTOCOL: "HTTP/1.1",
    SERVER_NAME: "a",
    SERVER_PORT: "80",
  };
  const answer = await speak(socket, packet(variables));
  assert.match(answer, /^HTTP\/1\.[01] 200 OK\r\n/);
  assert.match(answer, /PATH_INFO=\/x/);
  assert.doesNotMatch(await speak(socket, Buffer.from("GET / HTTP/1.0\r\n\r\n")), / 200 /);
  instance.process.kill("SIGTERM");
  assert.deepEqual(await instance.exited, { code: 0, signal: null });
  assert.ok(!fs.existsSync(socket));
});

test("an nginx site that passes to the socket of the ini given beside it leads to the app", { skip }, async (t) => {
  const port = await freePort();
  const cwd = ini(t, /chmod-socket/, (text) => text.replace("processes = 5", "processes = 1"));
  fs.writeFileSync(
    path.join(cwd, "site"),
    `server {\n  listen ${port};\n  location / {\n    include uwsgi_params;\n    uwsgi_pass unix:${cwd}/dashapp.sock;\n  }\n}\n`,
  );
  const instance = start(t, ["run", "site", "dashapp.ini"], { cwd });
  await serving(instance);
  const environ = environOf((await ask(`http://127.0.0.1:${port}/a%20b?x=1`)).body);
  assert.equal(environ["PATH_INFO"], "/a b");
  assert.equal(environ["REMOTE_ADDR"], "127.0.0.1");
  assert.equal(environ["SERVER_PORT"], String(port));
  assert.ok(fs.statSync(path.join(cwd, "dashapp.sock")).isSocket());
});
