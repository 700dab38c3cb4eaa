import assert from "node:assert/strict";
import type net from "node:net";
import { test } from "node:test";
import { formatText } from "../../src/base/log.ts";
import type { ProxyConfig } from "../../src/config/proxy-model.ts";
import { END_REQUEST, recordHead, STDERR, STDOUT } from "../../src/proxy/gateway/fastcgi-records.ts";
import { connect, type TestResponse, talk } from "../http/client.ts";
import { get } from "../http/fixtures.ts";
import { type ProxyStage, proxyStage, type ScriptedTarget, scripted, targetAt } from "./stage.ts";

type Gateway = Exclude<ProxyConfig["protocol"], "http" | "https">;

const GATEWAYS: readonly Gateway[] = ["uwsgi", "puwsgi", "scgi", "fastcgi"];
const CLOSE = "Connection: close\r\n";

const record = (type: number, content: string | Buffer): Buffer => {
  const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
  return Buffer.concat([recordHead(type, bytes.length, 0), bytes]);
};

/** An answer's bytes as the protocol frames them; `over`: its end is told, where the protocol can. */
function framed(protocol: Gateway, text: string, over = true): Buffer {
  if (protocol !== "fastcgi") return Buffer.from(text, "latin1");
  const records: Buffer[] = [];
  for (let at = 0; at < text.length; at += 60_000) records.push(record(STDOUT, text.slice(at, at + 60_000)));
  if (over) records.push(record(STDOUT, ""), record(END_REQUEST, Buffer.alloc(8)));
  return Buffer.concat(records);
}

/** A target that does this once something of a request has come on a connection. */
function target(script: (socket: net.Socket) => void): Promise<ScriptedTarget> {
  return scripted(() => {}, { eager: (socket) => socket.once("data", () => script(socket)) });
}

async function front(protocol: Gateway, behind: ScriptedTarget, proxy: Partial<ProxyConfig> = {}): Promise<ProxyStage> {
  return proxyStage({ targets: [targetAt(behind.port, { maxFails: 0 })], proxy: { protocol, ...proxy } });
}

/** What a client is answered, and whether all of it came. */
async function answerOf(port: number, request = get("/", CLOSE)): Promise<TestResponse | null> {
  const { responses } = await talk(port, [request], { end: false });
  return responses[0] ?? null;
}

function assertClean(stage: ProxyStage): void {
  for (const { inFlight } of stage.upstreams.named("up").targets) assert.equal(inFlight, 0);
}

const HEAD = "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n";
const ANSWER = `${HEAD}0123456789`;

/** What a target says before it closes its side, and what the client gets: null is an answer that does not look whole. */
const SAID: readonly (readonly [what: string, text: string, status: number | null, body?: string])[] = [
  ["nothing", "", 502],
  ["half of a head", "Status: 200 OK\r\nContent-Ty", 502],
  ["no head", "hello\r\n\r\n", 502],
  ["a head larger than 64 KiB", `X-Large: ${"x".repeat(70_000)}\r\n\r\n`, 502],
  ["an endless head", "x".repeat(200_000), 502],
  ["more than 200 fields", `${"X: y\r\n".repeat(201)}\r\n`, 502],
  ["two lengths", "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", 502],
  ["a length that is none", "Content-Length: +2\r\n\r\nok", 502],
  ["a control character", "X: a\x01b\r\n\r\nok", 502],
  ["a folded line", "X: a\r\n b\r\n\r\nok", 502],
  ["a bare CR", "X: a\rSet-Cookie: b\r\n\r\nok", 502],
  ["a status that is none", "Status: teapot\r\n\r\nok", 502],
  ["two statuses", "Status: 200 OK\r\nStatus: 404 Not Found\r\n\r\nok", 502],
  ["an interim status", "Status: 100 Continue\r\n\r\nStatus: 200 OK\r\n\r\nok", 502],
  ["a switch that nobody asked for", "Status: 101 Switching\r\nUpgrade: x\r\n\r\nok", 502],
  ["a body shorter than its length", `${HEAD}01234`, null],
  ["a body longer than its length", `${ANSWER}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`, 200, "0123456789"],
  ["a body without a length", "Content-Type: text/plain\r\n\r\nall of it", 200, "all of it"],
  ["a status line of HTTP", "HTTP/1.1 203 Fine\r\nConnection: close\r\n\r\nok", 203, "ok"],
  ["lines that end in LF", "Status: 404 None\nX: y\n\nnone", 404, "none"],
  // RFC 3875 §6.3.4: of the connection a program says nothing that counts; its body is taken as it comes.
  ["a transfer coding", "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, "2\r\nok\r\n0\r\n\r\n"],
  ["a status without content", "Status: 204 None\r\nContent-Length: 4\r\n\r\nbody", 204, ""],
];

/** On a kept connection nothing else ends an answer. */
const NEEDS_LENGTH = new Set([
  "a body without a length",
  "a status line of HTTP",
  "lines that end in LF",
  "a transfer coding",
]);

for (const protocol of GATEWAYS) {
  test(`${protocol}: what a target says before it closes is passed on whole, cut, or 502`, async () => {
    let text = "";
    await using behind = await target((socket) => socket.end(framed(protocol, text)));
    await using stage = await front(protocol, behind);
    for (const [what, said, status, body] of SAID) {
      text = said;
      const answer = await answerOf(stage.port);
      // A fault that comes with the head itself is told before any of it has gone on.
      if (status === null && answer?.status === 502) continue;
      if (protocol === "puwsgi" && NEEDS_LENGTH.has(what)) {
        assert.equal(answer?.status, 502, what);
        continue;
      }
      assert.equal(answer?.status ?? null, status, `${what}: ${stage.logged.at(-1)?.message}`);
      if (body !== undefined) assert.equal(answer!.body.latin1Slice(), body, what);
    }
    assertClean(stage);
  });

  test(`${protocol}: a reset or an end after any number of bytes never yields an answer that looks whole`, async () => {
    const whole = framed(protocol, ANSWER);
    let after = 0;
    let reset = false;
    await using behind = await target((socket) => {
      if (!reset) socket.end(whole.subarray(0, after));
      else socket.write(whole.subarray(0, after), () => setImmediate(() => socket.resetAndDestroy()));
    });
    await using stage = await front(protocol, behind);
    // All of the body may be there before FastCGI's own end has come.
    const complete = protocol === "fastcgi" ? whole.indexOf("0123456789") + 10 : whole.length;
    for (after = 0; after < complete; after += 5) {
      for (reset of [false, true]) {
        const answer = await answerOf(stage.port);
        assert.ok(answer === null || answer.status === 502, `${after} bytes, ${reset}: ${JSON.stringify(answer)}`);
      }
    }
    assertClean(stage);
  });

  test(`${protocol}: an answer that comes byte by byte is whole`, async () => {
    await using behind = await target((socket) => {
      const bytes = framed(protocol, ANSWER);
      let at = 0;
      const next = (): void => {
        if (at < bytes.length) socket.write(bytes.subarray(at, ++at), next);
        else if (protocol !== "fastcgi") socket.end();
      };
      next();
    });
    await using stage = await front(protocol, behind);
    assert.equal((await answerOf(stage.port))!.body.latin1Slice(), "0123456789");
    assertClean(stage);
  });

  test(`${protocol}: silence is 504, and silence in the middle of an answer cuts it`, async () => {
    let said: Buffer = Buffer.alloc(0);
    await using behind = await target((socket) => socket.write(said));
    await using stage = await front(protocol, behind, { readTimeout: 100 });
    assert.equal((await answerOf(stage.port))!.status, 504);
    said = framed(protocol, `${HEAD}012`, false);
    assert.equal(await answerOf(stage.port), null);
    assert.match(stage.logged.at(-1)!.message, /said nothing for 100 ms/);
    await behind.until(() => behind.sockets.every((socket) => socket.closed));
    assertClean(stage);
  });

  test(`${protocol}: a target that takes nothing of a body is 504, one that answers early is heard`, async () => {
    const body = "x".repeat(12_000_000);
    const put = `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n${CLOSE}\r\n${body}`;
    let early: Buffer | null = null;
    await using behind = await target((socket) => {
      socket.pause();
      if (early !== null) socket.write(early, () => socket.destroy());
    });
    await using stage = await front(protocol, behind, { sendTimeout: 100 });
    assert.equal((await answerOf(stage.port, put))!.status, 504);
    assert.match(stage.logged.at(-1)!.message, /took nothing of the request for 100 ms/);
    early = framed(protocol, "Status: 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
    const answer = await answerOf(stage.port, put);
    assert.deepEqual([answer?.status, answer?.body.latin1Slice()], [413, "big"], stage.logged.at(-1)?.message ?? "");
    assertClean(stage);
  });

  test(`${protocol}: a client that leaves, before the answer or within it, ends the request at the target`, async () => {
    let said: Buffer | null = null;
    await using behind = await target((socket) => {
      if (said !== null) socket.write(said);
    });
    await using stage = await front(protocol, behind);
    for (said of [null, framed(protocol, `${HEAD}012`, false)]) {
      const client = await connect(stage.port);
      const seen = behind.sockets.length;
      const ended = stage.ended.length;
      client.write(get("/"));
      await behind.until(() => behind.sockets.length > seen && (behind.received[seen] ?? "") !== "");
      if (said !== null) await client.until(() => client.raw.includes("012"));
      client.socket.resetAndDestroy();
      await stage.until(() => stage.ended.length > ended);
      await behind.until(() => behind.sockets[seen]!.closed);
    }
    assertClean(stage);
  });

  test(`${protocol}: a client that reads nothing holds the target back, and gets all in the end`, async () => {
    const size = 30_000_000;
    await using behind = await target((socket) => {
      socket.end(framed(protocol, `Content-Length: ${size}\r\n\r\n${"x".repeat(size)}`));
    });
    await using stage = await front(protocol, behind, { buffering: false });
    const client = await connect(stage.port);
    client.socket.pause();
    client.write(get("/", CLOSE));
    await behind.until(() => behind.sockets.length === 1 && behind.received[0] !== "");
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(behind.sockets[0]!.writableLength > 0, "the target could send all of it");
    client.socket.resume();
    const { responses } = await client.finished();
    assert.equal(responses[0]!.body.length, size);
    assertClean(stage);
  });
}

test("fastcgi: what is no record, or another request's, is 502, and its connection is not used again", async () => {
  const ok = framed("fastcgi", "Content-Length: 2\r\n\r\nok");
  const cases: readonly (readonly [string, Buffer, RegExp])[] = [
    ["HTTP", Buffer.from("HTTP/1.1 200 OK\r\n\r\nok"), /speaks version 72/],
    ["an unknown type", record(77, "x"), /record of type 77/],
    ["another request", Buffer.from([1, STDOUT, 0, 9, 0, 0, 0, 0]), /for the request 9/],
    ["an overloaded program", record(END_REQUEST, Buffer.from([0, 0, 0, 0, 2, 0, 0, 0])), /overloaded/],
    ["an unknown end", record(END_REQUEST, Buffer.from([0, 0, 0, 0, 99, 0, 0, 0])), /protocol status 99/],
    ["an end of three bytes", record(END_REQUEST, Buffer.alloc(3)), /with 3 bytes/],
    ["an end without an answer", record(END_REQUEST, Buffer.alloc(8)), /ended without an answer/],
  ];
  let said = ok;
  await using behind = await target((socket) => socket.write(said));
  await using stage = await front("fastcgi", behind);
  for (const [what, bytes, reason] of cases) {
    said = bytes;
    assert.equal((await answerOf(stage.port))!.status, 502, what);
    assert.match(stage.logged.at(-1)!.message, reason, what);
  }
  // Another answer behind the first is nobody's.
  said = Buffer.concat([ok, framed("fastcgi", "Content-Length: 4\r\n\r\nevil")]);
  for (let i = 0; i < 3; i++) assert.equal((await answerOf(stage.port))!.body.latin1Slice(), "ok");
  assertClean(stage);
});

test("fastcgi: error output goes to the log, in lines that a program can't forge", async () => {
  const said = Buffer.concat([
    record(
      STDERR,
      Buffer.from("PHP Warning: d\u00e9j\u00e0 vu\n\x1b[31mtwo\r\n2026-01-01T00:00:00.000Z error edge: forged\n"),
    ),
    framed("fastcgi", "Content-Length: 2\r\n\r\nok"),
  ]);
  await using behind = await target((socket) => socket.write(said));
  await using stage = await front("fastcgi", behind);
  assert.equal((await answerOf(stage.port))!.status, 200);
  assert.deepEqual(
    stage.logged.map(({ message }) => message.replace(/127\.0\.0\.1:\d+/, "TARGET")),
    [
      "upstream up: TARGET: PHP Warning: d\u00e9j\u00e0 vu",
      "upstream up: TARGET: \x1b[31mtwo",
      "upstream up: TARGET: 2026-01-01T00:00:00.000Z error edge: forged",
    ],
  );
  for (const logged of stage.logged) assert.doesNotMatch(formatText(logged), /[\x00-\x1f]/);
});
