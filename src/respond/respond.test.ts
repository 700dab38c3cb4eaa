import assert from "node:assert/strict";
import { test } from "node:test";
import { PropylonError } from "../base/errors.ts";
import type { Exchange, ResponseBody } from "../http/exchange.ts";
import type { ResponseHead } from "../http/response-head.ts";
import { createRedirectHandler, type RedirectConfig } from "./redirect.ts";
import { createRespondHandler, type RespondConfig } from "./respond.ts";

test("a fixed answer has its status, fields and body, and plain text for a type", () => {
  const answer = respond({ status: 418, body: "Tee ☕", headers: [["X-Pot", "1"]] });
  assert.equal(answer.head?.status, 418);
  assert.deepEqual(answer.head?.headers, [
    ["Content-Type", "text/plain; charset=utf-8"],
    ["X-Pot", "1"],
  ]);
  assert.equal(answer.body?.toString(), "Tee ☕");
});

test("a Content-Type of one's own is kept", () => {
  const answer = respond({ status: 200, body: "{}", headers: [["content-type", "application/json"]] });
  assert.deepEqual(answer.head?.headers, [["content-type", "application/json"]]);
});

test("equal answers share one head, so that it is serialised once", () => {
  const handler = createRespondHandler({ kind: "respond", status: 200, body: "a", headers: [] });
  assert.equal(handle(handler, {}).head, handle(handler, {}).head);
});

test("variables of the request stand in the body and in fields, and begin no further field", () => {
  const config = { kind: "respond", status: 200, body: "{uri} {{uri}}", headers: [["X-Path", "{uri}"]] } as const;
  const answer = handle(createRespondHandler(config), { path: "/a\r\nSet-Cookie: b" });
  assert.equal(answer.body?.toString(), "/a\r\nSet-Cookie: b {uri}");
  assert.deepEqual(answer.head?.headers[1], ["X-Path", "/a Set-Cookie: b"]);
});

for (const status of [204, 205, 304]) {
  test(`a ${status} has no content`, () => {
    const answer = respond({ status, body: "text", headers: [] });
    assert.equal(answer.body, null);
    assert.deepEqual(answer.head?.headers, []);
  });
}

const BAD_FIELDS: readonly (readonly [string, string])[] = [
  ["X", "a\r\nSet-Cookie: b"],
  ["X", "a\nb"],
  ["X", "a\0"],
  ["X", " a"],
  ["X", "a "],
  ["X", "☕"],
  ["X Y", "a"],
  ["X:", "a"],
  ["", "a"],
  ["X\r\n", "a"],
  ["Content-Length", "3"],
  ["transfer-encoding", "chunked"],
  ["Connection", "close"],
];

for (const [name, value] of BAD_FIELDS) {
  test(`the field ${JSON.stringify(name)}: ${JSON.stringify(value)} is refused when the configuration is read`, () => {
    assert.throws(() => respond({ status: 200, body: "", headers: [[name, value]] }), isUserError);
  });
}

const REDIRECTS: readonly (readonly [to: string, request: Partial<Exchange>, location: string])[] = [
  ["https://example.org/", {}, "https://example.org/"],
  ["/new", { path: "/old", query: "a=1" }, "/new"],
  ["https://{host}{path}{query}", { host: "example.org", path: "/a b", query: "c=d" }, "https://example.org/a%20b?c=d"],
  ["https://{host}{path}{query}", { host: "example.org", path: "/", query: "" }, "https://example.org/"],
  ["https://{host}/", { host: "[::1]" }, "https://[::1]/"],
  ["https://example.org/{path}", { path: "/a" }, "https://example.org/a"],
  ["{path}", { path: "//evil.example/" }, "/evil.example/"],
  ["/{path}", { path: "//evil.example/" }, "/evil.example/"],
  ["/{path}", { path: "/evil.example/" }, "/evil.example/"],
  ["{path}", { path: "/\\evil.example" }, "/%5Cevil.example"],
  ["https://example.org{uri}?{args}", { path: "/a b", query: "c=%20" }, "https://example.org/a%20b?c=%20"],
  ["/a/{arg_next}", { query: "next=x\r\nSet-Cookie:y" }, "/a/x%0D%0ASet-Cookie:y"],
  ["https://example.org{path}", { path: "/@evil.example" }, "https://example.org/@evil.example"],
  ["/a{path}", { path: "/x\r\nSet-Cookie: y" }, "/a/x%0D%0ASet-Cookie:%20y"],
  ["/a{query}", { query: "x\r\nSet-Cookie: y" }, "/a?x%0D%0ASet-Cookie:%20y"],
  ["/a{path}", { path: "/\xc3\xa9%?#" }, "/a/%C3%A9%25%3F%23"],
];

for (const [to, request, location] of REDIRECTS) {
  test(`${to} sends ${JSON.stringify(request)} to ${location}`, () => {
    const answer = handle(createRedirectHandler(redirect(to)), request);
    assert.equal(answer.head?.status, 308);
    assert.deepEqual(answer.head?.headers, [["Location", location]]);
    assert.equal(answer.body, null);
  });
}

for (const host of ["", "a b", "a\r\nb", "evil.example/", "a@b", "a?b"]) {
  test(`the host ${JSON.stringify(host)} is not redirected to`, () => {
    const answer = handle(createRedirectHandler(redirect("https://{host}/")), { host });
    assert.equal(answer.head, null);
    assert.equal(answer.failed, 400);
  });
}

for (const to of [
  "",
  "{urj}",
  "/{}",
  "/{path",
  "/path}",
  "/a b",
  "/a\r\nb",
  "https://example.org/é",
  "/%zz",
  "$path\\",
]) {
  test(`the target ${JSON.stringify(to)} is refused when the configuration is read`, () => {
    assert.throws(() => createRedirectHandler(redirect(to)), isUserError);
  });
}

interface Answer {
  head: ResponseHead | null;
  body: ResponseBody;
  failed: number | null;
}

function respond(config: Omit<RespondConfig, "kind">): Answer {
  return handle(createRespondHandler({ kind: "respond", ...config }), {});
}

function redirect(to: string): RedirectConfig {
  return { kind: "redirect", to, status: 308 };
}

function handle(handler: ReturnType<typeof createRespondHandler>, request: Partial<Exchange>): Answer {
  const answer: Answer = { head: null, body: null, failed: null };
  const exchange = {
    method: "GET",
    host: "localhost",
    path: "/",
    query: "",
    ...request,
    respond(head: ResponseHead, body: ResponseBody) {
      answer.head = head;
      answer.body = body;
    },
    fail(status: number) {
      answer.failed = status;
    },
  };
  handler.handle(exchange as Exchange);
  return answer;
}

function isUserError(error: unknown): boolean {
  return error instanceof PropylonError && error.kind === "user";
}
