import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import { ResponseHead } from "../../src/http/response-head.ts";
import { serve } from "./serve.ts";

function speak(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = net.connect(port, "127.0.0.1", () => socket.write(text));
    socket.setEncoding("latin1").on("data", (piece: string) => {
      answer += piece;
    });
    socket.on("close", () => resolve(answer)).on("error", reject);
  });
}

test("status 444 ends the connection without an answer, after the answers to requests before it", async () => {
  await using server = await serve((exchange) => {
    if (exchange.path === "/nothing") exchange.fail(444, "not for you");
    else setImmediate(() => exchange.respond(new ResponseHead(200, []), Buffer.from("first")));
  });
  assert.equal(await speak(server.port, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"), "");
  const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const answer = await speak(server.port, request("/first") + request("/nothing") + request("/never"));
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nfirst$/);
  await server.until(() => server.closed() === 2);
  assert.ok(server.ended.some(({ target, status }) => target === "/nothing" && status === 444));
});
