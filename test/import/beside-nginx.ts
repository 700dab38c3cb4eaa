import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import type { TestContext } from "node:test";
import { folderWith } from "../config/files.ts";
import { start } from "../support/instance.ts";

const NGINX = "/usr/sbin/nginx";
export const withoutNginx = fs.existsSync(NGINX) ? false : `no ${NGINX}`;

export interface Asked {
  readonly target: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Answers a request that NGINX or we have passed on. */
export type Backend = (request: http.IncomingMessage, body: string, response: http.ServerResponse) => void;

/**
 * Serves the same `http` block by NGINX and by us, and compares their answers to each request: the status, the fields that are
 * named, and the body. `PORT` in it stands for the port of the one that reads it, `BACKEND` for that of `backend`.
 */
export async function besideNginx(
  t: TestContext,
  block: string,
  backend: Backend,
  {
    requests,
    fields,
    files = {},
  }: {
    readonly requests: readonly Asked[];
    readonly fields: readonly string[];
    readonly files?: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const behind = await serveBackend(t, backend);
  const [theirs, ours] = [await freePort(), await freePort()];
  const written = (port: number): string =>
    `pid nginx.pid; daemon off; error_log stderr emerg; events {}\nhttp {\n access_log off; ${TEMPORARY}\n${block
      .replaceAll("BACKEND", String(behind))
      .replaceAll("PORT", String(port))}}\n`;
  const folder = folderWith(t, { ...files, "nginx.conf": written(theirs), "ours.conf": written(ours) });
  // Its workers are another user's when the tests run as root.
  fs.chmodSync(folder, 0o755);
  const nginx = spawn(NGINX, ["-p", folder, "-c", path.join(folder, "nginx.conf"), "-e", "stderr"], {
    stdio: "inherit",
  });
  t.after(async () => {
    nginx.kill("SIGTERM");
    await once(nginx, "exit");
  });
  await accepts(theirs);
  await start(t, ["run", "ours.conf"], { cwd: folder }).url;
  for (const asked of requests) {
    const [expected, got] = [await ask(theirs, asked, fields), await ask(ours, asked, fields)];
    assert.deepEqual(got, expected, `${asked.method ?? "GET"} ${asked.target} ${JSON.stringify(asked.headers ?? {})}`);
  }
}

// --- internal ---

const TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
  .map((name) => `${name}_temp_path tmp_${name};`)
  .join(" ");

async function serveBackend(t: TestContext, backend: Backend): Promise<number> {
  const server = http.createServer((request, response) => {
    let body = "";
    request.setEncoding("latin1").on("data", (piece: string) => {
      body += piece;
    });
    request.on("end", () => backend(request, body, response));
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as net.AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Resolves once something listens at the port. */
async function accepts(port: number): Promise<void> {
  for (;;) {
    const socket = net.connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      socket.destroy();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ECONNREFUSED") throw error;
    }
  }
}

/** The text of built-in pages need not be the same, nor the port in an answer. */
async function ask(port: number, asked: Asked, names: readonly string[]): Promise<unknown> {
  const { target: path, method = "GET", headers = {}, body } = asked;
  const request = http.request({ port, host: "127.0.0.1", path, method, agent: false, headers });
  request.end(body);
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  let text = "";
  for await (const piece of response.setEncoding("latin1")) text += piece;
  const isBuiltIn = /<hr><center>nginx|<title>\d\d\d /.test(text) || response.headers.location !== undefined;
  const plain = (value: string): string => value.replaceAll(`:${port}`, ":PORT");
  const fields = names.map((name) => `${name}: ${plain(String(response.headers[name]))}`);
  return { status: response.statusCode, fields, body: isBuiltIn ? "built in" : plain(text) };
}
