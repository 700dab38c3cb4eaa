import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { connect, talk } from "../http/client.ts";
import { get, pattern } from "../http/fixtures.ts";
import { APACHE, NGINX, startApache, startNginx, startPythonServer } from "./programs.ts";
import { proxyStage, targetAt } from "./stage.ts";

const CLOSE = "Connection: close\r\n";
const noNginx = NGINX === undefined ? "nginx is not installed" : false;
const noApache = APACHE === undefined ? "apache2 is not installed" : false;

function field(headers: readonly (readonly [string, string])[], name: string): string | undefined {
  return headers.find(([one]) => one === name)?.[1];
}

test("nginx: files, ranges, conditionals, HEAD and uploads over kept connections", { skip: noNginx }, async () => {
  await using nginx = await startNginx(`
    location / { root FOLDER/www; }
    location /count { return 200 "$connection_requests"; }
    location /echo { client_max_body_size 0; proxy_pass http://unix:FOLDER/none.sock; error_page 502 = @sink; }
    location @sink { return 201 "$request_method $content_length"; }`);
  fs.mkdirSync(path.join(nginx.folder, "www"));
  const content = pattern(1_500_000);
  fs.writeFileSync(path.join(nginx.folder, "www/file.bin"), content);
  await using front = await proxyStage({ targets: [targetAt(nginx.port)], memoryLimit: 64 * 1024 });
  const file = (await talk(front.port, [get("/file.bin", CLOSE)])).responses[0]!;
  assert.ok(file.body.equals(content));
  const etag = field(file.headers, "etag")!;
  const range = (await talk(front.port, [get("/file.bin", `${CLOSE}Range: bytes=5-14\r\n`)])).responses[0]!;
  assert.equal(range.status, 206);
  assert.ok(range.body.equals(content.subarray(5, 15)));
  const same = (await talk(front.port, [get("/file.bin", `${CLOSE}If-None-Match: ${etag}\r\n`)])).responses[0]!;
  assert.equal(same.status, 304);
  const head = (await talk(front.port, [`HEAD /file.bin HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`], { methods: ["HEAD"] }))
    .responses[0]!;
  assert.equal(field(head.headers, "content-length"), "1500000");
  const upload = `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n${CLOSE}\r\n${"x".repeat(300_000)}`;
  const echoed = (await talk(front.port, [upload])).responses[0]!;
  assert.equal(`${echoed.status} ${echoed.body.latin1Slice()}`, "201 POST 300000");
  const client = await connect(front.port);
  for (let i = 1; i <= 5; i++) {
    client.write(get("/count"));
    await client.responses(i);
  }
  const counts = (await client.responses(5)).map((response) => Number(response.body.latin1Slice()));
  client.socket.destroy();
  assert.deepEqual(
    counts.map((count) => count - counts[0]!),
    [0, 1, 2, 3, 4],
    "one connection carried them all",
  );
});

test("nginx over a Unix socket, with a client that reads slowly held apart from the target", {
  skip: noNginx,
}, async () => {
  await using nginx = await startNginx("location / { root FOLDER/www; } listen unix:FOLDER/nginx.sock;");
  fs.mkdirSync(path.join(nginx.folder, "www"));
  const content = pattern(20_000_000);
  fs.writeFileSync(path.join(nginx.folder, "www/large.bin"), content);
  const target = targetAt(0, { host: "", path: path.join(nginx.folder, "nginx.sock") });
  for (const buffering of [true, false]) {
    await using front = await proxyStage({ targets: [target], proxy: { buffering }, memoryLimit: 64 * 1024 });
    const client = await connect(front.port);
    client.socket.pause();
    client.write(get("/large.bin", CLOSE));
    const held = front.upstreams.named("up").targets[0]!;
    // Buffered, the target is done though the client has read nothing; streamed, it is not.
    if (buffering) {
      while (held.metrics.requests.value === 0 || held.inFlight > 0)
        await new Promise((resolve) => setImmediate(resolve));
    } else {
      while (held.metrics.response.counts.every((count) => count === 0))
        await new Promise((resolve) => setImmediate(resolve));
      assert.equal(held.inFlight, 1);
    }
    client.socket.resume();
    const { responses } = await client.finished();
    assert.ok(responses[0]!.body.equals(content));
    assert.equal(held.inFlight, 0);
  }
});

test("apache: chunked and compressed answers, redirects, and keep-alive that it ends", { skip: noApache }, async () => {
  await using apache = await startApache(`
KeepAliveTimeout 1
MaxKeepAliveRequests 3
AddOutputFilterByType DEFLATE text/plain
AddType text/plain .txt
Redirect 301 /moved http://up/new
`);
  const text = "hello apache ".repeat(20_000);
  fs.writeFileSync(path.join(apache.folder, "www/a.txt"), text);
  await using front = await proxyStage({ targets: [targetAt(apache.port)] });
  const zipped = (await talk(front.port, [get("/a.txt", `${CLOSE}Accept-Encoding: gzip\r\n`)])).responses[0]!;
  assert.equal(field(zipped.headers, "content-encoding"), "gzip");
  assert.equal(gunzipSync(zipped.body).latin1Slice(), text);
  const moved = (await talk(front.port, [get("/moved/x", CLOSE)])).responses[0]!;
  assert.equal(field(moved.headers, "location"), "/new/x");
  const client = await connect(front.port);
  for (let i = 1; i <= 12; i++) {
    client.write(get("/a.txt"));
    const answers = await client.responses(i);
    assert.equal(answers[i - 1]!.body.length, text.length);
  }
  client.socket.destroy();
  assert.deepEqual(front.logged, [], "connections that Apache closes after 3 requests are nobody's failure");
});

test("python3 -m http.server: HTTP/1.0 answers, folders, 404", async () => {
  await using python = await startPythonServer();
  fs.writeFileSync(path.join(python.folder, "a.txt"), "from python");
  await using front = await proxyStage({ targets: [targetAt(python.port)] });
  const { responses } = await talk(front.port, [get("/a.txt"), get("/missing"), get("/", CLOSE)]);
  assert.deepEqual(
    responses.map((response) => [response.version, response.status]),
    [
      ["HTTP/1.1", 200],
      ["HTTP/1.1", 404],
      ["HTTP/1.1", 200],
    ],
  );
  assert.equal(responses[0]!.body.latin1Slice(), "from python");
  assert.match(responses[2]!.body.latin1Slice(), /a\.txt/);
});
