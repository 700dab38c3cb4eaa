import assert from "node:assert/strict";
import { test } from "node:test";
import type { RouteConfig } from "../config/model.ts";
import type { Exchange, Handler } from "../http/exchange.ts";
import { RouteTable } from "./route-table.ts";

type Named = Handler & { name: string };
const handler = (name: string): Named => ({ name, handle: () => {} });

function table(...routes: [match: RouteConfig["match"], name: string, methods?: string[]][]): RouteTable {
  return new RouteTable(
    routes.map(([match, name, methods]) => ({ match, methods: methods ?? null, handler: handler(name) })),
  );
}

function find(routes: RouteTable, path: string, method = "GET"): string | null | readonly string[] {
  const found = routes.find({ path, method } as Exchange);
  if (found === null) return null;
  return "allowed" in found ? found.allowed : (found as Named).name;
}

const segments = (path: string) => ({ kind: "segments", path }) as const;
const prefix = (path: string) => ({ kind: "prefix", path }) as const;
const exact = (path: string) => ({ kind: "exact", path }) as const;
const regex = (pattern: string) => ({ kind: "regex", pattern }) as const;
const any = { kind: "any" } as const;

test("a path of segments matches whole segments only", () => {
  const routes = table([segments("/wps"), "wps"]);
  assert.equal(find(routes, "/wps"), "wps");
  assert.equal(find(routes, "/wps/x/y"), "wps");
  assert.equal(find(routes, "/wpsx"), null);
  assert.equal(find(routes, "/a/wps"), null);
});

test("a path with a final slash matches what begins so", () => {
  const routes = table([prefix("/static/"), "static"]);
  assert.equal(find(routes, "/static/"), "static");
  assert.equal(find(routes, "/static/a"), "static");
  assert.equal(find(routes, "/static"), null);
});

test("the first route in the written order wins, whatever its kind", () => {
  assert.equal(find(table([any, "all"], [exact("/a"), "a"]), "/a"), "all");
  assert.equal(find(table([exact("/a"), "a"], [any, "all"]), "/a"), "a");
  assert.equal(find(table([regex("^/a"), "re"], [exact("/a"), "a"]), "/a"), "re");
  assert.equal(find(table([prefix("/a/"), "p"], [segments("/a/b"), "s"]), "/a/b"), "p");
  assert.equal(find(table([segments("/a/b"), "s"], [prefix("/a/"), "p"]), "/a/b"), "s");
  assert.equal(find(table([segments("/a"), "long"], [segments("/a/b"), "s"]), "/a/b/c"), "long");
});

test("a route that does not take the method is passed over, and all methods are told when none does", () => {
  const routes = table([exact("/a"), "get", ["GET"]], [exact("/a"), "put", ["PUT"]]);
  assert.equal(find(routes, "/a", "PUT"), "put");
  assert.equal(find(routes, "/a", "HEAD"), "get");
  assert.deepEqual(find(routes, "/a", "DELETE"), ["GET", "PUT"]);
});

test("a look-up among ten thousand routes looks at a handful of tables", () => {
  const many = table(
    ...Array.from({ length: 10000 }, (_, i) => [segments(`/r${i}`), `r${i}`] as [RouteConfig["match"], string]),
    [any, "rest"],
  );
  assert.equal(find(many, "/r9999/x"), "r9999");
  assert.equal(find(many, "/none"), "rest");
});
