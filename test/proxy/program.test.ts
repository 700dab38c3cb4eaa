import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { ask, folder, start, until } from "../support/instance.ts";
import { closedPort, scripted } from "./stage.ts";

test("the whole program proxies, says so in its metrics, and keeps connections across a reload", async (t) => {
  await using target = await scripted((socket, request) => {
    const path = request.split(" ")[1]!;
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\nX-Powered-By: scripts\r\n\r\n${path}`);
  });
  const admin = await closedPort();
  const yaml = (header: string): string => `
listeners: ["127.0.0.1:0"]
admin: 127.0.0.1:${admin}
upstreams: { back: { targets: ["http://127.0.0.1:${target.port}"] } }
sites:
  - routes:
      - { path: /old/, proxy: { to: back, path: /new/, hide: [X-Powered-By] } }
      - { proxy: back, response_headers: { set: { ${header}: "{upstream_addr}" } } }
`;
  const directory = folder(t, { "propylon.yaml": yaml("X-One") });
  const instance = start(t, ["run"], { cwd: directory });
  const moved = await instance.get("/old/a%20b?c");
  assert.equal(moved.body, "/new/a%20b?c");
  assert.equal(moved.headers["x-powered-by"], undefined);
  const plain = await instance.get("/x");
  assert.equal(plain.headers["x-one"], `127.0.0.1:${target.port}`);
  fs.writeFileSync(path.join(directory, "propylon.yaml"), yaml("X-Two"));
  instance.process.kill("SIGHUP");
  await until(async () => (await instance.get("/y")).headers["x-two"] !== undefined);
  assert.equal(target.sockets.length, 1, "one connection has carried everything");
  const counted = /propylon_upstream_requests_total\{upstream="back",target="127\.0\.0\.1:\d+"\} [1-9]/;
  await until(async () => counted.test((await ask(`http://127.0.0.1:${admin}/metrics`)).body));
});
