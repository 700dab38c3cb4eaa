import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogFormatConfig } from "../../src/config/log-model.ts";
import type { Exchange } from "../../src/http/exchange.ts";
import { ResponseHead } from "../../src/http/response-head.ts";
import { TextFormat } from "../../src/log/text-format.ts";
import { setVariable } from "../../src/template/request-state.ts";
import { TemplateCompiler } from "../../src/template/template.ts";
import { CLIENT, endedExchange, headersOf } from "../metrics/fake-exchange.ts";
import { fc } from "../support/property.ts";

type Escape = Extract<LogFormatConfig, { kind: "text" }>["escape"];

function text(template: string, how: Escape = "default"): TextFormat {
  return new TextFormat({ kind: "text", text: template, escape: how }, new TemplateCompiler());
}

function fields(entries: Readonly<Record<string, string>>): TextFormat {
  return new TextFormat({ kind: "fields", fields: Object.entries(entries) }, new TemplateCompiler());
}

function exchange(more: Partial<Exchange> = {}): Exchange {
  const headers = headersOf([
    ["Host", "shop.example.org"],
    ["User-Agent", 'a "browser"'],
    ["X-Name", "caf\xc3\xa9"],
    ["X-Bytes", "\xe9"],
  ]);
  const sent = new ResponseHead(404, [
    ["Content-Type", "text/html"],
    ["Set-Cookie", "a=1"],
    ["Set-Cookie", "b=2"],
  ]);
  const made = {
    ...endedExchange({ target: "/a?b=c", headers, app: "shop", queued: 12.5 }),
    sent,
    headBytes: 120,
    ...more,
  };
  setVariable(made, "upstream_addr", "10.0.0.1:80, 10.0.0.2:80");
  return made;
}

// What nginx writes for the same request, by its documentation of log_format.
const VALUES: readonly (readonly [template: string, value: string | RegExp])[] = [
  ["{remote_addr} - {remote_user}", "192.0.2.1 - -"],
  ['"{request}" {status} {body_bytes_sent} {bytes_sent}', '"GET /a?b=c HTTP/1.1" 404 7 127'],
  ["{http_user_agent}", "a \\x22browser\\x22"],
  ["{http_x_name} {http_x_bytes} {http_absent}", "caf\\xC3\\xA9 \\xE9 -"],
  ["{sent_http_content_type} {sent_http_set_cookie} {sent_http_absent}", "text/html a=1, b=2 -"],
  ["{upstream_addr}", "10.0.0.1:80, 10.0.0.2:80"],
  ["{app} {site} {queue_time} {status_class}", "shop default 0.013 4xx"],
  ["{request_time}", /^\d+\.\d{3}$/],
  ["{request_milliseconds} {request_microseconds} {request_seconds}", /^\d+ \d+ 0$/],
  ["{time_local}", /^\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}$/],
  ["{time_iso8601}", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/],
  ["{time}", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/],
  ["{msec}", /^\d{10}\.\d{3}$/],
  ["{request_id}", /^[0-9a-f]{32}$/],
  ["{request_completion}", "OK"],
  ["{{status}} é", "{status} \xc3\xa9"],
];

for (const [template, value] of VALUES) {
  test(`a line of ${template} says ${String(value)}`, () => {
    const line = text(template).exchange(exchange(), 404, 7);
    assert.ok(line.endsWith("\n"));
    if (typeof value === "string") assert.equal(line.slice(0, -1), value);
    else assert.match(line.slice(0, -1), value);
  });
}

test("a client that left is logged as 499, and nothing of it was completed", () => {
  const gone = exchange({ aborted: true });
  assert.equal(text("{status} {request_completion}").exchange(gone, 0, 0), "499 -\n");
});

test("escape=json gives back the text of a JSON string, escape=none all but controls", () => {
  const line = text('{"agent": "{http_user_agent}", "name": "{http_x_name}", "none": "{http_absent}"}', "json");
  assert.deepEqual(JSON.parse(line.exchange(exchange(), 200, 1)), { agent: 'a "browser"', name: "café", none: "" });
  assert.equal(text("{http_user_agent}|{http_absent}", "none").exchange(exchange(), 200, 1), 'a "browser"|\n');
});

test("a JSON object has numbers where a value is a number, null where there is none, and text for the rest", () => {
  const format = fields({
    at: "{time}",
    status: "{status}",
    bytes: "{body_bytes_sent}",
    took: "{request_time}",
    agent: "{http_user_agent}",
    both: "{status}/{app}",
    "the key": 'a "quote"',
    connection: "{connection}",
    port: "{server_port}",
  });
  const unix = exchange({ client: { ...CLIENT, localPort: 0 } });
  const record = JSON.parse(format.exchange(unix, 404, 7)) as Record<string, unknown>;
  assert.deepEqual([record["status"], record["bytes"], record["port"], record["both"]], [404, 7, null, "404/shop"]);
  assert.deepEqual([record["agent"], record["the key"]], ['a "browser"', 'a "quote"']);
  assert.equal(typeof record["took"], "number");
  assert.equal(typeof record["connection"], "number");
});

test("requests of one connection are counted, once each, however many logs there are", () => {
  const [a, b] = [text("{connection_requests}"), text("{connection} {connection_requests}")];
  const client = { ...CLIENT };
  const lines = [exchange({ client }), exchange({ client }), exchange({ client: { ...CLIENT } })].map((one) => [
    a.exchange(one, 200, 0).trim(),
    b.exchange(one, 200, 0).split(" ")[1]!.trim(),
  ]);
  assert.deepEqual(lines, [
    ["1", "1"],
    ["2", "2"],
    ["1", "1"],
  ]);
});

test("a request that was refused has its line: what was read of it, the status, the reason", () => {
  const line = text('{remote_addr} "{request}" {status} {body_bytes_sent} {request_method} {refused}');
  assert.equal(line.refused(CLIENT, 400, "bad syntax", "GE T\n"), '192.0.2.1 "GE T\\x0A" 400 0 - bad syntax\n');
});

test("whatever a client sends, a line is one line without controls, and JSON can be read", () => {
  const formats = {
    text: text("{request} {http_x} {cookie_a} {arg_b} {uri}"),
    quoted: text('"{http_x}"'),
    none: text("{http_x} {uri}", "none"),
    json: text('{"x":"{http_x}","u":"{uri}"}', "json"),
    fields: fields({ x: "{http_x}", u: "{uri}", request: "{request}" }),
  };
  const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
  fc.assert(
    fc.property(fc.string({ unit: byte, maxLength: 40 }), (sent) => {
      const headers = headersOf([
        ["X", sent],
        ["Cookie", `a=${sent}`],
      ]);
      const one = exchange({ headers, path: `/${sent}`, target: sent, query: `b=${sent}`, method: sent });
      for (const [name, format] of Object.entries(formats)) {
        const line = format.exchange(one, 200, 1);
        assert.match(line, /^[^\x00-\x1f\x7f]*\n$/, name);
        if (name === "text" || name === "quoted") assert.match(line, /^[\x20-\x7e]*\n$/, name);
        if (name === "quoted") assert.match(line, /^"[^"]*"\n$/);
        if (name === "json" || name === "fields") {
          assert.match(line, /^[\x20-\x7e]*\n$/, name);
          const { x } = JSON.parse(line) as { x: string };
          const decoded = utf8(sent);
          assert.equal(x, decoded ?? sent, name);
        }
      }
    }),
  );
});

function utf8(bytes: string): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, "latin1"));
  } catch {
    return null;
  }
}
