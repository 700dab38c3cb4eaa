import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createRecorder } from "../http/recorder.ts";
import { connect, type FrameClient, request } from "./frame-client.ts";
import { serve, type TestServer } from "./serve.ts";

type Fields = readonly (readonly [string, string])[];

const METHOD = [":method", "GET"] as const;
const SCHEME = [":scheme", "http"] as const;
const AUTHORITY = [":authority", "a.example"] as const;
const PATH = [":path", "/"] as const;
const MALFORMED = "reset 1";

const withPath = (path: string): Fields => [METHOD, SCHEME, AUTHORITY, [":path", path]];
const withField = (name: string, value: string): Fields => request("/", [[name, value]]);

/** A field list, what becomes of it, and which rule says so. */
const CASES: readonly (readonly [rule: string, fields: Fields, outcome: string])[] = [
  ["§8.3.1: the four of a request are enough", [METHOD, SCHEME, AUTHORITY, PATH], "200"],
  ["§8.3.1: :method is needed", [SCHEME, AUTHORITY, PATH], MALFORMED],
  ["§8.3.1: :scheme is needed", [METHOD, AUTHORITY, PATH], MALFORMED],
  ["§8.3.1: :path is needed", [METHOD, SCHEME, AUTHORITY], MALFORMED],
  ["§8.3.1: :path is not empty", withPath(""), MALFORMED],
  ["§8.3.1: :path begins with /", withPath("a"), MALFORMED],
  ["§8.3.1: :path is no URI", withPath("http://a.example/"), MALFORMED],
  ["§8.3.1: * is for OPTIONS", withPath("*"), MALFORMED],
  ["§8.3.1: OPTIONS * means the server", [[":method", "OPTIONS"], SCHEME, AUTHORITY, [":path", "*"]], "200"],
  ["a space in :path would be another request line", withPath("/ HTTP/1.1"), MALFORMED],
  ["a CR LF in :path would be another header", withPath("/ HTTP/1.1\r\nX: y"), MALFORMED],
  ["a tab in :path", withPath("/\ta"), MALFORMED],
  ["a NUL in :path", withPath("/\0a"), MALFORMED],
  ["bytes beyond ASCII in :path", withPath("/\xe9"), MALFORMED],
  ["a fragment in :path", withPath("/#a"), "400"],
  ["a wrong percent-encoding", withPath("/%zz"), "400"],
  ["a path above the root", withPath("/../a"), "400"],
  ["§8.3: an unknown pseudo-header field", [METHOD, SCHEME, AUTHORITY, PATH, [":what", "a"]], MALFORMED],
  ["§8.3: :status is for responses", [METHOD, SCHEME, AUTHORITY, PATH, [":status", "200"]], MALFORMED],
  ["§8.3: a pseudo-header field after others", [METHOD, SCHEME, PATH, ["x", "y"], AUTHORITY], MALFORMED],
  ["§8.3: a pseudo-header field twice", [METHOD, SCHEME, AUTHORITY, PATH, PATH], MALFORMED],
  ["a method is a token", [[":method", "GE T"], SCHEME, AUTHORITY, PATH], MALFORMED],
  ["a method with a line end", [[":method", "GET / HTTP/1.1\r\nX: y\r\n\r\nGET"], SCHEME, AUTHORITY, PATH], MALFORMED],
  ["an empty method", [[":method", ""], SCHEME, AUTHORITY, PATH], MALFORMED],
  ["any token is a method", [[":method", "BREW"], SCHEME, AUTHORITY, PATH], "200"],
  ["CONNECT is not implemented", [[":method", "CONNECT"], AUTHORITY], "501"],
  ["§8.5: CONNECT has :authority alone", [[":method", "CONNECT"], SCHEME, AUTHORITY, PATH], MALFORMED],
  ["a scheme of another kind", [METHOD, [":scheme", "ftp"], AUTHORITY, PATH], MALFORMED],
  ["a scheme with a space", [METHOD, [":scheme", "http "], AUTHORITY, PATH], MALFORMED],
  ["§8.3.1: Host in place of :authority", [METHOD, SCHEME, PATH, ["host", "b.example"]], "200"],
  ["both, and equal", [METHOD, SCHEME, AUTHORITY, PATH, ["host", "A.example"]], "200"],
  ["both, and different", [METHOD, SCHEME, AUTHORITY, PATH, ["host", "b.example"]], "400"],
  ["neither", [METHOD, SCHEME, PATH], "400"],
  ["an empty :authority", [METHOD, SCHEME, [":authority", ""], PATH], MALFORMED],
  ["two host fields", [METHOD, SCHEME, PATH, ["host", "a"], ["host", "a"]], MALFORMED],
  ["user information in :authority", [METHOD, SCHEME, [":authority", "u@a.example"], PATH], "400"],
  ["a path in :authority", [METHOD, SCHEME, [":authority", "a.example/b"], PATH], "400"],
  ["a line end in :authority", [METHOD, SCHEME, [":authority", "a\r\nX: y"], PATH], MALFORMED],
  ["a space in :authority", [METHOD, SCHEME, [":authority", "a b"], PATH], MALFORMED],
  ["§8.2.1: a name in upper case", withField("X-Upper", "a"), MALFORMED],
  ["§8.2.1: an empty name", withField("", "a"), MALFORMED],
  ["§8.2.1: a name with a space", withField("x y", "a"), MALFORMED],
  ["§8.2.1: a name with a colon", withField("x:y", "a"), MALFORMED],
  ["§8.2.1: a name with a line end", withField("x\r\ny", "a"), MALFORMED],
  ["§8.2.1: a name with a NUL", withField("x\0", "a"), MALFORMED],
  ["§8.2.1: a name beyond ASCII", withField("x\xe9", "a"), MALFORMED],
  ["§8.2.1: a CR LF in a value", withField("x", "a\r\nTransfer-Encoding: chunked"), MALFORMED],
  ["§8.2.1: a bare CR in a value", withField("x", "a\rb"), MALFORMED],
  ["§8.2.1: a bare LF in a value", withField("x", "a\nb"), MALFORMED],
  ["§8.2.1: a NUL in a value", withField("x", "a\0b"), MALFORMED],
  ["an escape character in a value", withField("x", "\x1b[31m"), MALFORMED],
  ["DEL in a value", withField("x", "a\x7f"), MALFORMED],
  ["§8.2.1: a space before a value", withField("x", " a"), MALFORMED],
  ["§8.2.1: a space after a value", withField("x", "a "), MALFORMED],
  ["§8.2.1: a tab after a value", withField("x", "a\t"), MALFORMED],
  ["a value of a space", withField("x", " "), MALFORMED],
  ["bytes beyond ASCII in a value are passed on", withField("x", "\xe9"), "200"],
  ["an empty value is a value", withField("x", ""), "200"],
  ["§8.2.2: Connection", withField("connection", "close"), MALFORMED],
  ["§8.2.2: Keep-Alive", withField("keep-alive", "timeout=5"), MALFORMED],
  ["§8.2.2: Proxy-Connection", withField("proxy-connection", "close"), MALFORMED],
  ["§8.2.2: Transfer-Encoding", withField("transfer-encoding", "chunked"), MALFORMED],
  ["§8.2.2: Upgrade", withField("upgrade", "websocket"), MALFORMED],
  ["§8.2.2: TE with trailers", withField("te", "trailers"), "200"],
  ["§8.2.2: TE with a coding", withField("te", "gzip"), MALFORMED],
  [
    "two lengths",
    request("/", [
      ["content-length", "0"],
      ["content-length", "0"],
    ]),
    "400",
  ],
  ["a length with a sign", withField("content-length", "+0"), "400"],
  ["a length that is a list", withField("content-length", "0, 0"), "400"],
  ["§8.1.1: a length without a body", withField("content-length", "1"), MALFORMED],
  ["an unknown expectation", withField("expect", "tea"), "417"],
  ["a path of the limit", withPath(`/${"a".repeat(8191)}`), "200"],
  ["a longer one", withPath(`/${"a".repeat(8192)}`), "414"],
  [
    "100 fields",
    request(
      "/",
      Array.from({ length: 99 }, () => ["x", "y"] as const),
    ),
    "200",
  ],
  [
    "more",
    request(
      "/",
      Array.from({ length: 100 }, () => ["x", "y"] as const),
    ),
    "431",
  ],
  ["a field larger than the limit", withField("x", "y".repeat(33_000)), "431"],
  [
    "many crumbs of a cookie count as what they are",
    request(
      "/",
      Array.from({ length: 1200 }, () => ["cookie", "a=1"] as const),
    ),
    "431",
  ],
];

describe("header lists by the rules of RFC 9113", () => {
  const recorder = createRecorder();
  let server: TestServer;
  let client: FrameClient;
  let stream = -1;
  before(async () => {
    server = await serve(recorder.handle, { http2: { resets: 1000 } });
    client = await connect(server.port);
  });
  after(async () => {
    client.socket.destroy();
    await server[Symbol.asyncDispose]();
  });

  const ask = (fields: Fields): Promise<string> => {
    stream += 2;
    // Two frames where one would be too long.
    client.ask(stream, fields);
    return client.status(stream);
  };

  for (const [rule, fields, outcome] of CASES) {
    test(`${rule}: ${outcome}`, async () => {
      const from = recorder.requests.length;
      const long = fields.reduce((sum, [name, value]) => sum + name.length + value.length + 10, 0) > 16_000;
      if (long) {
        stream += 2;
        client.askInPieces(stream, fields);
        assert.equal(await client.status(stream), outcome);
      } else {
        assert.equal(await ask(fields), outcome);
      }
      assert.equal(recorder.requests.length - from, outcome === "200" ? 1 : 0);
      // The connection goes on.
      assert.equal(await ask(request()), "200");
    });
  }

  test("§8.2.3: crumbs of a cookie are one field, in its place", async () => {
    assert.equal(
      await ask(
        request("/", [
          ["cookie", "a=1"],
          ["x", "y"],
          ["cookie", "b=2"],
          ["cookie", "c=3"],
        ]),
      ),
      "200",
    );
    assert.deepEqual(recorder.requests.at(-1)!.headers, [
      ["host", "a.example"],
      ["cookie", "a=1; b=2; c=3"],
      ["x", "y"],
    ]);
  });

  test("a refused request is told once, with its line, and HEAD gets no content", async () => {
    const [refused, ended] = [server.refused.length, server.ended.length];
    stream += 2;
    client.ask(stream, request("/%zz", [], "HEAD"));
    const { heads, body } = await client.response(stream);
    assert.equal(heads[0]!.get(":status"), "400");
    assert.equal(body.length, 0);
    assert.deepEqual(
      server.refused.slice(refused).map(({ line }) => line),
      ["HEAD /%zz HTTP/2.0"],
    );
    assert.equal(server.ended.length, ended);
  });

  test("what was refused is told to the log, without what was sent", () => {
    assert.ok(server.refused.length > 50);
    for (const { reason } of server.refused) assert.doesNotMatch(reason, /[\x00-\x1f\x7f]/);
  });
});
