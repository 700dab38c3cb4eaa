import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { ResponseHead } from "../../src/http/response-head.ts";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from "../../src/http/settings.ts";
import { UwsgiConnection } from "../../src/uwsgi/connection.ts";
import { ask, folder, until } from "../support/instance.ts";

const missing = spawnSync("nginx", ["-v"]).error === undefined ? false : "there is no nginx here";

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

test("NGINX in front with uwsgi_pass: its variables come, and a body of 200 KB goes both ways", {
  skip: missing,
  timeout: 20_000,
}, async (t) => {
  const directory = folder(t);
  fs.chmodSync(directory, 0o755);
  const socket = path.join(directory, "app.sock");
  const seen: string[] = [];
  const connections = new Set<UwsgiConnection>();
  const server = net.createServer({ allowHalfOpen: true }, (peer) => {
    const connection = new UwsgiConnection(peer, {
      handler: () => ({
        handle: (exchange) => {
          seen.push(
            `${exchange.method} ${exchange.path} ${exchange.target} ${exchange.client.address} ${exchange.host}`,
          );
          const pieces: Buffer[] = [];
          exchange.body.read({
            data: (chunk) => pieces.push(Buffer.from(chunk)),
            end: () => exchange.respond(new ResponseHead(200, [["X-Own", "y"]]), Buffer.concat(pieces)),
            fail: (status, reason) => exchange.fail(status, reason),
          });
        },
      }),
      settings: { limits: DEFAULT_LIMITS, timeouts: DEFAULT_TIMEOUTS, serverName: null },
      observer: { ended: () => {}, refused: () => {}, connectionOpened: () => {}, connectionClosed: () => {} },
      secure: false,
      localPort: 0,
      address: `unix:${socket}`,
    });
    connections.add(connection);
    connection.start();
  });
  server.listen(socket);
  await once(server, "listening");
  fs.chmodSync(socket, 0o666);
  const port = await freePort();
  fs.writeFileSync(
    path.join(directory, "nginx.conf"),
    `daemon off; pid ${directory}/pid; error_log stderr; events {}
http { access_log off; client_body_temp_path ${directory}/b; uwsgi_temp_path ${directory}/u; proxy_temp_path ${directory}/p;
  fastcgi_temp_path ${directory}/f; scgi_temp_path ${directory}/s;
  server { listen 127.0.0.1:${port}; location / { include /etc/nginx/uwsgi_params; uwsgi_pass unix:${socket}; } } }`,
  );
  const nginx = spawn("nginx", ["-p", directory, "-c", path.join(directory, "nginx.conf")], { stdio: "ignore" });
  const exited = once(nginx, "exit");
  t.after(async () => {
    nginx.kill("SIGTERM");
    await exited;
    for (const connection of connections) connection.destroy();
    await new Promise((done) => server.close(done));
  });
  const url = `http://127.0.0.1:${port}`;
  await until(() =>
    ask(`${url}/a%20b?x=1`).then(
      () => true,
      () => false,
    ),
  );
  const body = "0123456789".repeat(20_000);
  const answer = await ask(`${url}/post`, { method: "POST", body });
  assert.deepEqual([answer.status, answer.headers["x-own"], answer.body === body], [200, "y", true]);
  assert.equal(seen[0], `GET /a b /a%20b?x=1 127.0.0.1 127.0.0.1`);
});
