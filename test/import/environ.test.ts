import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { serving } from "../seeds/guide.ts";
import { folder, freePort, run, start, until } from "../support/instance.ts";

const NGINX = "/usr/sbin/nginx";
const missing = [NGINX, "/usr/bin/gunicorn", "/usr/bin/waitress-serve", "/usr/bin/uwsgi"].filter(
  (name) => !fs.existsSync(name),
);
const skip = missing.length > 0 ? `not installed: ${missing.join(", ")}` : false;

/** Answers with its environ, and the kind of what is no text. */
const ECHO = `
import json

def app(environ, start_response):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    seen = {key: value if isinstance(value, (str, bool)) else type(value).__name__ for key, value in environ.items()}
    seen["the body"] = body.decode("latin-1")
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(seen).encode()]

application = app
`;

const FIELDS =
  "Host: example.org:8080\r\nUser-Agent: t\r\nCookie: x=1; y=2\r\nX-Twice: 1\r\nX-Twice: 2\r\nX_under: bad\r\n";
const FORM = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n";
const SPOOFED = "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n";
const REQUESTS: readonly string[] = [
  `GET /caf%C3%A9/x%20y/z?a=1&b=%20c HTTP/1.1\r\n${FIELDS}Connection: close\r\n\r\n`,
  "GET /a/./b/../c HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n",
  `POST /form HTTP/1.1\r\nHost: example.org\r\n${FORM}${SPOOFED}Connection: close\r\n\r\na=1&b=2`,
  "PUT /up HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  "GET / HTTP/1.0\r\nHost: example.org\r\n\r\n",
];

const HEADERS = `proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;`;
const INI = "[uwsgi]\nplugin = python3\nwsgi-file = app.py\nmaster = true\n";

interface Stack {
  readonly name: string;
  /** In `location /`; BACK is the server's port, DIR the folder. */
  readonly location: string;
  readonly server: readonly string[];
  /** app.ini, beside the server's arguments. */
  readonly ini?: string;
  readonly endedBy?: NodeJS.Signals;
}

const STACKS: readonly Stack[] = [
  {
    name: "Gunicorn on a port",
    location: `proxy_pass http://127.0.0.1:BACK; ${HEADERS}`,
    server: ["gunicorn", "-b", "127.0.0.1:BACK", "app:app"],
  },
  {
    name: "Gunicorn on a port, without headers",
    location: "proxy_pass http://127.0.0.1:BACK;",
    server: ["gunicorn", "-b", "127.0.0.1:BACK", "app:app"],
  },
  {
    name: "Gunicorn on a Unix socket",
    location: `proxy_pass http://unix:DIR/app.sock; ${HEADERS}`,
    server: ["gunicorn", "-b", "unix:DIR/app.sock", "app:app"],
  },
  {
    name: "Waitress",
    location: `proxy_pass http://127.0.0.1:BACK; ${HEADERS}`,
    server: ["waitress-serve", "--listen=127.0.0.1:BACK", "app:app"],
  },
  {
    name: "uWSGI on a port",
    location: "include /etc/nginx/uwsgi_params; uwsgi_pass 127.0.0.1:BACK;",
    ini: `${INI}socket = 127.0.0.1:BACK\n`,
    server: ["uwsgi", "--ini", "app.ini"],
    endedBy: "SIGINT",
  },
  {
    name: "uWSGI on a Unix socket",
    location: "include /etc/nginx/uwsgi_params; uwsgi_pass unix:DIR/app.sock;",
    ini: `${INI}socket = DIR/app.sock\nchmod-socket = 666\n`,
    server: ["uwsgi", "--ini", "app.ini"],
    endedBy: "SIGINT",
  },
  {
    name: "uWSGI speaking HTTP",
    location: `proxy_pass http://127.0.0.1:BACK; ${HEADERS}`,
    ini: `${INI}http-socket = 127.0.0.1:BACK\n`,
    server: ["uwsgi", "--ini", "app.ini"],
    endedBy: "SIGINT",
  },
];

for (const stack of STACKS)
  test(`behind NGINX and fused, an app of ${stack.name} gets the same environ but for what the report names`, {
    skip,
  }, async (t) => {
    const directory = folder(t, { "app.py": ECHO });
    fs.chmodSync(directory, 0o755);
    const port = await freePort();
    const back = String(await freePort());
    const fill = (text: string): string => text.replaceAll("BACK", back).replaceAll("DIR", directory);
    fs.writeFileSync(path.join(directory, "nginx.conf"), nginxConf(directory, port, fill(stack.location)));
    if (stack.ini !== undefined) fs.writeFileSync(path.join(directory, "app.ini"), fill(stack.ini));

    const server = spawnQuietly(t, `/usr/bin/${stack.server[0]}`, stack.server.slice(1).map(fill), directory);
    const nginx = spawnQuietly(t, NGINX, ["-p", directory, "-c", "nginx.conf"], directory);
    await until(async () => (await answered(port)) === 200);
    const real = await askAll(port);
    await ended(nginx, "SIGTERM");
    await ended(server, stack.endedBy ?? "SIGTERM");

    const given = stack.ini === undefined ? ["--with", stack.server.map(fill).join(" ")] : ["app.ini"];
    const report = await run(["import", "nginx.conf", ...given, "--report", "text"], directory);
    const named = /environ is as behind the proxy, but for (.*)/.exec(report.out + report.err)?.[1];
    assert.ok(named !== undefined, report.out + report.err);
    const instance = start(t, ["run", "nginx.conf", ...given], { cwd: directory });
    await serving(instance);
    const fused = await askAll(port);

    for (const [at, request] of REQUESTS.entries())
      for (const key of new Set([...Object.keys(real[at]!), ...Object.keys(fused[at]!)])) {
        if (real[at]![key] === fused[at]![key] || named.includes(key)) continue;
        const repeated: boolean = key === "HTTP_X_TWICE" && named.includes("repeated header fields");
        assert.ok(
          repeated,
          `${request.slice(0, 20)}: ${key} is ${real[at]![key]} behind NGINX, ${fused[at]![key]} fused`,
        );
      }
  });

function nginxConf(directory: string, port: number, location: string): string {
  const folders = ["client_body", "proxy", "uwsgi", "fastcgi", "scgi"].map(
    (name) => `${name}_temp_path ${directory}/${name};`,
  );
  return `pid ${directory}/nginx.pid;\ndaemon off;\nerror_log ${directory}/error.log;\nevents {}
http { access_log off; ${folders.join(" ")}
  server { listen 127.0.0.1:${port}; server_name example.org; location / { ${location} } } }\n`;
}

function spawnQuietly(t: TestContext, program: string, words: readonly string[], cwd: string): ChildProcess {
  const child = spawn(program, words, { cwd, stdio: "ignore", env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" } });
  t.after(() => ended(child, "SIGKILL"));
  return child;
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

async function askAll(port: number): Promise<Record<string, unknown>[]> {
  const answers: Record<string, unknown>[] = [];
  for (const request of REQUESTS) {
    const answer = await exchange(port, request);
    const json = /\{[\s\S]*\}/.exec(answer)?.[0];
    assert.ok(json !== undefined, answer);
    answers.push(JSON.parse(json) as Record<string, unknown>);
  }
  return answers;
}

/** The status of a plain request; 0 while nobody listens. */
async function answered(port: number): Promise<number> {
  const answer = await exchange(port, REQUESTS.at(-1)!).catch(() => "");
  return Number(/^HTTP\/1\.\d (\d+)/.exec(answer)?.[1] ?? 0);
}

function exchange(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = net.connect(port, "127.0.0.1", () => socket.write(request, "latin1"));
    socket.setEncoding("latin1").on("data", (piece: string) => {
      text += piece;
    });
    socket.on("end", () => resolve(text)).on("error", reject);
  });
}
