import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Exchange } from "../../src/http/exchange.ts";
import { connect, field } from "./client.ts";
import { fileBody, get, OK, pattern, streamBody, turns } from "./fixtures.ts";
import { serve } from "./serve.ts";

describe("the end of a connection", () => {
  test("shutdown closes what is idle at once, and nothing is lost in flight", async () => {
    let waiting: Exchange[] = [];
    await using server = await serve((exchange) => {
      waiting.push(exchange);
    });
    const idle = await connect(server.port);
    const busy = await connect(server.port);
    busy.write(get("/1") + get("/2"));
    while (waiting.length < 2) await turns(1);
    for (const connection of server.connections) connection.shutdown();
    assert.equal((await idle.finished()).raw.length, 0);
    busy.write(get("/3"));
    for (const exchange of waiting) exchange.respond(OK, Buffer.from(exchange.target));
    const said = await busy.finished();
    assert.deepEqual(
      said.responses.map((response) => [response.body.latin1Slice(), field(response, "connection")]),
      [
        ["/1", undefined],
        ["/2", "close"],
      ],
    );
    assert.equal(said.reset, false);
    await server.until(() => server.closed() === 2);
    waiting = [];
  });

  test("a head that is under way at shutdown is still answered", async () => {
    await using server = await serve((exchange) => exchange.respond(OK, Buffer.from("yes")));
    const client = await connect(server.port);
    client.write("GET / HTTP/1.1\r\nHo");
    while ([...server.connections].some((connection) => connection.idle)) await turns(1);
    while (server.connections.size === 0) await turns(1);
    for (const connection of server.connections) connection.shutdown();
    client.write("st: a\r\n\r\n");
    const said = await client.finished();
    assert.deepEqual(
      [said.responses[0]?.body.latin1Slice(), field(said.responses[0]!, "connection")],
      ["yes", "close"],
    );
  });

  test("every exchange ends exactly once, whatever happens to it", async () => {
    let count = 0;
    await using server = await serve((exchange) => {
      count++;
      const kind = Number(exchange.target.slice(1)) % 5;
      if (kind === 0) exchange.respond(OK, Buffer.from("x"));
      else if (kind === 1) setImmediate(() => exchange.respond(OK, Buffer.alloc(100_000)));
      else if (kind === 2) exchange.respond(OK, fileBody(pattern(300_000)));
      else if (kind === 3) exchange.fail(503, "busy");
      else
        exchange.respond(
          OK,
          streamBody(-1, (sink) => void setImmediate(() => sink.end())),
        );
    });
    const clients = await Promise.all(Array.from({ length: 20 }, () => connect(server.port)));
    clients.forEach((client, i) => {
      client.write(Array.from({ length: 30 }, (_, j) => get(`/${i + j}`)).join(""));
      if (i % 3 === 0) client.socket.end();
      else if (i % 3 === 1) setImmediate(() => client.socket.resetAndDestroy());
      else setImmediate(() => setImmediate(() => client.socket.destroy()));
    });
    await Promise.all(clients.map((client) => client.finished()));
    await server.until(() => server.closed() === 20);
    assert.equal(server.ended.length, count);
  });
});
