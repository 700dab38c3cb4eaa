import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { corpora, corpusCases, steps } from "../http/corpora.ts";
import { connect as connectHttp2, request } from "../http2/frame-client.ts";
import { APACHE, NGINX } from "../proxy/programs.ts";
import { folder, freePort, start, until } from "../support/instance.ts";

/**
 * What we forward has to be read by the servers behind us as what we meant: real ones, on kept connections, beside what each of them
 * says itself that it was asked.
 */

/** Says in a file what it was asked. */
const APP = `
import os

def app(environ, start_response):
    length = len(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    said = "%s %s %d" % (environ["REQUEST_METHOD"], environ["PATH_INFO"], length)
    file = os.open(environ["PATH_INFO"].split("/")[1] + ".seen", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, (said + "\\n").encode())
    os.close(file)
    spoofed = [key for key in environ if key in ("HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_X_UNDER")]
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Spoofed", ",".join(spoofed))])
    return [said.encode()]

application = app
`;

interface Behind {
  readonly name: string;
  readonly program: string | undefined;
  /** BACK is its port, DIR the folder. */
  readonly words: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

const APACHE_MODULES = "/usr/lib/apache2/modules";
const BEHIND: readonly Behind[] = [
  {
    name: "nginx",
    program: NGINX,
    words: ["-p", "DIR", "-e", "DIR/nginx.error", "-c", "nginx.conf"],
    files: {
      "nginx.conf": `daemon off; pid DIR/nginx.pid; error_log DIR/nginx.error; ${process.getuid?.() === 0 ? "user root;" : ""} events {}
http { log_format seen "$request_method $uri"; access_log DIR/nginx.seen seen;
${["client_body", "proxy", "uwsgi", "fastcgi", "scgi"].map((name) => `${name}_temp_path DIR/${name};`).join(" ")}
server { listen 127.0.0.1:BACK; keepalive_requests 100000; location / { return 200 "$request_method $uri"; } } }`,
    },
  },
  {
    name: "apache",
    program: APACHE,
    words: ["-D", "FOREGROUND", "-f", "DIR/apache.conf"],
    files: {
      "apache.conf": `${["mpm_event", "authz_core", "rewrite"].map((name) => `LoadModule ${name}_module ${APACHE_MODULES}/mod_${name}.so`).join("\n")}
ServerRoot DIR
ServerName localhost
Listen 127.0.0.1:BACK
PidFile DIR/apache.pid
ErrorLog DIR/apache.error
DocumentRoot DIR/www
StartServers 1
ServerLimit 1
ThreadsPerChild 8
MaxRequestWorkers 8
MaxKeepAliveRequests 0
LogFormat "%m %U" seen
CustomLog DIR/apache.seen seen
RewriteEngine on
RewriteRule ^ - [R=404,L]
`,
    },
  },
  {
    name: "gunicorn",
    program: there("/usr/bin/gunicorn"),
    words: [
      "-b",
      "127.0.0.1:BACK",
      "--keep-alive",
      "60",
      "-k",
      "gthread",
      "--threads",
      "4",
      "--chdir",
      "DIR",
      "app:app",
    ],
  },
  {
    name: "uwsgi",
    program: there("/usr/bin/uwsgi"),
    words: [
      "--http-socket",
      "127.0.0.1:BACK",
      "--plugin",
      "python3",
      "--chdir",
      "DIR",
      "--wsgi-file",
      "app.py",
      "--add-header",
      "Connection: close",
    ],
  },
  {
    name: "waitress",
    program: there("/usr/bin/waitress-serve"),
    words: ["--listen=127.0.0.1:BACK", "app:app"],
  },
];

/** Lines that stand for Transfer-Encoding, or beside it. */
const OWN_LINES: readonly string[] = [
  "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
  "Transfer-Encoding: chunked, identity",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: xchunked",
  "Transfer-Encoding:",
  "Transfer_Encoding: chunked",
  "Transfer.Encoding: chunked",
  "Content_Length: 3",
  "Content-Length : 3",
  "Content-Length: +3",
  "Content-Length: 3, 3",
  "Content-Length: 0x3",
  "X_Under: 1",
  "X: y\rTransfer-Encoding: chunked",
  "X: y\nTransfer-Encoding: chunked",
  "X: y\0Transfer-Encoding: chunked",
  "X:\r\n Transfer-Encoding: chunked",
  "Connection: Content-Length, Transfer-Encoding, Host",
  "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nConnection: Upgrade, HTTP2-Settings",
  "Expect: 100-continue",
  "Trailer: Content-Length",
];

function there(file: string): string | undefined {
  return fs.existsSync(file) ? file : undefined;
}

/** All ways to send one message twice over: as if chunks framed it, and as if its length did. `at`: the path it asks for. */
function messages(line: string, at: string): string[] {
  const head = (fields: string): string => `POST ${at} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const hidden = get(`${at}-hidden`);
  const inChunks = `0\r\n\r\n${hidden}`;
  const inLength = (what: string): string => `${what.length.toString(16)}\r\n${what}\r\n0\r\n\r\n`;
  return [
    head(`Content-Length: ${inChunks.length}\r\n${line}\r\n`) + inChunks,
    // Where the line says nothing, what follows 4 bytes of body is a request.
    head(`${line}\r\nContent-Length: 4\r\n`) + inLength(get(`${at}-after`)),
    head(`${line}\r\n`) + inLength(hidden),
    `GET ${at} HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n${get(`${at}-after`)}`,
  ];
}

/** Sends bytes and closes its side; what came back. */
async function talk(port: number, bytes: string): Promise<string> {
  const socket = net.connect(port, "127.0.0.1");
  let text = "";
  socket.setEncoding("latin1").on("data", (piece: string) => {
    text += piece;
  });
  socket.on("error", () => {});
  socket.end(Buffer.from(bytes, "latin1"));
  await once(socket, "close");
  return text;
}

function spawnQuietly(t: TestContext, program: string, words: readonly string[], cwd: string): ChildProcess {
  const child = spawn(program, words, { cwd, stdio: "ignore", env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" } });
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    // Apache and gunicorn would leave their workers behind at a KILL; to uwsgi TERM is a reload.
    child.kill(program.endsWith("uwsgi") ? "SIGINT" : "SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 4000);
    await exit;
    clearTimeout(timer);
  });
  return child;
}

const lines = [
  ...OWN_LINES,
  ...(corpora === null ? [] : corpusCases("smuggler-te-mutations").map((one) => steps(one).join(""))),
];

for (const { name, program, words, files = {} } of BEHIND)
  test(`${name} reads in what we forward what we have read: no hidden request, none lost, none doubled`, {
    skip: program === undefined && `${name} is not installed`,
  }, async (t) => {
    const [port, back] = [await freePort(), await freePort()];
    const cwd = folder(t, { "app.py": APP, "www/x": "" });
    fs.chmodSync(cwd, 0o755);
    const fill = (text: string): string => text.replaceAll("BACK", String(back)).replaceAll("DIR", cwd);
    for (const [file, text] of Object.entries(files)) fs.writeFileSync(path.join(cwd, file), fill(text));
    const behind = spawnQuietly(t, program!, words.map(fill), cwd);
    fs.writeFileSync(
      path.join(cwd, "propylon.yaml"),
      `listeners: ["127.0.0.1:${port}"]
timeouts: {head: 2s, body: 2s}
log_formats: {seen: "{request_method} {path} {status}"}
access_log: {path: front.log, format: seen}
sites: [{ routes: [{ proxy: "http://127.0.0.1:${back}" }] }]
`,
    );
    const instance = start(t, ["run"], { cwd });
    await instance.url;
    // The ways of the upstream to say that it is up differ.
    await until(async () => {
      assert.equal(behind.exitCode, null, `${name} has ended`);
      const answer = await talk(port, `GET /${name}/up HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      return /^HTTP\/1\.1 (?:200|404)/.test(answer);
    });

    let refused = 0;
    for (const [index, line] of lines.entries()) {
      const sent = messages(line, `/${name}/m${index}`);
      for (const answer of await Promise.all(sent.map((message) => talk(port, message)))) {
        if (!/^HTTP\/1\.1 (?:200|404) /m.test(answer)) refused++;
        assert.doesNotMatch(answer, /-hidden|x-spoofed: \w/i);
      }
      if (index % 8 !== 0) continue;
      const canary = await talk(port, `GET /${name}/canary${index} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      assert.match(canary, name === "apache" ? /^HTTP\/1\.1 404/ : new RegExp(`GET /${name}/canary${index}\\b`));
    }
    assert.ok(refused > lines.length, "most of it gets no further than us");

    // The same over HTTP/2, where nothing but fields could frame another message.
    const client = await connectHttp2(port);
    t.after(() => client.socket.destroy());
    const fields: readonly (readonly [string, string])[] = [
      ["content_length", "3"],
      ["transfer_encoding", "chunked"],
      ["x", "y: z"],
      ["connection_", "close"],
      ["te", "trailers"],
    ];
    for (const [index, field] of fields.entries()) {
      client.ask(index * 2 + 1, request(`/${name}/two${index}`, [field], "POST"), false);
      client.data(index * 2 + 1, `0\r\n\r\nGET /${name}/hidden HTTP/1.1\r\nHost: a\r\n\r\n`, true);
      assert.match(await client.status(index * 2 + 1), /^(?:200|404)$/);
    }

    const [log, seen] = [path.join(cwd, "front.log"), path.join(cwd, `${name}.seen`)];
    const complete = (): boolean => {
      const [asked, answered] = [tally(log), tally(log, / (?:200|404)$/)];
      const found = tally(seen);
      for (const [request, times] of found)
        assert.ok(times <= (asked.get(request) ?? times), `${request} was asked less often`);
      for (const [request] of answered) if (/hidden/.test(request)) assert.fail(`${request} was answered`);
      return [...answered].every(([request, times]) => (found.get(request) ?? 0) >= times);
    };
    await until(() => tally(log).has(`POST /${name}/two${fields.length - 1}`) && complete());
    // Nothing that we did not read, however late.
    const [asked, found] = [tally(log), tally(seen)];
    for (const [request, times] of found)
      assert.ok(times <= (asked.get(request) ?? 0), `${request} was seen ${times} times`);
  });

/** How often each `METHOD PATH` stands in a log, of the lines that match. */
function tally(file: string, wanted = /^/): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const line of fs.readFileSync(file, "utf8").split("\n")) {
    const [request] = /^[A-Z]+ \S+/.exec(line) ?? [];
    if (request !== undefined && wanted.test(line)) found.set(request, (found.get(request) ?? 0) + 1);
  }
  return found;
}
