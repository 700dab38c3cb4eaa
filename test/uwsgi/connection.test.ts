import assert from "node:assert/strict";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import net from "node:net";
import { type TestContext, test } from "node:test";
import type { Exchange } from "../../src/http/exchange.ts";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from "../../src/http/settings.ts";
import { uwsgiProtocol } from "../../src/proxy/gateway/uwsgi.ts";
import { UwsgiConnection } from "../../src/uwsgi/connection.ts";

const BASE: Record<string, string> = {
  REQUEST_METHOD: "GET",
  REQUEST_URI: "/a%20b?x=1",
  PATH_INFO: "/a b",
  QUERY_STRING: "x=1",
  SERVER_PROTOCOL: "HTTP/1.1",
  REMOTE_ADDR: "192.0.2.7",
  REMOTE_PORT: "4711",
  REQUEST_SCHEME: "https",
  HTTP_HOST: "example.org",
  HTTP_X_KIND: "one",
  OWN: "kept",
};

function packet(variables: Record<string, string>): Buffer {
  const request = { method: "GET", target: "/", headers: [], bodyLength: 0, keepAlive: false };
  return uwsgiProtocol.begin({ ...request, parameters: Object.entries(variables) }) as Buffer;
}

async function listen(
  t: TestContext,
  handle: (exchange: Exchange) => void,
): Promise<{ ask(...pieces: Buffer[]): Promise<string>; refused: string[] }> {
  const refused: string[] = [];
  const connections = new Set<UwsgiConnection>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const connection = new UwsgiConnection(socket, {
      handler: () => ({ handle }),
      settings: { limits: { ...DEFAULT_LIMITS, body: 1000 }, timeouts: DEFAULT_TIMEOUTS, serverName: null },
      observer: {
        ended: () => {},
        refused: (_client, status, reason) => refused.push(`${status} ${reason}`),
        connectionOpened: () => {},
        connectionClosed: () => {},
      },
      secure: false,
      localPort: 1,
      address: "test",
    });
    connections.add(connection);
    connection.start();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const connection of connections) connection.destroy();
    return new Promise((done) => server.close(done));
  });
  return {
    refused,
    async ask(...pieces) {
      const socket = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1");
      await once(socket, "connect");
      let text = "";
      socket.on("data", (chunk: Buffer) => {
        text += chunk.latin1Slice();
      });
      for (const piece of pieces) await new Promise<void>((done) => socket.write(piece, () => done()));
      await once(socket, "end");
      socket.end();
      return text;
    },
  };
}

test("the variables of a packet become an exchange, and its answer ends with the connection", async (t) => {
  const { ask } = await listen(t, (exchange) => {
    assert.deepEqual([exchange.path, exchange.query, exchange.host], ["/a b", "x=1", "example.org"]);
    assert.deepEqual([exchange.target, exchange.rewritten], ["/a%20b?x=1", false]);
    assert.deepEqual(
      [exchange.client.address, exchange.client.port, exchange.client.secure],
      ["192.0.2.7", 4711, true],
    );
    assert.equal(exchange.headers.get("x-kind"), "one");
    assert.deepEqual(
      exchange.environ?.find(([key]) => key === "OWN"),
      ["OWN", "kept"],
    );
    exchange.respond(
      { status: 200, reason: "", headers: [["X", "y"]], http1: null, http2: null },
      Buffer.from("hello"),
    );
  });
  const answer = await ask(...[...packet(BASE)].map((byte) => Buffer.from([byte])));
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\nX: y\r\n.*Content-Length: 5\r\n.*\r\n\r\nhello$/s);
});

test("a body is read to its length", async (t) => {
  const { ask } = await listen(t, (exchange) => {
    let text = "";
    exchange.body.read({
      data: (chunk) => {
        text += chunk.latin1Slice();
      },
      end: () =>
        exchange.respond({ status: 200, reason: "", headers: [], http1: null, http2: null }, Buffer.from(text)),
      fail: (status, reason) => exchange.fail(status, reason),
    });
  });
  const head = packet({ ...BASE, REQUEST_METHOD: "POST", CONTENT_LENGTH: "6" });
  assert.match(await ask(Buffer.concat([head, Buffer.from("abc")]), Buffer.from("def")), /\r\n\r\nabcdef$/);
});

test("modifiers, lengths that lie, bodies too large and paths that climb are refused", async (t) => {
  const { ask, refused } = await listen(t, () => assert.fail("no handler is asked"));
  const evil = packet(BASE);
  evil[0] = 22;
  assert.match(await ask(evil), /^HTTP\/1\.1 400 /);
  const lying = packet(BASE);
  lying.writeUInt16LE(60000, 4);
  assert.match(await ask(lying), /^HTTP\/1\.1 400 /);
  assert.match(await ask(packet({ ...BASE, CONTENT_LENGTH: "1001" })), /^HTTP\/1\.1 413 /);
  assert.match(await ask(packet({ ...BASE, PATH_INFO: "/a/../b" })), /^HTTP\/1\.1 400 /);
  assert.deepEqual(refused[0], "400 uwsgi: the uwsgi packet has the modifier 22, only 0 is served");
});

test("HEAD has the length alone; a streamed body goes out whole, then the connection ends", async (t) => {
  let cancelled = 0;
  const head = { status: 200, reason: "", headers: [], http1: null, http2: null };
  const { ask } = await listen(t, (exchange) => {
    if (exchange.method === "HEAD") return exchange.respond(head, Buffer.from("hello"));
    exchange.respond(head, {
      kind: "stream",
      length: 6,
      start: (sink) => {
        sink.write(Buffer.from("abc"));
        sink.write(Buffer.from("def"));
        sink.end();
      },
      resume: () => {},
      cancel: () => {
        cancelled++;
      },
    });
  });
  assert.match(await ask(packet({ ...BASE, REQUEST_METHOD: "HEAD" })), /Content-Length: 5\r\n(?:.+\r\n)*\r\n$/);
  assert.match(await ask(packet(BASE)), /Content-Length: 6\r\n(?:.+\r\n)*\r\nabcdef$/);
  assert.equal(cancelled, 0);
});

test("a slice of a file goes out as it is, and the file is closed once", async (t) => {
  let closed = 0;
  const { ask } = await listen(t, (exchange) => {
    const fd = openSync(import.meta.filename, "r");
    const close = (): void => {
      closed++;
      closeSync(fd);
    };
    const head = { status: 200, reason: "", headers: [], http1: null, http2: null };
    exchange.respond(head, { kind: "file", fd, start: 7, length: 50, close });
  });
  const answer = await ask(packet(BASE));
  assert.equal(
    answer.split("\r\n\r\n")[1],
    readFileSync(import.meta.filename)
      .subarray(7, 57)
      .latin1Slice(),
  );
  assert.equal(closed, 1);
});
