import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { Http1Connection } from "../../src/http/connection.ts";
import type { Exchange, ExchangeObserver, Handler } from "../../src/http/exchange.ts";
import { ResponseHead } from "../../src/http/response-head.ts";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from "../../src/http/settings.ts";
import { HttpMetrics } from "../../src/metrics/http-metrics.ts";
import { type OpenLog, openLog } from "../logs/open-log.ts";
import { waitUntil } from "./wait-until.ts";

const HEAD = new ResponseHead(200, [["Content-Type", "text/plain"]]);

/** Answers `/slow` never, everything else at once. */
class TestHandler implements Handler {
  slow = 0;

  handle(exchange: Exchange): void {
    exchange.site = "example.org";
    if (exchange.path === "/slow") this.slow++;
    else exchange.respond(HEAD, Buffer.from("hello"));
  }
}

interface Served {
  readonly port: number;
  readonly handler: TestHandler;
  readonly metrics: HttpMetrics;
  readonly log: OpenLog;
  readonly file: string;
}

async function serve(t: TestContext): Promise<Served> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "propylon-observed-"));
  const file = path.join(folder, "access.log");
  const handler = new TestHandler();
  const metrics = new HttpMetrics();
  const log = openLog({ path: file }, (message) => assert.fail(message));
  const settings = { limits: DEFAULT_LIMITS, timeouts: DEFAULT_TIMEOUTS, serverName: null };
  const observer: ExchangeObserver = {
    ended: (exchange, status, bytes) => [metrics, log].forEach((each) => void each.ended(exchange, status, bytes)),
    refused: (client, status, reason, line) =>
      [metrics, log].forEach((each) => void each.refused(client, status, reason, line)),
    connectionOpened: () => metrics.connectionOpened(),
    connectionClosed: () => metrics.connectionClosed(),
  };
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    const options = { handler: () => handler, settings, observer, secure: false, localPort: 0, address: "test" };
    new Http1Connection(socket, options).start();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    void log.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });
  return { port: (server.address() as net.AddressInfo).port, handler, metrics, log, file };
}

/** Sends this and gives back what came until the server closed. */
function talk(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1", () => socket.write(text, "latin1"));
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(received));
  });
}

function value(metrics: HttpMetrics, name: string, labels: Record<string, string> = {}): number {
  const samples = metrics.families().find((family) => family.name === name)!.samples;
  const wanted = Object.entries(labels);
  return samples
    .filter((sample) => sample.name === name && wanted.every(([key, text]) => sample.labels[key] === text))
    .reduce((sum, sample) => sum + sample.value, 0);
}

async function lines(served: Served, count: number): Promise<string[]> {
  const read = () => fs.readFileSync(served.file, "latin1").split("\n").slice(0, -1);
  await waitUntil(`${count} lines`, () => read().length >= count);
  return read();
}

test("pipelined requests, refused ones and clients that leave each have their line and their count", async (t) => {
  const served = await serve(t);
  const request = (target: string, more = "") => `GET ${target} HTTP/1.1\r\nHost: example.org\r\n${more}\r\n`;
  const last = request("/last", 'Connection: close\r\nUser-Agent: a\xe9"b\r\n');
  const answers = await talk(served.port, Array.from({ length: 500 }, (_, i) => request(`/${i}`)).join("") + last);
  assert.equal(answers.split("HTTP/1.1 200 ").length - 1, 501);
  const refused = await talk(served.port, "GET /bad HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  assert.match(refused, /^HTTP\/1\.1 400 /);
  const left = net.connect(served.port, "127.0.0.1", () => left.write(request("/slow")));
  await waitUntil("the request arrived", () => served.handler.slow === 1);
  left.resetAndDestroy();
  assert.equal(value(served.metrics, "propylon_http_connections_total"), 3);
  await waitUntil("all are gone", () => value(served.metrics, "propylon_http_connections_open") === 0);

  const logged = await lines(served, 503);
  assert.equal(logged.length, 503);
  assert.equal(logged.filter((line) => /"GET \/\S+ HTTP\/1\.1" 200 5 /.test(line)).length, 501);
  assert.ok(logged.some((line) => line.endsWith('"GET /last HTTP/1.1" 200 5 "-" "a\\xE9\\x22b"')));
  assert.equal(logged.filter((line) => / 400 0 "-" "-"$/.test(line)).length, 1);
  assert.equal(logged.filter((line) => /"GET \/slow HTTP\/1\.1" 499 0 /.test(line)).length, 1);

  const site = "example.org";
  assert.equal(value(served.metrics, "propylon_http_requests_total", { site, method: "GET", status: "200" }), 501);
  assert.equal(value(served.metrics, "propylon_http_requests_total", { site, status: "499" }), 1);
  assert.equal(value(served.metrics, "propylon_http_refused_total", { status: "400" }), 1);
  assert.equal(value(served.metrics, "propylon_http_response_bytes_total", { site }), 501 * 5);
  assert.equal(served.metrics.requests, 502);
});
