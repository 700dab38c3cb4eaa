import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { ResponseHead } from "../../src/http/response-head.ts";
import { talk } from "../http/client.ts";
import { serve as serveHttp1 } from "../http/serve.ts";
import { connect, request } from "../http2/frame-client.ts";
import { serve as serveHttp2 } from "../http2/serve.ts";
import { folder, freePort, start, until } from "../support/instance.ts";

/**
 * What fronts have been broken by, against a whole program, in both versions of HTTP. Bugs of syntax are in test/http/own-cases.ts and
 * test/http2/fields.test.ts.
 */

const APP = `
import json
def app(environ, start_response):
    if environ["PATH_INFO"] == "/split":
        start_response("200 OK", [("X-Name", environ["QUERY_STRING"].replace("!", "\\r\\nSet-Cookie: evil=1"))])
        return [b"split"]
    if environ["PATH_INFO"] == "/reason":
        start_response("200 OK\\r\\nSet-Cookie: evil=1", [])
        return [b"split"]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({k: v for k, v in environ.items() if isinstance(v, str)}).encode()]
`;

type Fields = readonly (readonly [string, string])[];

interface Answer {
  readonly status: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
}

type Ask = (target: string, fields?: Fields) => Promise<Answer>;

let port = 0;
let cwd = "";
let upstream: net.Server;
/** What the upstream was sent, a text a connection. */
const forwarded: string[] = [];

const versions: readonly (readonly [string, Ask])[] = [
  [
    "HTTP/1.1",
    async (target, fields = []) => {
      const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
      const { responses } = await talk(port, [`GET ${target} HTTP/1.1\r\nHost: a.example\r\n${lines}\r\n`]);
      const [response] = responses;
      return {
        status: String(response!.status),
        fields: new Map(response!.headers),
        body: response!.body.toString("latin1"),
      };
    },
  ],
  [
    "HTTP/2",
    async (target, fields = []) => {
      const client = await connect(port);
      client.ask(1, request(target, fields));
      const status = await client.status(1);
      const { heads, body } = client.on(1);
      client.socket.destroy();
      return { status, fields: heads.at(-1) ?? new Map(), body: body.toString("latin1") };
    },
  ],
];

describe("what fronts have been broken by", () => {
  const ends: (() => unknown)[] = [];
  // `start` and `folder` clean up after a test; here, after all of them.
  const context = { after: (end: () => unknown) => ends.unshift(end) } as unknown as TestContext;

  before(async () => {
    port = await freePort();
    upstream = net.createServer((socket) => {
      let text = "";
      socket.on("data", (piece) => {
        text += piece.toString("latin1");
        if (!text.includes("\r\n\r\n")) return;
        forwarded.push(text);
        socket.end("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
      });
      socket.on("error", () => {});
    });
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    cwd = folder(context, { "app.py": APP });
    fs.writeFileSync(
      path.join(cwd, "propylon.yaml"),
      `listeners: ["127.0.0.1:${port}"]
apps: { web: { wsgi: "app:app", workers: 1 } }
access_log: access.log
sites: [{ routes: [{ path: /up/, proxy: "http://127.0.0.1:${(upstream.address() as net.AddressInfo).port}" }, { app: web }] }]
`,
    );
    const instance = start(context, ["run"], { cwd });
    await instance.url;
    await until(() => instance.output.err.includes("main: ready"));
  });
  after(async () => {
    for (const end of ends) await end();
    upstream.close();
  });

  for (const [version, ask] of versions) {
    const environ = async (target: string, fields: Fields = []): Promise<Record<string, string>> => {
      const { status, body } = await ask(target, fields);
      assert.equal(status, "200", body);
      return JSON.parse(body) as Record<string, string>;
    };

    test(`${version}: a name with an underscore is not the name with a hyphen`, async () => {
      const seen = await environ("/", [
        ["x_real_user", "evil"],
        ["x-real-user", "good"],
        ["content_length", "5"],
      ]);
      assert.equal(seen["HTTP_X_REAL_USER"], "good");
      assert.equal(seen["HTTP_CONTENT_LENGTH"] ?? seen["CONTENT_LENGTH"] ?? "", "");
      assert.equal((await environ("/", [["x_real_user", "evil"]]))["HTTP_X_REAL_USER"], undefined);
    });

    test(`${version}: Proxy never becomes HTTP_PROXY (httpoxy, CVE-2016-5385)`, async () => {
      const seen = await environ("/", [["proxy", "http://evil.example"]]);
      assert.equal(seen["HTTP_PROXY"], undefined);
    });

    test(`${version}: fields that are named like variables set none of them`, async () => {
      const names = [
        "script-name",
        "path-info",
        "remote-user",
        "remote-addr",
        "https",
        "server-name",
        "request-method",
        "wsgi.url-scheme",
      ];
      const plain = await environ("/x?y");
      const seen = await environ(
        "/x?y",
        names.map((name) => [name, "evil"] as const),
      );
      for (const key of Object.keys(plain)) if (key !== "REMOTE_PORT") assert.equal(seen[key], plain[key], key);
      assert.equal(seen["REMOTE_USER"], undefined);
      assert.equal(seen["SCRIPT_NAME"], "");
      assert.equal(seen["HTTPS"], undefined);
    });

    test(`${version}: one of two fields that may stand once is taken, and it is the first`, async () => {
      const seen = await environ("/", [
        ["authorization", "Basic first"],
        ["authorization", "Basic second"],
        ["referer", "a"],
        ["referer", "b"],
      ]);
      assert.deepEqual([seen["HTTP_AUTHORIZATION"], seen["HTTP_REFERER"]], ["Basic first", "a"]);
    });

    test(`${version}: an app can't split its response`, async () => {
      for (const target of ["/split?a!b", "/reason"]) {
        const { status, fields } = await ask(target);
        assert.match(status, /^50\d$/, target);
        assert.equal(fields.get("set-cookie"), undefined);
      }
      assert.equal((await ask("/split?fine")).fields.get("x-name"), "fine");
    });

    test(`${version}: an upstream gets one message, with what was meant and nothing of the connection`, async () => {
      const from = forwarded.length;
      const { status } = await ask("/up/x%0d%0aX:%20y?q=%0d%0a", [
        ["te", "trailers"],
        ["x-sent", "a: b"],
        ["cookie", "a=1; b=2"],
      ]);
      assert.equal(status, "200");
      assert.equal(forwarded.length, from + 1);
      const [head, rest] = forwarded[from]!.split("\r\n\r\n");
      assert.equal(rest, "");
      const [line, ...lines] = head!.split("\r\n");
      assert.equal(line, "GET /up/x%0d%0aX:%20y?q=%0d%0a HTTP/1.1");
      const names = lines.map((one) => one.slice(0, one.indexOf(":")).toLowerCase());
      assert.equal(names.filter((name) => name === "host").length, 1);
      assert.ok(
        !names.some((name) => /^(?:te|transfer-encoding|content-length|upgrade|:.*)$/.test(name)),
        names.join(" "),
      );
      assert.ok(lines.includes("cookie: a=1; b=2") && lines.includes("x-sent: a: b"));
    });

    test(`${version}: what a client says can't forge a line of the log, nor drive a terminal`, async () => {
      const mark = version.replace(/\W/g, "");
      await ask(`/${mark}%0a127.0.0.1%20-%20-%1b[31m"`, [
        ["user-agent", '" 200 0 "forged" \xff'],
        ["referer", 'a"b\\c'],
      ]);
      // Refused, and logged all the same.
      if (version === "HTTP/1.1") await ask(`/${mark}\x1b[2J`).catch(() => {});
      else await ask("/", [["x", `${mark}\x1b[2J\r\nforged`]]);
      const log = path.join(cwd, "access.log");
      await until(() => fs.readFileSync(log, "utf8").includes(`/${mark}%0a`));
      const text = fs.readFileSync(log, "latin1");
      assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\xff]/);
      for (const line of text.trimEnd().split("\n")) assert.match(line, /^[\d.:]+ - - \[[^\]]+\] "/);
      const line = text.split("\n").find((one) => one.includes(`/${mark}%0a`))!;
      assert.equal(line.replaceAll('\\"', "").replaceAll("\\x22", "").split('"').length, 7, line);
    });
  }
});

const FORBIDDEN = new ResponseHead(403, []);

test("HTTP/1.1: a body that was answered before it was read is never a request", async (t) => {
  const server = await serveHttp1((exchange) => exchange.respond(FORBIDDEN, Buffer.from(exchange.target)));
  t.after(() => server[Symbol.asyncDispose]());
  const hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
  const next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
  const chunked = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
  for (const message of [
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}${next}`,
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}${next}`,
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${hidden.length}\r\nExpect: 100-continue\r\n\r\n${hidden}${next}`,
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n${hidden}${next}`,
  ]) {
    for (const pieces of [[message], [message.slice(0, -next.length - 10), message.slice(-next.length - 10)]]) {
      const from = server.ended.length;
      const { responses } = await talk(server.port, pieces);
      const seen = server.ended.slice(from).map(({ target }) => target);
      assert.ok(!seen.includes("/hidden"), seen.join(" "));
      assert.ok(responses.length >= 1 && responses.every(({ status }) => status === 403));
    }
  }
});

test("HTTP/2: a body that was answered before it was read is never a request", async (t) => {
  const server = await serveHttp2((exchange) => exchange.respond(FORBIDDEN, Buffer.from(exchange.target)));
  t.after(() => server[Symbol.asyncDispose]());
  const client = await connect(server.port);
  t.after(() => client.socket.destroy());
  client.ask(1, request("/", [], "POST"), false);
  client.data(1, "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n");
  client.ask(3, request("/next"));
  assert.equal(await client.status(3), "403");
  assert.deepEqual(
    server.ended.map(({ target }) => target),
    ["/", "/next"],
  );
});
