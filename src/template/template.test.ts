import assert from "node:assert/strict";
import { test } from "node:test";
import { PropylonError } from "../base/errors.ts";
import type { VariableConfig } from "../config/route-model.ts";
import type { Exchange } from "../http/exchange.ts";
import { RequestHeaders } from "../http/request-headers.ts";
import { setVariable, stateOf } from "./request-state.ts";
import { compileTemplate, TemplateCompiler } from "./template.ts";

const HEADERS: readonly (readonly [string, string])[] = [
  ["host", "example.org:8080"],
  ["x-kind", "Blog"],
  ["x-forwarded-for", "192.0.2.7"],
  ["cookie", "a=1; session=abc"],
  ["authorization", `Basic ${Buffer.from("ann:secret").toString("base64")}`],
];

const VALUES: readonly (readonly [template: string, value: string])[] = [
  ["plain", "plain"],
  ["body{color: red} {{uri}}", "body{color: red} {uri}"],
  ["é", "\xc3\xa9"],
  ["{uri}|{path}|{document_uri}", "/a b/\xc3\xa9|/a b/\xc3\xa9|/a b/\xc3\xa9"],
  ["{request_uri}", "/a%20b/%C3%A9?x=1&Y=%20"],
  ["{args}|{query}|{is_args}|{query_string}", "x=1&Y=%20|?x=1&Y=%20|?|x=1&Y=%20"],
  ["{arg_x}|{arg_y}|{arg_z}", "1|%20|"],
  ["{host}|{http_host}|{server_name}", "example.org|example.org:8080|www.example.org"],
  ["{http_x_kind}|{http_none}", "Blog|"],
  ["{cookie_session}|{cookie_none}", "abc|"],
  ["{remote_addr}:{remote_port}", "192.0.2.1:40000"],
  ["{proxy_add_x_forwarded_for}", "192.0.2.7, 192.0.2.1"],
  ["{remote_user}", "ann"],
  ["{scheme}{https}", "http"],
  ["{server_addr}:{server_port}", "192.0.2.9:8000"],
  ["{request}", "GET /a%20b/%C3%A9?x=1&Y=%20 HTTP/1.1"],
  ["{upstream_addr}", "127.0.0.1:9"],
  ["{upstream_status}", ""],
  ["{1}-{2}-{9}", "one--"],
];

for (const [template, value] of VALUES) {
  test(`${template} is ${JSON.stringify(value)}`, () => {
    assert.equal(compileTemplate(template).evaluate(request()), value);
  });
}

test("slashes in a row are one in {uri}, as NGINX has it, and stay as they came in {path}", () => {
  const exchange = { ...request(), path: "//a//b" };
  assert.equal(compileTemplate("{uri} {document_uri} {path}").evaluate(exchange), "/a/b /a/b //a//b");
});

test("a template without variables is a constant", () => {
  assert.equal(compileTemplate("a {{b}}").constant, "a {b}");
  assert.equal(compileTemplate("a {host}").constant, null);
});

test("a request has one id, of 32 hexadecimal digits", () => {
  const exchange = request();
  const id = compileTemplate("{request_id}").evaluate(exchange);
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(compileTemplate("{request_id}").evaluate(exchange), id);
});

test("a variable that nothing gives a value to is an error with the nearest name", () => {
  assert.throws(
    () => compileTemplate("{request_ury}"),
    (error) => error instanceof PropylonError && /request_uri/.test(error.remedy ?? ""),
  );
});

test("in a URI decoded values are encoded, and nothing begins another line or another part", () => {
  const templates = new TemplateCompiler({}, { set: new Set(["whole"]), captured: new Set(["piece"]) });
  const exchange = request();
  setVariable(exchange, "whole", "https://example.net/x?y=%20");
  setVariable(exchange, "piece", "a?b#c%d\r\n");
  assert.equal(templates.url("/x{uri}?{args}").evaluate(exchange), "/xa%20b/%C3%A9?x=1&Y=%20".replace("/xa", "/x/a"));
  assert.equal(templates.url("{whole}").evaluate(exchange), "https://example.net/x?y=%20");
  assert.equal(templates.url("/{piece}").evaluate(exchange), "/a%3Fb%23c%25d%0D%0A");
  assert.equal(templates.url("/{whole} é").evaluate(exchange), "/https://example.net/x?y=%20%20%C3%A9");
});

const LOOKUPS: readonly (readonly [from: string, value: string])[] = [
  ["one", "whole"],
  ["ONE", "whole"],
  ["www.example.org", "under"],
  ["example.org", "itself"],
  ["www.example.com", "ending"],
  ["x-7", "pattern 7"],
  ["10.1.2.3", "narrow"],
  ["10.2.2.3", "wide"],
  ["2001:db8::1", "six"],
  ["else", "none"],
];

for (const [from, value] of LOOKUPS) {
  test(`a look-up of ${from} gives ${value}`, () => {
    const config: VariableConfig = {
      from: "{arg_v}",
      values: { one: "whole", "*.example.org": "under", ".example.org": "itself", "www.example.*": "ending" },
      hosts: true,
      patterns: [{ pattern: "^x-(\\d)$", ignoreCase: false, value: "pattern {1}" }],
      shares: [],
      networks: { "10.0.0.0/8": "wide", "10.1.0.0/16": "narrow", "2001:db8::/32": "six" },
      default: "none",
    };
    const values = { ...config.values };
    delete (values as Record<string, string>)[from === "example.org" ? "*.example.org" : ".example.org"];
    const templates = new TemplateCompiler({ kind: { ...config, values } });
    const exchange = { ...request(), query: `v=${from}` };
    assert.equal(templates.compile("{kind}").evaluate(exchange), value);
  });
}

test("a look-up that needs itself ends", () => {
  const loop = { from: "{b}", values: {}, hosts: false, patterns: [], networks: {}, shares: [], default: "x" };
  const templates = new TemplateCompiler({
    a: { ...loop, default: "a{b}" },
    b: { ...loop, from: "{a}", default: "b" },
  });
  assert.equal(templates.compile("{a}").evaluate(request()), "ab");
});

test("captures of a look-up don't take the place of the request's", () => {
  const config = { values: {}, hosts: false, networks: {}, shares: [], default: "" };
  const patterns = [{ pattern: "(.)", ignoreCase: false, value: "{1}" }];
  const templates = new TemplateCompiler({ first: { ...config, from: "{host}", patterns } });
  assert.equal(templates.compile("{first}{1}").evaluate(request()), "eone");
});

function request(): Exchange {
  const headers = new RequestHeaders(
    "",
    HEADERS.map(([name]) => name),
    HEADERS.map(([, value]) => value),
  );
  const client = {
    address: "::ffff:192.0.2.1",
    port: 40000,
    localPort: 8000,
    localAddress: "192.0.2.9",
    listener: "*:8000",
    secure: false,
  };
  const exchange = {
    method: "GET",
    target: "/a%20b/%C3%A9?x=1&Y=%20",
    path: "/a b/\xc3\xa9",
    query: "x=1&Y=%20",
    protocol: "HTTP/1.1",
    host: "example.org",
    site: "www.example.org",
    headers,
    client,
    routing: null,
  };
  const whole = exchange as unknown as Exchange;
  stateOf(whole).captures = ["one two", "one"];
  setVariable(whole, "upstream_addr", "127.0.0.1:9");
  return whole;
}
