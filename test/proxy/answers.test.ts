import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, talk } from "../http/client.ts";
import { get } from "../http/fixtures.ts";
import { closedPort, proxyStage, scripted, targetAt } from "./stage.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const CLOSE = "Connection: close\r\n";

/** What a client gets for one GET while the target writes `answer`, in pieces, and then closes. */
async function answered(answer: string | readonly string[], request = get("/", CLOSE), more = {}) {
  await using target = await scripted((socket) => {
    for (const piece of typeof answer === "string" ? [answer] : answer) socket.write(piece, "latin1");
    socket.end();
  });
  await using front = await proxyStage({ targets: [targetAt(target.port)], ...more });
  const { responses, rest } = await talk(front.port, [request], { methods: [request.slice(0, request.indexOf(" "))] });
  return { response: responses.at(-1), responses, rest, logged: front.logged.map((record) => record.message) };
}

const REFUSED: Record<string, string> = {
  "text that is no HTTP": "SSH-2.0-OpenSSH_9.2\r\n",
  nothing: "",
  "half a status line": "HTTP/1.1 20",
  "HTTP/2's preface": "HTTP/2.0 200 OK\r\n\r\n",
  "a status of four digits": "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
  "a status line with two spaces": "HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
  "a head that begins with LF alone and ends with CRLF": "HTTP/1.1 200 OK\nA: b\r\nContent-Length: 0\r\n\r\n",
  "one line that ends in LF alone": "HTTP/1.1 200 OK\r\nA: b\nContent-Length: 0\r\n\r\n",
  "a bare CR": "HTTP/1.1 200 OK\r\nA: b\rC: d\r\nContent-Length: 0\r\n\r\n",
  "a NUL in a field": "HTTP/1.1 200 OK\r\nA: b\0\r\nContent-Length: 0\r\n\r\n",
  "a folded line": "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n",
  "a space before a colon": "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
  "a field without a colon": "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
  "two lengths": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
  "two lengths in one field": "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
  "a signed length": "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
  "a length beside the chunked coding":
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "a coding that is not chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
  "the chunked coding twice":
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "the chunked coding in HTTP/1.0": "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "101 that nobody asked for": "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
  "a head of 70 KB": `HTTP/1.1 200 OK\r\nA: ${"x".repeat(70_000)}\r\n\r\n`,
  "201 fields": `HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(201)}\r\n`,
  "interim answers without end": "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(40) + OK,
};

for (const [what, answer] of Object.entries(REFUSED)) {
  test(`${what} from a target is answered 502, and the log names the target`, async () => {
    const { response, logged } = await answered(answer);
    assert.equal(response!.status, 502);
    assert.match(logged.join("\n"), /upstream up: 127\.0\.0\.1:\d+: \S/);
  });
}

const TAKEN: Record<string, readonly [string | readonly string[], number, string]> = {
  "a length": [OK, 200, "ok"],
  "HTTP/1.0 without a length": ["HTTP/1.0 200 OK\r\n\r\nto the end", 200, "to the end"],
  "HTTP/1.1 without a length": ["HTTP/1.1 200 OK\r\n\r\nto the end", 200, "to the end"],
  chunks: ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n3;x=y\r\nyes\r\n0\r\n\r\n", 200, "okyes"],
  "lines that end in LF alone": ["HTTP/1.1 200 OK\nContent-Length: 9\n\nok\r\n\r\nok\n", 200, "ok\r\n\r\nok\n"],
  "single bytes": [[..."HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"], 200, "ok"],
  "no reason": ["HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n", 404, ""],
  "not even a space for a reason": ["HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", 404, ""],
  "204 with a body that must not be": ["HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok", 204, ""],
  "an interim answer before": [
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    200,
    "ok",
  ],
  "more bytes than announced": ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n", 200, "ok"],
};

for (const [what, [answer, status, body]] of Object.entries(TAKEN)) {
  test(`an answer with ${what} is taken`, async () => {
    const { response, rest } = await answered(answer);
    assert.equal(response!.status, status);
    assert.equal(response!.body.latin1Slice(), body);
    assert.equal(rest.length, 0);
  });
}

test("HEAD and 304 keep the length that they speak of, and end without a body", async () => {
  const head = await answered(
    "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n",
    `HEAD / HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`,
  );
  assert.equal(head.response!.headers.find(([name]) => name === "content-length")![1], "1234");
  const same = await answered('HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\nETag: "x"\r\n\r\n');
  assert.equal(same.response!.status, 304);
});

test("Early Hints and trailers reach the client", async () => {
  const answer =
    "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 5\r\n\r\n";
  const { responses } = await answered(answer);
  assert.deepEqual(
    responses.map((response) => response.status),
    [103, 200],
  );
  assert.deepEqual(responses[1]!.trailers, [["x-sum", "5"]]);
});

test("fields of the connection and hidden ones don't reach the client; Location and cookies are rewritten", async () => {
  const proxy = {
    hide: ["x-powered-by"],
    path: { strip: "/app/", to: "/" },
    cookiePaths: [{ from: "/", to: "/app/" }],
    cookieDomains: [{ from: "inner.example", to: "outer.example" }],
  };
  const answer =
    "HTTP/1.1 302 Found\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-Powered-By: PHP\r\nX-Accel-Buffering: no\r\n" +
    "Location: http://up/login?x\r\nRefresh: 5; url=http://up/r\r\nSet-Cookie: a=b; Path=/in; Domain=.Inner.example; Secure\r\nX-Kept: 1\r\nContent-Length: 0\r\n\r\n";
  const { response } = await answered(answer, get("/app/x", CLOSE), { proxy });
  const fields = response!.headers.filter(([name]) => !["date", "content-length", "connection"].includes(name));
  assert.deepEqual(fields, [
    ["location", "/app/login?x"],
    ["refresh", "5; url=/app/r"],
    ["set-cookie", "a=b; Path=/app/in; Domain=.outer.example; Secure"],
    ["x-kept", "1"],
  ]);
});

test("redirect patterns take their captures, in any case where asked", async () => {
  const redirects = [{ from: "~*^http://(?<name>[^/]+)\\.internal/(.*)$", to: "{scheme}://{name}.example/{2}" }];
  const answer = "HTTP/1.1 301 Moved\r\nLocation: HTTP://api.INTERNAL/x/y\r\nContent-Length: 0\r\n\r\n";
  const { response } = await answered(answer, get("/", CLOSE), { proxy: { redirects } });
  assert.equal(response!.headers.find(([name]) => name === "location")![1], "http://api.example/x/y");
});

for (const [what, answer] of [
  ["its length", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"],
  ["the last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n"],
  ["a valid chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nXX\r\n"],
] as const) {
  test(`an answer that ends before ${what} never looks complete to the client`, async () => {
    const { responses } = await answered(["", answer]);
    assert.ok(responses.length === 0 || responses[0]!.status === 502, JSON.stringify(responses));
  });
}

test("a target that is not there is answered 502", async () => {
  await using front = await proxyStage({ targets: [targetAt(await closedPort())] });
  const { responses } = await talk(front.port, [get("/", CLOSE)]);
  assert.equal(responses[0]!.status, 502);
  assert.match(front.logged[0]!.message, /connect: .*ECONNREFUSED/);
});

test("a target that is slow with its head is answered 504, one that is slow with its body is cut", async () => {
  await using target = await scripted((socket, request) => {
    if (request.includes("/body")) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
  });
  await using front = await proxyStage({ targets: [targetAt(target.port)], proxy: { readTimeout: 100 } });
  assert.equal((await talk(front.port, [get("/head", CLOSE)])).responses[0]!.status, 504);
  const cut = await talk(front.port, [get("/body", CLOSE)]);
  assert.equal(cut.responses.length, 0);
  assert.match(cut.rest.latin1Slice(), /^HTTP\/1\.1 200 OK/);
});

test("a target that takes no connection is answered 504 after the connect timeout", async () => {
  // TEST-NET-1 (RFC 5737) answers nothing; where there is no route to it at all, 502 comes at once.
  await using front = await proxyStage({
    targets: [targetAt(9, { host: "192.0.2.1" })],
    proxy: { connectTimeout: 100 },
  });
  const { responses } = await talk(front.port, [get("/", CLOSE)]);
  assert.ok([502, 504].includes(responses[0]!.status));
});

test("bytes after an answer are never taken for the next one", async () => {
  await using target = await scripted((socket, request) => {
    if (request.startsWith("GET /first")) socket.write(`${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`);
    else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood");
  });
  await using front = await proxyStage({ targets: [targetAt(target.port)] });
  const client = await connect(front.port);
  client.write(get("/first"));
  await client.responses(1);
  client.write(get("/second"));
  assert.equal((await client.responses(2))[1]!.body.latin1Slice(), "good");
  assert.equal(target.sockets.length, 2);
  client.socket.destroy();
});

test("what a target says on an idle connection ends it", async () => {
  await using target = await scripted((socket) => socket.write(OK));
  await using front = await proxyStage({ targets: [targetAt(target.port)] });
  await talk(front.port, [get("/", CLOSE)]);
  target.sockets[0]!.write("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
  await target.until(() => target.sockets[0]!.closed);
  assert.equal((await talk(front.port, [get("/", CLOSE)])).responses[0]!.status, 200);
});

test("a kept connection that the target closes is replaced, for requests that may be sent twice", async () => {
  const seen: string[] = [];
  await using target = await scripted((socket, request, count) => {
    seen.push(request.slice(0, request.indexOf(" ")));
    // The first answer leaves the connection open; the next request on it finds it closed.
    if (count === 1) socket.destroy();
    else socket.write(OK);
  });
  await using front = await proxyStage({ targets: [targetAt(target.port)] });
  assert.equal((await talk(front.port, [get("/1", CLOSE)])).responses[0]!.status, 200);
  assert.equal((await talk(front.port, [get("/2", CLOSE)])).responses[0]!.status, 200);
  assert.deepEqual(seen, ["GET", "GET", "GET"]);
  assert.deepEqual(front.logged, []);
});

test("a POST whose connection ends without an answer is not sent twice", async () => {
  const seen: string[] = [];
  await using target = await scripted((socket, request) => {
    seen.push(request.slice(0, request.indexOf(" ")));
    if (request.startsWith("POST")) socket.destroy();
    else socket.write(OK);
  });
  await using front = await proxyStage({
    targets: [targetAt(target.port), targetAt(target.port, { host: "127.0.0.2" })],
  });
  await talk(front.port, [get("/1", CLOSE)]);
  const { responses } = await talk(front.port, [`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n${CLOSE}\r\nx`]);
  assert.equal(responses[0]!.status, 502);
  assert.deepEqual(seen, ["GET", "POST"]);
});

test("an early answer reaches the client though the target never reads the body", async () => {
  await using target = await scripted((socket) => {
    socket.pause();
    socket.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
  });
  await using front = await proxyStage({ targets: [targetAt(target.port)] });
  const body = "x".repeat(4_000_000);
  const { responses } = await talk(front.port, [
    `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n${CLOSE}\r\n${body}`,
  ]);
  assert.equal(responses[0]!.status, 413);
  assert.equal(responses[0]!.body.latin1Slice(), "big");
});

test("a client that leaves ends the exchange at the target", async () => {
  await using target = await scripted(() => {});
  await using front = await proxyStage({ targets: [targetAt(target.port)] });
  const client = await connect(front.port);
  client.write(get("/"));
  await target.until(() => target.received.length === 1 && target.received[0] !== "");
  client.socket.destroy();
  await target.until(() => target.sockets[0]!.closed);
  assert.equal(front.upstreams.named("up").targets[0]!.inFlight, 0);
});
