import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import http from "node:http";
import type net from "node:net";
import { type TestContext, test } from "node:test";
import { wrk } from "./wrk.ts";

const absent = spawnSync("wrk", ["--version"]).error !== undefined && "wrk is not installed";

async function serve(t: TestContext, listener: http.RequestListener): Promise<string> {
  const server = http.createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as net.AddressInfo).port}/`;
}

const load = (url: string) => wrk({ url, headers: ["X-Test: here"], connections: 2, seconds: 1 });

test("wrk's counts are those of the server, and its headers arrive", { skip: absent }, async (t) => {
  let served = 0;
  const url = await serve(t, (request, response) => {
    if (request.headers["x-test"] === "here") served++;
    response.end("ok");
  });
  const result = await load(url);
  // Up to one request a connection is under way when wrk stops counting.
  assert.ok(served >= result.requests && served <= result.requests + 2, `${served} served, ${result.requests} counted`);
  assert.ok(result.p50 > 0 && result.p99 >= result.p50);
  assert.ok(Math.abs(result.perSecond - result.requests) < result.requests * 0.2, "one second of load");
});

test("one bad answer among thousands fails the measurement", { skip: absent }, async (t) => {
  let served = 0;
  const url = await serve(t, (_, response) => {
    response.statusCode = ++served === 100 ? 503 : 200;
    response.end("ok");
  });
  await assert.rejects(load(url), /\d+ requests, with errors: 1 status/);
});

test("a connection that is cut fails the measurement", { skip: absent }, async (t) => {
  let served = 0;
  const url = await serve(t, (request, response) => {
    if (++served === 100) request.socket.destroy();
    else response.end("ok");
  });
  await assert.rejects(load(url), /with errors: \d+ read/);
});
