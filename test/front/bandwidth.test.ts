import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { ask, freePort } from "../support/instance.ts";
import { field, get, send, serve, serveNginx } from "./client.ts";

const SIZE = 150_000;
const RATE = 100_000;
/** ms that it takes at least: the first quarter of a second's worth goes at once. */
const LEAST = (SIZE / RATE) * 1000 - 250;

const APP = `
CONTENT = b"0123456789" * ${SIZE / 10}
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"].endswith("/pieces"):
        return (CONTENT[at:at + 1000] for at in range(0, len(CONTENT), 1000))
    return [CONTENT]
`;
const CONTENT = "0123456789".repeat(SIZE / 10);

interface Came {
  readonly body: string;
  /** ms. */
  readonly took: number;
}

async function timed(load: () => Promise<string>): Promise<Came> {
  const began = performance.now();
  return { body: await load(), took: performance.now() - began };
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString("latin1");
}

/** An upstream that answers with the content and these fields. */
async function upstream(t: TestContext, fields: Record<string, string> = {}): Promise<number> {
  const server = http.createServer((_request, response) => response.writeHead(200, fields).end(CONTENT));
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test("a route's bandwidth holds for app, file and upstream, over HTTP/1.1, TLS and HTTP/2, beside others at full speed", async (t) => {
  const [plain, secure, behind] = [await freePort(), await freePort(), await upstream(t)];
  await serve(
    t,
    `
listeners: ["127.0.0.1:${plain}", {address: "127.0.0.1:${secure}", tls: {internal: true}}]
apps: {web: {wsgi: "app:app", workers: 1}}
timeouts: {write: 1s, minimum_rate: 150KB, rate_grace: 500ms}
sites:
  - limits: {bandwidth: ${RATE}}
    routes:
      - {path: /file, static: ./files}
      - {path: /up, proxy: "http://127.0.0.1:${behind}"}
      - {path: /fast/, limits: {bandwidth: 0}, app: web}
      - {path: /head/, limits: {bandwidth_after: ${SIZE}}, app: web}
      - {path: /agent/, limits: {bandwidth: "{http_x_rate}"}, app: web}
      - {app: web}
`,
    { "app.py": APP, "files/file": CONTENT, "files/x": CONTENT },
  );
  const one = (path: string, fields: Record<string, string> = {}) =>
    timed(async () => (await ask(`http://127.0.0.1:${plain}${path}`, { headers: fields })).body);
  const session = http2.connect(`http://127.0.0.1:${plain}`);
  t.after(() => session.close());
  const two = (path: string) => timed(() => text(session.request({ ":path": path })));
  const tls = (path: string) =>
    timed(async () => {
      const request = https.get({ port: secure, path, rejectUnauthorized: false, agent: false });
      const [response] = (await once(request, "response")) as [http.IncomingMessage];
      return text(response);
    });
  let slow = 0;
  const throttled = [
    one("/"),
    one("/pieces"),
    one("/file/x"),
    one("/up"),
    one("/agent/", { "x-rate": "100000" }),
    two("/"),
    two("/file/x"),
    two("/up"),
    two("/pieces"),
    tls("/"),
    tls("/file/x"),
  ].map(async (came) => {
    const { body, took } = await came;
    slow++;
    return { body, took };
  });
  for (const free of [one("/fast/"), two("/fast/"), tls("/fast/"), one("/head/"), one("/agent/")])
    assert.equal((await free).body, CONTENT);
  assert.equal(slow, 0, "who has no bound is done before all who have one");
  for (const [index, { body, took }] of (await Promise.all(throttled)).entries()) {
    assert.ok(body === CONTENT, `${index}: ${body.length} bytes came`);
    assert.ok(took >= LEAST && took < LEAST * 8, `${index} took ${took} ms`);
  }
  const { headers, body } = await ask(`http://127.0.0.1:${plain}/file/x`, { method: "HEAD" });
  assert.deepEqual([headers["content-length"], body], [String(SIZE), ""]);
});

test("limit_rate of an nginx.conf holds, and X-Accel-Limit-Rate goes before it and is not passed on", async (t) => {
  const free = await upstream(t, { "X-Accel-Limit-Rate": "0" });
  const held = await upstream(t, { "X-Accel-Limit-Rate": "100000" });
  const plain = await upstream(t);
  const port = await serveNginx(
    t,
    (listen) => `server { listen 127.0.0.1:${listen};
      location /free { limit_rate 10k; proxy_pass http://127.0.0.1:${free}; }
      location /held { proxy_pass http://127.0.0.1:${held}; }
      location /own { limit_rate 80k; limit_rate_after 30k; proxy_pass http://127.0.0.1:${plain}; }
      location /set { set $limit_rate 10k; if ($arg_fast) { set $limit_rate 0; } if ($arg_some) { set $limit_rate 80k; } proxy_pass http://127.0.0.1:${plain}; }
    }`,
  );
  const load = async (path: string) => {
    const began = performance.now();
    const said = await send(port, get(path));
    assert.equal(said?.body, CONTENT, path);
    assert.deepEqual(field(said, "x-accel-limit-rate"), []);
    return performance.now() - began;
  };
  const [quick, set, ...slow] = await Promise.all(["/free", "/set?fast=1", "/set?some=1", "/held", "/own"].map(load));
  assert.ok(quick! < LEAST && set! < LEAST, `${quick} and ${set} ms`);
  for (const took of slow) assert.ok(took >= 1200, `${took} ms`);
});
