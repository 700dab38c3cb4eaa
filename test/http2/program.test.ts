import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import http2 from "node:http2";
import path from "node:path";
import { type TestContext, test } from "node:test";
import tls from "node:tls";
import { folder, freePort, type Instance, start, until } from "../support/instance.ts";
import { makeCertificate } from "../tls/certificates.ts";
import { connect, request } from "./frame-client.ts";

const APP = `
import time
def app(environ, start_response):
    body = environ["wsgi.input"].read()
    if environ["PATH_INFO"] == "/slow":
        time.sleep(1)
    said = "%s %s %s %d" % (environ["SERVER_PROTOCOL"], environ["wsgi.url_scheme"], environ["HTTP_HOST"], len(body))
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Cookie", environ.get("HTTP_COOKIE", "-"))])
    return [said.encode()]
`;

interface Stage {
  readonly instance: Instance;
  readonly plain: number;
  readonly secure: number;
  readonly cwd: string;
}

/** A program with a listener of each kind; \`more\` stands in both. */
async function stage(t: TestContext, more = ""): Promise<Stage> {
  const [plain, secure] = [await freePort(), await freePort()];
  const cwd = folder(t, { "app.py": APP, "public/file.txt": "f".repeat(300_000) });
  makeCertificate(cwd, "site", ["site.example"]);
  fs.writeFileSync(
    path.join(cwd, "propylon.yaml"),
    `listeners:
  - { address: "127.0.0.1:${plain}"${more} }
  - { address: "127.0.0.1:${secure}", tls: { certificate: site.pem, key: site.key }${more} }
access_log: access.log
apps: { web: { wsgi: "app:app", workers: 1 } }
sites: [{ routes: [{ path: /files/, static: { root: public, strip: true } }, { app: web }] }]
`,
  );
  const instance = start(t, ["run"], { cwd });
  await instance.url;
  await until(() => instance.output.err.includes("main: ready"));
  return { instance, plain, secure, cwd };
}

function curl(...words: string[]): Promise<string> {
  return new Promise((resolve, reject) =>
    execFile("curl", ["-sSk", "--max-time", "20", ...words], (error, out, err) =>
      error === null ? resolve(out) : reject(new Error(err)),
    ),
  );
}

test("curl speaks HTTP/2 by ALPN and by prior knowledge, and HTTP/1.1 on the same listeners", async (t) => {
  const { plain, secure, cwd } = await stage(t);
  const version = ["-w", " %{http_version}"];
  assert.equal(await curl(...version, `https://127.0.0.1:${secure}/a`), `HTTP/2.0 https 127.0.0.1:${secure} 0 2`);
  assert.equal(
    await curl(...version, "--http2-prior-knowledge", `http://127.0.0.1:${plain}/a`),
    `HTTP/2.0 http 127.0.0.1:${plain} 0 2`,
  );
  assert.equal(
    await curl(...version, "--http1.1", `https://127.0.0.1:${secure}/a`),
    `HTTP/1.1 https 127.0.0.1:${secure} 0 1.1`,
  );
  assert.equal(await curl(...version, `http://127.0.0.1:${plain}/a`), `HTTP/1.1 http 127.0.0.1:${plain} 0 1.1`);
  const large = path.join(cwd, "large");
  fs.writeFileSync(large, Buffer.alloc(3_000_000));
  assert.equal(
    await curl("--data-binary", `@${large}`, `https://127.0.0.1:${secure}/post`),
    `HTTP/2.0 https 127.0.0.1:${secure} 3000000`,
  );
  assert.equal((await curl(`https://127.0.0.1:${secure}/files/file.txt`)).length, 300_000);
  assert.equal(await curl("-r", "10-19", `https://127.0.0.1:${secure}/files/file.txt`), "f".repeat(10));
  const log = path.join(cwd, "access.log");
  await until(() => fs.readFileSync(log, "utf8").includes('"GET /files/file.txt HTTP/2.0" 206 10'));
  assert.match(
    fs.readFileSync(log, "utf8"),
    /"GET \/a HTTP\/2\.0" 200 .*\n.*"GET \/a HTTP\/2\.0" 200 .*\n.*"GET \/a HTTP\/1\.1" 200/,
  );
});

test("a preface that comes byte by byte is recognised in clear text", async (t) => {
  const { plain } = await stage(t);
  const client = await connect(plain, [], false);
  t.after(() => client.socket.destroy());
  for (const byte of "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0") {
    client.raw(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.ask(
    1,
    request("/x", [
      ["cookie", "a=1"],
      ["cookie", "b=2"],
    ]),
  );
  const { heads, body } = await client.response(1);
  assert.equal(body.toString(), "HTTP/2.0 http a.example 0");
  assert.equal(heads[0]!.get("x-cookie"), "a=1; b=2");
});

test("equal fields with and without a body are two requests to an app", async (t) => {
  const { plain } = await stage(t);
  const client = await connect(plain);
  t.after(() => client.socket.destroy());
  const said = async (stream: number) => (await client.response(stream)).body.toString();
  client.ask(1, request("/", [], "POST"));
  assert.match(await said(1), / 0$/);
  client.ask(3, request("/", [], "POST"), false);
  client.data(3, "abcde", true);
  assert.match(await said(3), / 5$/);
  client.ask(5, request("/", [], "POST"));
  assert.match(await said(5), / 0$/);
});

test("with http2: false nobody is offered it", async (t) => {
  const { plain, secure } = await stage(t, ", http2: false");
  assert.match(await curl(`https://127.0.0.1:${secure}/`), /^HTTP\/1\.1 /);
  await assert.rejects(curl("--http2-prior-knowledge", `http://127.0.0.1:${plain}/`));
  const socket = tls.connect({
    host: "127.0.0.1",
    port: secure,
    rejectUnauthorized: false,
    ALPNProtocols: ["h2", "http/1.1"],
  });
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  assert.equal(socket.alpnProtocol, "http/1.1");
  socket.destroy();
});

test("stop lets a running request end, takes no more on its connection, and ends in time", async (t) => {
  const { instance, secure } = await stage(t);
  const session = http2.connect(`https://127.0.0.1:${secure}`, { rejectUnauthorized: false });
  t.after(() => session.destroy());
  const goaways: number[] = [];
  session.on("goaway", (code) => goaways.push(code));
  session.on("error", () => {});
  const running = session.request({ ":path": "/slow" });
  const body = new Promise<string>((resolve, reject) => {
    let text = "";
    running.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
    });
    running.on("end", () => resolve(text));
    running.on("error", reject);
  });
  const quick = session.request({ ":path": "/" });
  await new Promise((resolve) => quick.on("response", resolve));
  quick.resume();
  instance.process.kill("SIGTERM");
  assert.match(await body, /^HTTP\/2\.0 https/);
  assert.deepEqual(await instance.exited, { code: 0, signal: null });
  assert.ok(goaways.length > 0 && goaways.every((code) => code === 0));
  assert.doesNotMatch(instance.output.err, /cut/);
});
