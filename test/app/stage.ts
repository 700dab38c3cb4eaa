import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { AppHandler } from "../../src/app/app-handler.ts";
import { acceptWorker } from "../../src/app/app-socket.ts";
import { NONE } from "../../src/app/deadline-watch.ts";
import { Pool } from "../../src/app/pool.ts";
import type { PoolSettings } from "../../src/app/pool-parts.ts";
import type { RequestNote } from "../../src/app/request-note.ts";
import { Http1Connection } from "../../src/http/connection.ts";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from "../../src/http/settings.ts";
import { ScriptedWorker } from "./scripted-worker.ts";

const SILENT = { ended: () => {}, refused: () => {}, connectionOpened: () => {}, connectionClosed: () => {} };

export interface Stage {
  readonly pool: Pool;
  readonly socket: string;
  readonly directory: string;
  readonly idle: number[];
  readonly warnings: string[];
  /** Workers that are to be killed, and why. */
  readonly overdue: [number, string][];
  /** What was with workers that have ended. */
  readonly lost: RequestNote[];
  readonly handler: AppHandler;
  /** Makes the page of a worker and lets it be given requests. */
  activate(id: number, lanes: number): string;
  worker(id: number, lanes: number): Promise<ScriptedWorker>;
  ask(
    target: string,
    options?: http.RequestOptions & { body?: string | Buffer },
  ): Promise<{ status: number; body: string; headers: http.IncomingHttpHeaders }>;
  readonly port: number;
}

/** A pool behind the real engine, and real sockets on both sides. */
export async function stage(t: TestContext, settings: Partial<PoolSettings> = {}): Promise<Stage> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "propylon-pool-"));
  const socket = path.join(directory, "app.sock");
  const idle: number[] = [];
  const warnings: string[] = [];
  const overdue: [number, string][] = [];
  const lost: RequestNote[] = [];
  const pool = new Pool(
    {
      name: "test",
      queueSize: 100,
      queueTimeout: 0,
      deadline: NONE,
      memoryLimit: 1 << 20,
      fileLimit: 1 << 30,
      webSocket: { messageSize: 1 << 20, ping: 0, lifetime: 0 },
      ...settings,
    },
    {
      workerConnected: () => {},
      workerIdle: (id) => idle.push(id),
      workerOverdue: (id, why) => overdue.push([id, why]),
      workerLost: (_id, requests) => lost.push(...requests),
      warn: (message) => warnings.push(message),
    },
  );
  const handler = new AppHandler(pool, "", "", 1 << 20);
  const workers: ScriptedWorker[] = [];
  const agent = new http.Agent({ keepAlive: true });
  const appServer = net.createServer((peer) => acceptWorker(peer, pool)).listen(socket);
  const clients = new Set<Http1Connection>();
  const server = net
    .createServer({ allowHalfOpen: true, noDelay: true }, (peer) => {
      const connection = new Http1Connection(peer, {
        handler: () => handler,
        settings: { limits: DEFAULT_LIMITS, timeouts: DEFAULT_TIMEOUTS, serverName: null },
        observer: SILENT,
        secure: false,
        localPort: 80,
        address: "test",
      });
      clients.add(connection);
      connection.start();
    })
    .listen(0, "127.0.0.1");
  await Promise.all([once(appServer, "listening"), once(server, "listening")]);
  const port = (server.address() as net.AddressInfo).port;
  t.after(async () => {
    agent.destroy();
    for (const connection of clients) connection.destroy();
    for (const worker of workers) worker.die();
    pool.close();
    await Promise.all([new Promise((done) => server.close(done)), new Promise((done) => appServer.close(done))]);
    fs.rmSync(directory, { recursive: true });
  });
  const active: number[] = [];
  const pages: Record<number, string> = {};
  const result: Stage = {
    pool,
    socket,
    directory,
    idle,
    warnings,
    overdue,
    lost,
    handler,
    port,
    activate(id, lanes) {
      const page = path.join(directory, `page-${id}`);
      pages[id] = page;
      fs.writeFileSync(page, Buffer.alloc(64 * lanes));
      active.push(id);
      pool.setActive([...active], { ...pages });
      return page;
    },
    async worker(id, lanes) {
      const worker = new ScriptedWorker();
      workers.push(worker);
      result.activate(id, lanes);
      await worker.connect(socket, id, lanes);
      return worker;
    },
    ask(target, options = {}) {
      return new Promise((resolve, reject) => {
        const request = http.request({ host: "127.0.0.1", port, path: target, agent, ...options }, (response) => {
          let body = "";
          response.setEncoding("latin1");
          response.on("data", (chunk: string) => {
            body += chunk;
          });
          response.on("end", () => resolve({ status: response.statusCode!, body, headers: response.headers }));
          response.on("error", reject);
        });
        request.on("error", reject);
        request.end(options.body);
      });
    },
  };
  return result;
}
