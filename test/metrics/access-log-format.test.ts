import assert from "node:assert/strict";
import { test } from "node:test";
import { CombinedFormat, JsonFormat } from "../../src/log/log-formats.ts";
import { stateOf } from "../../src/template/request-state.ts";
import { CLIENT, type ExchangeFacts, endedExchange, headersOf } from "./fake-exchange.ts";

const TIME = String.raw`\[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]`;

function combined(facts: ExchangeFacts, status = 200, bytes = 5): string {
  return new CombinedFormat().exchange(endedExchange(facts), status, bytes);
}

function json(facts: ExchangeFacts, status = 200, bytes = 5): Record<string, unknown> {
  return JSON.parse(new JsonFormat().exchange(endedExchange(facts), status, bytes)) as Record<string, unknown>;
}

test("a combined line is what Apache and NGINX write", () => {
  const headers = headersOf([
    ["Referer", "https://example.org/a?b=c"],
    ["User-Agent", "Mozilla/5.0 (X11)"],
  ]);
  const line = combined({ target: "/x?y=z", headers });
  const expected = `^192\\.0\\.2\\.1 - - ${TIME} "GET /x\\?y=z HTTP/1\\.1" 200 5 "https://example\\.org/a\\?b=c" "Mozilla/5\\.0 \\(X11\\)"\n$`;
  assert.match(line, new RegExp(expected));
});

test("the user is who was let in, and can't end the field", () => {
  const exchange = endedExchange();
  stateOf(exchange).user = 'ann "x"\n';
  const line = new CombinedFormat().exchange(exchange, 200, 5);
  assert.match(line, new RegExp(`^192\\.0\\.2\\.1 - ann \\\\x22x\\\\x22\\\\x0A ${TIME} `));
});

test("absent fields are dashes, a client on a Unix socket is unix:, one that left is a 499", () => {
  const client = { ...CLIENT, address: "" };
  assert.match(combined({ client }, 0, 0), new RegExp(`^unix: - - ${TIME} "GET / HTTP/1\\.1" 499 0 "-" "-"\n$`));
  assert.equal(json({ client }, 0, 0)["status"], 499);
});

// What a client sends in its request line and headers, and what it tries with it.
const INJECTIONS: readonly (readonly [what: string, sent: string, logged: string])[] = [
  ["a line feed to forge a line", "a\n10.0.0.1 - admin", "a\\x0A10.0.0.1 - admin"],
  ["a carriage return to hide a line", "a\rb", "a\\x0Db"],
  ["a quote to forge fields", 'x" 200 0 "-', "x\\x22 200 0 \\x22-"],
  ["a backslash to forge an escape", "\\x0A", "\\x5Cx0A"],
  ["an escape sequence to drive a terminal", "\x1b[2J", "\\x1B[2J"],
  ["a C1 control sequence", "\x9b2J", "\\x9B2J"],
  ["a NUL to cut the line", "a\0b", "a\\x00b"],
  ["DEL", "a\x7f", "a\\x7F"],
  ["UTF-8", "\xc3\xa9", "\\xC3\\xA9"],
  ["a next-line character", "\x85", "\\x85"],
];

test("nothing that a client sends can end a field or a line, or reach a terminal as control", () => {
  for (const [what, sent, logged] of INJECTIONS) {
    const headers = headersOf([
      ["Referer", sent],
      ["User-Agent", sent],
    ]);
    const line = combined({ target: `/${sent}`, method: sent, headers });
    assert.ok(line.endsWith(`"${logged} /${logged} HTTP/1.1" 200 5 "${logged}" "${logged}"\n`), `${what}: ${line}`);
    assert.match(line, /^[\x20-\x7e]*\n$/, what);
    const refused = new CombinedFormat().refused(CLIENT, 400, sent, sent);
    assert.ok(refused.endsWith(`"${logged}" 400 0 "-" "-"\n`), `${what}: ${refused}`);
  }
});

test("a JSON line gives back every byte and is one line of ASCII", () => {
  for (const [what, sent] of INJECTIONS) {
    const headers = headersOf([
      ["referer", sent],
      ["user-agent", sent],
    ]);
    const facts: ExchangeFacts = { target: sent, method: sent, host: sent, site: sent, app: sent, headers };
    assert.match(new JsonFormat().exchange(endedExchange(facts), 200, 1), /^[\x20-\x7e]*\n$/, what);
    const record = json(facts);
    for (const key of ["target", "method", "host", "site", "app", "referer", "user_agent"])
      assert.equal(record[key], sent, what);
    const refused = new JsonFormat().refused(CLIENT, 400, sent, sent);
    assert.match(refused, /^[\x20-\x7e]*\n$/, what);
    assert.equal((JSON.parse(refused) as Record<string, unknown>)["request"], sent, what);
  }
});

test("a JSON line has these keys in this order, times in milliseconds", () => {
  const record = json({ site: "example.org", app: "shop", queued: 1.23456, began: performance.now() - 50 }, 201, 7);
  assert.deepEqual(Object.keys(record), [
    ...["time", "client", "method", "target", "protocol", "status", "bytes", "referer", "user_agent"],
    ...["host", "site", "app", "duration_ms", "queued_ms"],
  ]);
  assert.equal(new Date(record["time"] as string).toISOString(), record["time"]);
  assert.equal(record["queued_ms"], 1.235);
  assert.ok((record["duration_ms"] as number) >= 50 && (record["duration_ms"] as number) < 5000);
  assert.deepEqual([record["status"], record["bytes"], record["app"]], [201, 7, "shop"]);
});

test("the fields of one header section are never written for another", () => {
  const format = new CombinedFormat();
  const agent = (name: string) => ({ headers: headersOf([["User-Agent", name]]) });
  const [a, b] = [endedExchange(agent("one")), endedExchange(agent("two"))];
  const lines = [a, a, b, a].map((exchange) => format.exchange(exchange, 200, 0));
  assert.deepEqual(
    lines.map((line) => line.slice(-6)),
    ['"one"\n', '"one"\n', '"two"\n', '"one"\n'],
  );
});
