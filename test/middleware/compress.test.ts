import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { test } from "node:test";
import zlib from "node:zlib";
import type { CompressConfig } from "../../src/config/route-model.ts";
import type { Exchange, ResponseBody, ResponseSink } from "../../src/http/exchange.ts";
import { ResponseHead } from "../../src/http/response-head.ts";
import { CompressFilter } from "../../src/middleware/compress.ts";
import { serve } from "../http/serve.ts";
import { folder } from "../support/instance.ts";

const CONFIG: CompressConfig = {
  codings: ["zstd", "br", "gzip"],
  types: ["text/*", "application/json"],
  minimum: 100,
  level: 5,
};
const DECODE = { br: zlib.brotliDecompressSync, zstd: zlib.zstdDecompressSync, gzip: zlib.gunzipSync } as const;
const PAGE = Buffer.from("<p>hello, compressed world\n".repeat(400));

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

function ask(port: number, headers: http.OutgoingHttpHeaders = {}, method = "GET"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, method, headers, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("end", () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(pieces) }),
      );
      response.on("error", reject);
    });
    request.on("error", reject).end();
  });
}

/** A server whose every answer goes through the filter. */
function compressing(answer: (exchange: Exchange) => void, config: Partial<CompressConfig> = {}) {
  const filter = new CompressFilter({ ...CONFIG, ...config });
  return serve((exchange) => {
    exchange.filter(filter);
    answer(exchange);
  });
}

function page(fields: [string, string][] = [], body: ResponseBody = PAGE, status = 200) {
  return (exchange: Exchange) =>
    exchange.respond(new ResponseHead(status, [["Content-Type", "text/html; charset=utf-8"], ...fields]), body);
}

function streamed(produce: (sink: ResponseSink) => void) {
  return page([], { kind: "stream", length: -1, start: produce, resume: () => {}, cancel: () => {} });
}

for (const coding of ["br", "zstd", "gzip"] as const) {
  test(`a page is compressed with ${coding} for who takes it, and is the same page`, async () => {
    await using server = await compressing(
      page([
        ["ETag", '"1"'],
        ["Accept-Ranges", "bytes"],
        ["Content-Digest", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"],
      ]),
    );
    const answer = await ask(server.port, { "accept-encoding": coding });
    assert.equal(answer.headers["content-digest"], undefined, "it is of other bytes (RFC 9530)");
    assert.equal(answer.headers["content-encoding"], coding);
    assert.equal(answer.headers.vary, "Accept-Encoding");
    assert.equal(answer.headers.etag, 'W/"1"');
    assert.equal(answer.headers["accept-ranges"], undefined);
    assert.ok(answer.body.length < PAGE.length / 10);
    assert.deepEqual(DECODE[coding](answer.body), PAGE);
  });

  test(`a large body and a stream are compressed with ${coding} too`, async () => {
    const large = Buffer.concat(Array.from({ length: 200 }, () => Buffer.concat([randomBytes(500), PAGE])));
    await using whole = await compressing(page([], large));
    assert.deepEqual(DECODE[coding]((await ask(whole.port, { "accept-encoding": coding })).body), large);
    await using pieces = await compressing(
      streamed((sink) => {
        for (let at = 0; at < large.length; at += 100_000) sink.write(large.subarray(at, at + 100_000));
        sink.end();
      }),
    );
    assert.deepEqual(DECODE[coding]((await ask(pieces.port, { "accept-encoding": coding })).body), large);
  });

  test(`what an app has sent so far arrives compressed with ${coding} while it says no more`, async () => {
    let sink: ResponseSink | null = null;
    await using server = await compressing(
      streamed((given) => {
        sink = given;
        given.write(Buffer.from("data: one\n\n"));
      }),
    );
    const decoder =
      coding === "br"
        ? zlib.createBrotliDecompress()
        : coding === "zstd"
          ? zlib.createZstdDecompress()
          : zlib.createGunzip();
    const text = await new Promise<string>((resolve, reject) => {
      const request = http.get(
        { host: "127.0.0.1", port: server.port, headers: { "accept-encoding": coding }, agent: false },
        (response) => {
          response.pipe(decoder).once("data", (piece: Buffer) => resolve(piece.toString()));
        },
      );
      request.on("error", reject);
    });
    assert.equal(text, "data: one\n\n");
    sink!.end();
  });
}

test("the client's weights decide, then our order", async () => {
  await using server = await compressing(page());
  const coding = async (accepted: string) =>
    (await ask(server.port, { "accept-encoding": accepted })).headers["content-encoding"];
  assert.equal(await coding("gzip, br, zstd"), "zstd");
  assert.equal(await coding("gzip, br"), "br");
  assert.equal(await coding("gzip;q=1, br;q=0.5"), "gzip");
  assert.equal(await coding("*"), "zstd");
  assert.equal(await coding("identity"), undefined);
  assert.equal(await coding("gzip;q=0"), undefined);
});

test("who takes no coding gets the plain page, and caches are told that others may not", async () => {
  await using server = await compressing(
    page([
      ["Vary", "Cookie"],
      ["ETag", '"1"'],
    ]),
  );
  const answer = await ask(server.port);
  assert.equal(answer.headers["content-encoding"], undefined);
  assert.equal(answer.headers.vary, "Cookie, Accept-Encoding");
  assert.equal(answer.headers.etag, '"1"');
  assert.deepEqual(answer.body, PAGE);
});

for (const [what, answer] of [
  ["what is compressed already", page([["Content-Encoding", "gzip"]], zlib.gzipSync(PAGE))],
  ["what must not be transformed", page([["Cache-Control", "public, no-transform"]])],
  ["a part", page([["Content-Range", "bytes 0-9/100"]], PAGE, 206)],
  ["a small body", page([], Buffer.from("small"))],
  ["an image", (exchange: Exchange) => exchange.respond(new ResponseHead(200, [["Content-Type", "image/png"]]), PAGE)],
  ["what has no type", (exchange: Exchange) => exchange.respond(new ResponseHead(200, []), PAGE)],
  ["no content", page([], null, 204)],
] as const) {
  test(`${what} is passed on as it is`, async () => {
    await using server = await compressing(answer);
    const plain = await ask(server.port);
    const { status, headers, body } = await ask(server.port, { "accept-encoding": "gzip" });
    assert.deepEqual(
      [status, headers["content-encoding"], headers.vary],
      [plain.status, plain.headers["content-encoding"], undefined],
    );
    assert.deepEqual(body, plain.body);
  });
}

test("HEAD tells what GET would, and has no body", async () => {
  await using server = await compressing(page());
  const answer = await ask(server.port, { "accept-encoding": "gzip" }, "HEAD");
  assert.deepEqual(
    [answer.headers["content-encoding"], answer.headers.vary, answer.body.length],
    ["gzip", "Accept-Encoding", 0],
  );
});

test("a file is compressed, and closed, also when the client leaves", async (t) => {
  const file = path.join(folder(t), "large.html");
  fs.writeFileSync(file, Buffer.concat(Array.from({ length: 100 }, () => Buffer.concat([randomBytes(20_000), PAGE]))));
  let open = 0;
  await using server = await compressing((exchange) => {
    const fd = fs.openSync(file, "r");
    open++;
    const length = fs.fstatSync(fd).size;
    const close = (): void => {
      fs.closeSync(fd);
      open--;
    };
    page([], { kind: "file", fd, start: 0, length, close })(exchange);
  });
  const answer = await ask(server.port, { "accept-encoding": "gzip" });
  assert.deepEqual(zlib.gunzipSync(answer.body), fs.readFileSync(file));
  assert.equal(open, 0);
  await new Promise<void>((resolve) => {
    const request = http.get(
      { host: "127.0.0.1", port: server.port, headers: { "accept-encoding": "gzip" }, agent: false },
      (response) => {
        response.once("data", () => {
          response.destroy();
          resolve();
        });
      },
    );
    request.on("error", () => {});
  });
  await server.until(() => server.closed() === server.opened());
  while (open > 0) await new Promise((resolve) => setImmediate(resolve));
});

test("a stream that fails ends the answer so that the client can tell", async () => {
  await using server = await compressing(
    streamed((sink) => {
      sink.write(PAGE);
      setImmediate(() => sink.fail("broken"));
    }),
  );
  await assert.rejects(ask(server.port, { "accept-encoding": "gzip" }));
});
