import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/http/exchange.ts";
import { TemplateCompiler } from "../../src/template/template.ts";
import { connect, talk } from "../http/client.ts";
import { get } from "../http/fixtures.ts";
import { closedPort, proxyStage, scripted, targetAt } from "./stage.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

test("a request goes on with its fields, without those of the connection, with what we know of the client", async () => {
  await using target = await scripted((socket) => socket.write(OK));
  await using front = await proxyStage({ targets: [targetAt(target.port)] });
  const fields =
    "Accept: x/y\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nX-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\nX-Kept: 2\r\n";
  const { responses } = await talk(front.port, [get("/a%20b?c=d", fields)]);
  assert.equal(responses[0]!.status, 200);
  assert.equal(responses[0]!.body.latin1Slice(), "ok");
  assert.equal(
    target.received[0],
    "GET /a%20b?c=d HTTP/1.1\r\nHost: a\r\naccept: x/y\r\nx-kept: 2\r\nX-Forwarded-For: 127.0.0.1\r\n" +
      "X-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\nForwarded: for=127.0.0.1;host=a;proto=http\r\n\r\n",
  );
});

test("TRACE is not passed on: a target would show the client what rules have set", async () => {
  await using target = await scripted((socket) => socket.write(OK));
  await using front = await proxyStage({ targets: [targetAt(target.port)] });
  const { responses } = await talk(front.port, [get("/", "Connection: close\r\n").replace("GET", "TRACE")]);
  assert.equal(responses[0]!.status, 405);
  assert.deepEqual(target.received, []);
});

test("a client can't have the fields dropped by which a front says who it is", async () => {
  await using target = await scripted((socket) => socket.write(OK));
  await using front = await proxyStage({ targets: [targetAt(target.port)] });
  await talk(front.port, [
    get("/", "Connection: close, X-Real-IP, X-Forwarded-For, Cookie\r\nX-Real-IP: 9\r\nCookie: a=b\r\n"),
  ]);
  assert.match(target.received[0]!, /x-real-ip: 9\r\n/);
  assert.match(target.received[0]!, /cookie: a=b\r\n/);
  assert.match(target.received[0]!, /X-Forwarded-For: 127\.0\.0\.1\r\n/);
});

test("one connection to the target serves many requests of many clients", async () => {
  await using target = await scripted((socket) => socket.write(OK));
  await using front = await proxyStage({ targets: [targetAt(target.port)] });
  for (let i = 0; i < 3; i++) {
    const { responses } = await talk(front.port, [get("/1"), get("/2")]);
    assert.deepEqual(
      responses.map((response) => response.status),
      [200, 200],
    );
  }
  // The two pipelined requests of a client are at work at once.
  assert.ok(target.sockets.length <= 2, `${target.sockets.length} connections`);
});

test("a body is collected and sent with its length, chunked or not, in memory or through a file", async () => {
  const bodies: string[] = [];
  await using target = await scripted((socket, request) => {
    let body = request.slice(request.indexOf("\r\n\r\n") + 4);
    const length = Number(/content-length: (\d+)/i.exec(request)![1]);
    const check = (): void => {
      if (body.length < length) return;
      bodies.push(body);
      socket.end("HTTP/1.1 204 No Content\r\n\r\n");
    };
    socket.on("data", (chunk: Buffer) => {
      body += chunk.latin1Slice();
      check();
    });
    check();
  });
  await using front = await proxyStage({ targets: [targetAt(target.port)], memoryLimit: 1000 });
  const large = "0123456789".repeat(30_000);
  const plain = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello`;
  const chunked = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`;
  assert.equal((await talk(front.port, [plain])).responses[0]!.status, 204);
  assert.equal((await talk(front.port, [chunked])).responses[0]!.status, 204);
  assert.deepEqual(
    bodies.map((body) => body.length),
    [5, large.length],
  );
  assert.ok(bodies[0] === "hello" && bodies[1] === large);
});

test("without request buffering the target sees the body as it comes, chunked where its length is unknown", async () => {
  await using target = await scripted(() => {});
  await using front = await proxyStage({ targets: [targetAt(target.port)], proxy: { requestBuffering: false } });
  const client = await connect(front.port);
  client.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  await target.until(() => target.received[0]?.endsWith("5\r\nhello\r\n") ?? false);
  assert.match(target.received[0]!, /Transfer-Encoding: chunked\r\n/);
  client.write("3\r\nend\r\n0\r\n\r\n");
  await target.until(() => target.received[0]!.endsWith("3\r\nend\r\n0\r\n\r\n"));
  target.sockets[0]!.write(OK);
  assert.equal((await client.responses(1))[0]!.status, 200);
  client.socket.destroy();
});

test("the path is replaced as proxy_pass with a URI does it, and encoded again", async () => {
  await using target = await scripted((socket) => socket.write(OK));
  const path = { strip: "/old/", to: "/new/" };
  await using front = await proxyStage({ targets: [targetAt(target.port)], proxy: { path } });
  for (const request of ["/old/a%20b/%C3%A9?q=%20", "/old//x", "/old/", "/old/a%3Fb"])
    await talk(front.port, [get(request)]);
  const targets = target.received.join("").match(/^GET \S+/gm);
  assert.deepEqual(targets, ["GET /new/a%20b/%C3%A9?q=%20", "GET /new//x", "GET /new/", "GET /new/a%3Fb"]);
});

test("a variable in the path can't end the request line", async () => {
  await using target = await scripted((socket) => socket.write(OK));
  const path = { strip: null, to: "/x{uri}" };
  await using front = await proxyStage({ targets: [targetAt(target.port)], proxy: { path } });
  await talk(front.port, [get("/a%0D%0AEvil:%20b%20HTTP/1.1")]);
  assert.match(target.received[0]!, /^GET \/x\/a%0D%0AEvil:%20b%20HTTP\/1\.1 HTTP\/1\.1\r\n/);
});

test("a target that a variable names is asked at its address, and what is no address is 502", async () => {
  await using target = await scripted((socket) => socket.write(OK));
  await using front = await proxyStage({
    targets: [],
    proxy: { upstream: null, target: "127.0.0.1:{arg_port}", name: "any" },
  });
  const ask = async (query: string): Promise<number> =>
    (await talk(front.port, [get(`/?${query}`)])).responses[0]!.status;
  assert.equal(await ask(`port=${target.port}`), 200);
  assert.equal(await ask(`port=${target.port}`), 200);
  assert.equal(target.sockets.length, 1, "its connection is kept");
  for (const bad of ["port=", "port=0", "port=99999", "port=80@evil", "port=80/x"])
    assert.equal(await ask(bad), 502, bad);
});

test("X-Accel-Buffering: no passes the answer on as it comes, whatever the route says", async () => {
  await using target = await scripted((socket) =>
    socket.write("HTTP/1.1 200 OK\r\nX-Accel-Buffering: no\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"),
  );
  await using front = await proxyStage({ targets: [targetAt(target.port)] });
  const client = await connect(front.port);
  client.write(get("/"));
  await client.until(() => client.raw.latin1Slice().includes("data: 1\n\n"));
  target.sockets[0]!.write("data: 2\n\n");
  await client.until(() => client.raw.latin1Slice().includes("data: 2\n\n"));
  assert.doesNotMatch(client.raw.latin1Slice(), /x-accel/i);
  client.socket.destroy();
});

test("variables say which targets were asked and what came of it", async () => {
  const dead = await closedPort();
  await using target = await scripted((socket) =>
    socket.write("HTTP/1.1 200 OK\r\nX-Own: a\r\nContent-Length: 2\r\n\r\nok"),
  );
  let seen: Exchange | null = null;
  await using front = await proxyStage({
    targets: [targetAt(dead), targetAt(target.port)],
    before: (exchange) => {
      seen = exchange;
    },
  });
  await talk(front.port, [get("/")]);
  const value = (name: string): string => new TemplateCompiler().compile(`{${name}}`).evaluate(seen!);
  assert.equal(value("upstream_addr"), `127.0.0.1:${dead}, 127.0.0.1:${target.port}`);
  assert.equal(value("upstream_status"), "502, 200");
  assert.match(value("upstream_response_time"), /^\d+\.\d{3}, \d+\.\d{3}$/);
  assert.equal(value("upstream_http_x_own"), "a");
});

test("a client of HTTP/1.0 without Host is passed on with the upstream's name", async () => {
  await using target = await scripted((socket) => socket.write(OK));
  await using front = await proxyStage({ targets: [targetAt(target.port)] });
  const { responses } = await talk(front.port, ["GET / HTTP/1.0\r\n\r\n"]);
  assert.equal(responses[0]!.status, 200);
  assert.match(target.received[0]!, /^GET \/ HTTP\/1\.1\r\nHost: up\r\n/);
});

test("a gateway protocol gets its parameters, then the header fields as variables", async () => {
  await using target = await scripted(
    (socket) => socket.end("Status: 201 Made\r\nContent-Type: text/plain\r\n\r\nok"),
    {
      eager: (socket) =>
        socket.once("data", () => socket.end("Status: 201 Made\r\nContent-Type: text/plain\r\n\r\nok")),
    },
  );
  const parameters = [
    ["REQUEST_METHOD", "{request_method}"],
    ["PATH_INFO", "{uri}"],
    ["HTTP_X_OWN", "ours"],
    ["EMPTY", ""],
  ] as const;
  await using front = await proxyStage({
    targets: [targetAt(target.port)],
    proxy: { protocol: "scgi", parameters, forwarded: false },
  });
  const fields =
    "Connection: close\r\nX-Own: theirs\r\nX-A: 1\r\nX-A: 2\r\nX_B: 3\r\nProxy: evil\r\nCookie: a=b\r\nCookie: c=d\r\n";
  const { responses } = await talk(front.port, [get("/a%20b", fields)]);
  assert.equal(`${responses[0]!.status} ${responses[0]!.body.latin1Slice()}`, "201 ok");
  const text = target.received[0]!;
  const words = text.slice(text.indexOf(":") + 1).split("\0");
  const pairs = Array.from({ length: (words.length - 1) / 2 }, (_, i) => `${words[2 * i]}=${words[2 * i + 1]}`);
  assert.deepEqual(pairs, [
    "CONTENT_LENGTH=0",
    "SCGI=1",
    "REQUEST_METHOD=GET",
    "PATH_INFO=/a b",
    "HTTP_X_OWN=ours",
    "EMPTY=",
    "HTTP_HOST=a",
    "HTTP_X_A=1, 2",
    "HTTP_COOKIE=a=b; c=d",
  ]);
});
