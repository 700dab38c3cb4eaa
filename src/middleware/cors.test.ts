import assert from "node:assert/strict";
import { test } from "node:test";
import type { CorsConfig } from "../config/policy-model.ts";
import type { Exchange } from "../http/exchange.ts";
import { RequestHeaders } from "../http/request-headers.ts";
import { ResponseHead } from "../http/response-head.ts";
import { Cors } from "./cors.ts";

const cors = (more: Partial<CorsConfig> = {}): Cors =>
  new Cors({
    origins: ["https://app.example", "https://*.site.example"],
    methods: null,
    headers: null,
    expose: [],
    credentials: false,
    maxAge: null,
    ...more,
  });

function request(
  method: string,
  fields: Readonly<Record<string, string>>,
): { exchange: Exchange; answer: () => Record<string, string> | null } {
  let head: ResponseHead | null = null;
  const exchange = {
    method,
    headers: new RequestHeaders("", Object.keys(fields), Object.values(fields)),
    respond: (given: ResponseHead) => {
      head = given;
    },
  } as unknown as Exchange;
  return { exchange, answer: () => (head === null ? null : fieldsOf(head)) };
}

const fieldsOf = (head: ResponseHead): Record<string, string> =>
  Object.fromEntries(head.headers.map(([name, value]) => [name.toLowerCase(), value]));

function applied(policy: Cors, origin: string | null, fields: readonly (readonly [string, string])[] = []) {
  const { exchange } = request("GET", origin === null ? {} : { origin });
  return fieldsOf(policy.apply(exchange, new ResponseHead(200, fields)));
}

test("only the origins that are named may read answers, and caches are told so", () => {
  for (const origin of ["https://app.example", "https://a.site.example", "https://a.b.site.example"])
    assert.equal(applied(cors(), origin)["access-control-allow-origin"], origin);
  const others = [
    "https://app.example.evil",
    "http://app.example",
    "https://site.example",
    "https://evilsite.example",
    "https://a/.site.example",
    "null",
    "https://app.example:8443",
  ];
  for (const origin of [...others, null]) {
    const fields = applied(cors(), origin);
    assert.equal(fields["access-control-allow-origin"], undefined, String(origin));
    assert.equal(fields["vary"], "Origin");
  }
});

test("any origin gets a star, never with credentials", () => {
  assert.deepEqual(applied(cors({ origins: ["*"] }), "https://x.example"), { "access-control-allow-origin": "*" });
  const fields = applied(cors({ credentials: true }), "https://app.example");
  assert.equal(fields["access-control-allow-origin"], "https://app.example");
  assert.equal(fields["access-control-allow-credentials"], "true");
});

test("what an app says of the same is replaced, its Vary stays", () => {
  const fields = applied(cors({ expose: ["X-Total"] }), "https://evil.example", [
    ["Access-Control-Allow-Origin", "*"],
    ["Access-Control-Allow-Credentials", "true"],
    ["Vary", "Accept, origin"],
  ]);
  assert.deepEqual(fields, { vary: "Accept, origin" });
});

test("a preflight is answered with what it may do", () => {
  const ask = {
    origin: "https://app.example",
    "access-control-request-method": "PUT",
    "access-control-request-headers": "x-a, b d, X-B",
  };
  const one = request("OPTIONS", ask);
  assert.ok(cors().preflight(one.exchange));
  assert.equal(one.answer()!["access-control-allow-methods"], "PUT");
  assert.equal(one.answer()!["access-control-allow-headers"], "x-a, X-B");
  const two = request("OPTIONS", ask);
  assert.ok(
    cors({ methods: ["GET", "POST"], headers: ["X-C"], maxAge: 60, credentials: true }).preflight(two.exchange),
  );
  assert.equal(two.answer()!["access-control-allow-methods"], "GET, POST");
  assert.equal(two.answer()!["access-control-allow-headers"], "X-C");
  assert.equal(two.answer()!["access-control-max-age"], "60");
  const evil = request("OPTIONS", { ...ask, origin: "https://evil.example" });
  assert.ok(cors().preflight(evil.exchange));
  assert.deepEqual(Object.keys(evil.answer()!), ["vary"]);
});

test("an OPTIONS of another kind is the handler's", () => {
  assert.ok(!cors().preflight(request("OPTIONS", { origin: "https://app.example" }).exchange));
  assert.ok(!cors().preflight(request("OPTIONS", { "access-control-request-method": "PUT" }).exchange));
  assert.ok(
    !cors().preflight(
      request("GET", { origin: "https://app.example", "access-control-request-method": "PUT" }).exchange,
    ),
  );
});
