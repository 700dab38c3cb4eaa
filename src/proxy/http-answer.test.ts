import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { HttpAnswer } from "./http-answer.ts";
import { httpProtocol } from "./http-protocol.ts";
import type { UpstreamRequest } from "./protocol.ts";

const GET: UpstreamRequest = {
  method: "GET",
  target: "/",
  headers: [],
  parameters: [],
  bodyLength: 0,
  keepAlive: true,
};

/** What a parser tells of these pieces, as lines; data is joined. */
function told(pieces: readonly Buffer[], request = GET): string[] {
  const lines: string[] = [];
  const answer = new HttpAnswer(request, {
    inform: (head) => lines.push(`inform ${head.status}`),
    head: (head, length) => lines.push(`head ${head.status} ${JSON.stringify(head.headers)} ${length}`),
    data: (piece) => {
      const last = lines.at(-1)!;
      const text = piece.latin1Slice();
      if (last.startsWith("data ")) lines[lines.length - 1] = last + text;
      else lines.push(`data ${text}`);
    },
    end: (reusable, trailers) => lines.push(`end ${reusable} ${JSON.stringify(trailers)}`),
    bad: (reason) => lines.push(`bad ${reason}`),
    said: () => {},
  });
  for (const piece of pieces) {
    // The memory is reused, as a connection's is.
    const lent = Buffer.from(piece);
    answer.push(lent);
    lent.fill(0);
    if (/^(?:end|bad) /.test(lines.at(-1) ?? "")) return lines;
  }
  answer.closed();
  return lines;
}

const ANSWERS = [
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\nhello",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n02\r\nde\r\n0\r\nT: u\r\n\r\n",
  "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
  "HTTP/1.0 200 OK\r\n\r\nto the end",
  "HTTP/1.1 200 OK\nContent-Length: 5\nA: b\n\nhello",
  "HTTP/1.1 500 Oh\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
];

test("an answer is the same however it is cut into reads", () => {
  const cuts = fc.array(fc.nat(120), { maxLength: 6 });
  fc.assert(
    fc.property(fc.constantFrom(...ANSWERS), cuts, (text, at) => {
      const whole = Buffer.from(text, "latin1");
      const places = [0, ...at.map((one) => one % whole.length).sort((a, b) => a - b), whole.length];
      const pieces = places.slice(1).map((end, i) => whole.subarray(places[i]!, end));
      assert.deepEqual(told(pieces.filter((piece) => piece.length > 0)), told([whole]));
    }),
  );
});

test("whatever comes, a parser ends with one end or one fault, and throws nothing", () => {
  const tokens = fc.constantFrom(
    ..."HTTP/1.1|HTTP/1.0| |200|204|304|\r\n|\n|\r|:|A|Content-Length|Transfer-Encoding|chunked|0|5|a;|\0|é".split("|"),
  );
  fc.assert(
    fc.property(fc.array(tokens, { maxLength: 40 }), fc.boolean(), (parts, begun) => {
      const text = (begun ? "HTTP/1.1 200 OK\r\n" : "") + parts.join("");
      const lines = told([Buffer.from(text, "latin1")]);
      assert.equal(lines.filter((line) => /^(?:end|bad) /.test(line)).length, 1, text);
      assert.match(lines.at(-1)!, /^(?:end|bad) /);
    }),
    { numRuns: 500 },
  );
});

test("a connection is kept only after an answer whose end is certain, without a byte after it", () => {
  const reusable = (text: string, request = GET): boolean =>
    told([Buffer.from(text)], request)
      .at(-1)!
      .startsWith("end true");
  assert.ok(reusable(ANSWERS[0]!));
  assert.ok(reusable(ANSWERS[1]!));
  assert.ok(reusable("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"));
  assert.ok(!reusable(`${ANSWERS[0]}H`));
  assert.ok(!reusable("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"));
  assert.ok(!reusable("HTTP/1.1 200 OK\r\nConnection: x, CLOSE\r\nContent-Length: 0\r\n\r\n"));
  assert.ok(!reusable(ANSWERS[3]!));
  const head = { ...GET, method: "HEAD" };
  assert.ok(reusable("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", head));
  assert.ok(!reusable("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", head));
});

test("a request says how long its body is, and in HTTP nothing else frames it", () => {
  const request = { ...GET, method: "POST", headers: [["Host", "a"]] as const };
  assert.equal(httpProtocol.begin(request), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  const chunked = { ...request, bodyLength: -1, keepAlive: false };
  assert.equal(
    httpProtocol.begin(chunked),
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
  );
  const framed = Buffer.concat([...httpProtocol.frame(chunked, Buffer.from("hello")), httpProtocol.finish(chunked)!]);
  assert.equal(framed.latin1Slice(), "5\r\nhello\r\n0\r\n\r\n");
  assert.deepEqual(httpProtocol.frame(chunked, Buffer.alloc(0)), []);
});
