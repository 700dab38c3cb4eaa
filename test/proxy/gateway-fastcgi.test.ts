import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { fastcgiProtocol } from "../../src/proxy/gateway/fastcgi.ts";
import { folder, until } from "../support/instance.ts";

const PHP = ["php-fpm", "php-fpm8.2", "php-fpm8.4"].find((name) => spawnSync(name, ["-v"]).error === undefined);

test("PHP-FPM answers two requests on one connection, bodies over one record both ways", {
  skip: PHP === undefined ? "there is no php-fpm here" : false,
  timeout: 20_000,
}, async (t) => {
  const script = `<?php header("X-Path: " . $_SERVER["PATH_INFO"]); http_response_code(201); echo file_get_contents("php://input");`;
  const directory = folder(t, { "a.php": script });
  fs.chmodSync(directory, 0o755);
  const socket = path.join(directory, "s");
  fs.writeFileSync(
    path.join(directory, "fpm.conf"),
    `[global]\nerror_log = /dev/null\ndaemonize = no\n[www]\nuser = nobody\nlisten = ${socket}\npm = static\npm.max_children = 1\n`,
  );
  const child = spawn(PHP!, ["-n", "-F", "-y", path.join(directory, "fpm.conf")], { stdio: "ignore" });
  const exited = once(child, "exit");
  t.after(() => {
    child.kill("SIGTERM");
    return exited;
  });
  await until(() => fs.existsSync(socket));
  const body = Buffer.from("0123456789".repeat(20_000));
  const parameters = [
    ["SCRIPT_FILENAME", path.join(directory, "a.php")],
    ["REQUEST_METHOD", "POST"],
    ["PATH_INFO", "/made"],
    ["CONTENT_TYPE", "text/plain"],
    ["CONTENT_LENGTH", String(body.length)],
  ] as const;
  const request = { method: "POST", target: "/", headers: [], parameters, bodyLength: body.length, keepAlive: true };
  const client = net.connect(socket);
  t.after(() => client.destroy());
  for (let round = 0; round < 2; round++) {
    let head = "";
    let size = 0;
    const reusable = await new Promise<boolean>((resolve, reject) => {
      const parser = fastcgiProtocol.answer(request, {
        inform: () => {},
        head: (answer) => {
          head = `${answer.status} ${answer.headers.find(([name]) => name === "X-Path")?.[1]}`;
        },
        data: (piece) => {
          size += piece.length;
        },
        end: resolve,
        bad: (reason) => reject(new Error(reason)),
        said: (text) => reject(new Error(text)),
      });
      client.removeAllListeners();
      client.on("data", (chunk: Buffer) => parser.push(chunk));
      client.on("end", () => parser.closed());
      client.on("error", reject);
      const parts = [fastcgiProtocol.begin(request) as Buffer, ...fastcgiProtocol.frame(request, body)];
      client.write(Buffer.concat([...parts, fastcgiProtocol.finish(request)!]));
    });
    assert.deepEqual([head, size, reusable], ["201 /made", body.length, true]);
  }
});
