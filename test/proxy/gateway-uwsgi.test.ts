import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { uwsgiProtocol } from "../../src/proxy/gateway/uwsgi.ts";
import { folder, until } from "../support/instance.ts";

const APP = `
def application(environ, start_response):
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    start_response("201 Made", [("Content-Type", "text/plain"), ("X-Path", environ["PATH_INFO"])])
    return [environ["HTTP_X_KIND"].encode(), b" ", body]
`;

const missing = spawnSync("uwsgi", ["--version"]).error === undefined ? false : "there is no uwsgi here";

test("uWSGI understands our packet, and we its answer", { skip: missing, timeout: 20_000 }, async (t) => {
  const directory = folder(t, { "app.py": APP });
  const socket = path.join(directory, "s");
  const child = spawn("uwsgi", ["--plugin", "python3", "--socket", socket, "--wsgi-file", "app.py", "--die-on-term"], {
    cwd: directory,
    stdio: "ignore",
  });
  const exited = once(child, "exit");
  t.after(() => {
    child.kill("SIGTERM");
    return exited;
  });
  await until(() => fs.existsSync(socket));
  const parameters = [
    ["REQUEST_METHOD", "POST"],
    ["PATH_INFO", "/made"],
    ["QUERY_STRING", ""],
    ["CONTENT_LENGTH", "4"],
    ["SERVER_NAME", "localhost"],
    ["SERVER_PORT", "80"],
    ["SERVER_PROTOCOL", "HTTP/1.1"],
    ["HTTP_X_KIND", "one"],
  ] as const;
  const request = { method: "POST", target: "/made", headers: [], parameters, bodyLength: 4, keepAlive: false };
  const client = net.connect(socket);
  let text = "";
  await new Promise<void>((resolve, reject) => {
    const parser = uwsgiProtocol.answer(request, {
      inform: () => {},
      head: (head) => {
        text += `${head.status} ${head.reason} ${JSON.stringify(head.headers)} `;
      },
      data: (piece) => {
        text += piece.latin1Slice();
      },
      end: () => resolve(),
      bad: (reason) => reject(new Error(reason)),
      said: () => {},
    });
    client.on("data", (chunk: Buffer) => parser.push(chunk));
    client.on("end", () => parser.closed());
    client.on("error", reject);
    client.write(Buffer.concat([uwsgiProtocol.begin(request) as Buffer, Buffer.from("body")]));
  });
  client.destroy();
  assert.equal(text, '201 Made [["Content-Type","text/plain"],["X-Path","/made"]] one body');
});
