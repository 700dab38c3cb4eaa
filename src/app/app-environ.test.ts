import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../http/exchange.ts";
import { compileTemplate } from "../template/template.ts";
import { AppEnviron } from "./app-environ.ts";

const BASE = { scriptName: "/wps", serverName: "", extra: "" };
const HEAD = "GET\0/x\0a=1\x00192.0.2.1\x0040000\0";

test("keys of a route go into the block, and equal values give the same context", () => {
  const environ = environOf({ X_KIND: "{arg_a}", X_FIXED: "é" });
  const context = environ.context(request("a=1"));
  assert.equal(context.extra, "\0X_KIND\x001\0X_FIXED\0\xc3\xa9");
  assert.equal(context.scriptName, "/wps");
  assert.equal(environ.context(request("a=1")), context);
  assert.notEqual(environ.context(request("a=2")), context);
});

test("keys that each request has anew take their place in its head", () => {
  const environ = environOf({ REMOTE_ADDR: "{arg_from}", REQUEST_URI: "/given", X: "1" });
  assert.equal(environ.head(request("from=10.0.0.1"), HEAD), "GET\0/x\0a=1\x0010.0.0.1\x0040000\0/given");
  assert.equal(environOf({ X: "1" }).head(request(""), HEAD), HEAD);
});

test("a value can't bring further keys in", () => {
  const environ = environOf({ X: "{uri}" });
  assert.equal(environ.context({ ...request(""), path: "/a\0REMOTE_USER\0root" }).extra, "\0X\0/aREMOTE_USERroot");
});

test("contexts of ever other values don't pile up", () => {
  const environ = environOf({ X: "{args}" });
  const first = environ.context(request("first"));
  for (let i = 0; i < 100; i++) environ.context(request(String(i)));
  assert.notEqual(environ.context(request("first")), first);
});

function environOf(keys: Readonly<Record<string, string>>): AppEnviron {
  return new AppEnviron(
    Object.entries(keys).map(([key, value]) => [key, compileTemplate(value)] as const),
    BASE,
  );
}

function request(query: string): Exchange {
  return { path: "/x", query, routing: null } as unknown as Exchange;
}
