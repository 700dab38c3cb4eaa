import assert from "node:assert/strict";
import { test } from "node:test";
import { fastcgiProtocol } from "../../src/proxy/gateway/fastcgi.ts";
import { recordHead } from "../../src/proxy/gateway/fastcgi-records.ts";
import { scgiProtocol } from "../../src/proxy/gateway/scgi.ts";
import { uwsgiProtocol } from "../../src/proxy/gateway/uwsgi.ts";
import type { Protocol, UpstreamRequest } from "../../src/proxy/protocol.ts";

const REQUEST: UpstreamRequest = {
  method: "GET",
  target: "/",
  headers: [],
  parameters: [["A", "b"]],
  bodyLength: 0,
  keepAlive: true,
};

/** What the sink is told when the bytes come in pieces of `size`. */
function told(protocol: Protocol, bytes: Buffer, size: number, request = REQUEST): string {
  let text = "";
  const parser = protocol.answer(request, {
    inform: () => assert.fail("no interim answer is expected"),
    head: (head, length) => {
      text += `head ${head.status} ${JSON.stringify(head.headers)} ${length};`;
    },
    data: (piece) => {
      text += piece.latin1Slice();
    },
    end: (reusable) => {
      text += `;end ${reusable}`;
    },
    bad: (reason) => {
      text += `;bad ${reason}`;
    },
    said: (said) => {
      text += `<${said}>`;
    },
  });
  for (let at = 0; at < bytes.length; at += size) parser.push(bytes.subarray(at, at + size));
  parser.closed();
  return text;
}

function record(type: number, content: string | Buffer, padding = 0): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([recordHead(type, bytes.length, padding), bytes, Buffer.alloc(padding)]);
}

test("requests are said as their protocols write them", () => {
  assert.equal(uwsgiProtocol.begin(REQUEST).toString("latin1"), "\0\x06\0\0\x01\0A\x01\0b");
  assert.equal(scgiProtocol.begin(REQUEST).toString("latin1"), "28:CONTENT_LENGTH\x000\0SCGI\x001\0A\0b\0,");
  assert.throws(() => uwsgiProtocol.begin({ ...REQUEST, parameters: [["A", "b".repeat(70000)]] }), /65535/);
  const parts = fastcgiProtocol.frame(REQUEST, Buffer.alloc(70000, 1));
  assert.deepEqual(
    parts.map((part) => part.length),
    [8, 65528, 8, 4472],
  );
});

test("an answer is read alike however it is cut", () => {
  for (const size of [1, 2, 3, 7, 1000]) {
    const cgi = Buffer.from("Status: 404 Gone\nX: y\n\nbody");
    assert.equal(told(scgiProtocol, cgi, size), 'head 404 [["X","y"]] -1;body;end false');
    const http = Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more");
    assert.equal(told(uwsgiProtocol, http, size), 'head 200 [["Content-Length","2"]] 2;hi;end false');
  }
  const fast = Buffer.concat([
    record(7, "oh", 6),
    record(6, "X: y\r\n\r\nab", 3),
    record(6, ""),
    record(3, Buffer.alloc(8)),
  ]);
  assert.equal(told(fastcgiProtocol, fast, 1000), '<oh>head 200 [["X","y"]] -1;ab;end true');
  assert.match(told(fastcgiProtocol, fast, 1), /ab;end true$/);
});

test("answers that are not valid are told as such", () => {
  const bad = (text: string) => told(uwsgiProtocol, Buffer.from(text), 1000);
  for (const text of [
    "X: a\rY: b\n\n",
    "X y\n\n",
    "\n\n",
    "Status: 20\n\n",
    "X: y\n",
    " X: y\n\n",
    "Status: 100 c\n\n",
  ])
    assert.match(bad(text), /^;bad /, JSON.stringify(text));
  assert.match(bad("Content-Length: 9\n\nabc"), /abc;bad ended 6 bytes before/);
  assert.match(told(fastcgiProtocol, Buffer.from("HTTP/1.1 200 OK\r\n\r\n"), 1000), /^;bad speaks version 72/);
  assert.match(told(fastcgiProtocol, record(6, "X: y\n\nab"), 1000), /ab;bad closed the connection/);
});

test("a Location alone redirects, and nothing of a HEAD's body is passed on", () => {
  assert.match(told(scgiProtocol, Buffer.from("Location: /x\n\n"), 99), /^head 302 /);
  const head = { ...REQUEST, method: "HEAD" };
  assert.equal(told(scgiProtocol, Buffer.from("X: y\n\nbody"), 99, head), 'head 200 [["X","y"]] 0;;end false');
});
