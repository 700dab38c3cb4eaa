import assert from "node:assert/strict";
import { test } from "node:test";
import { parseProxyUrl, shownServer } from "./proxy-url.ts";

const parse = (text: string) => parseProxyUrl(text, "/srv");

test("a word is a name, a URL is a server with its path", () => {
  assert.deepEqual(parse("blog"), { kind: "name", name: "blog" });
  const server = { host: "127.0.0.1", port: 8080, path: null };
  assert.deepEqual(parse("http://127.0.0.1:8080"), { kind: "server", protocol: "http", server, path: "" });
  assert.deepEqual(parse("HTTP://127.0.0.1:8080/new/"), { kind: "server", protocol: "http", server, path: "/new/" });
  assert.deepEqual(parse("https://[::1]"), {
    kind: "server",
    protocol: "https",
    server: { host: "::1", port: null, path: null },
    path: "",
  });
});

test("a Unix socket has its path of the URL behind a second colon", () => {
  const server = { host: "", port: null, path: "/run/a.sock" };
  assert.deepEqual(parse("unix:/run/a.sock"), { kind: "server", protocol: "http", server, path: "" });
  assert.deepEqual(parse("uwsgi://unix:/run/a.sock"), { kind: "server", protocol: "uwsgi", server, path: "" });
  assert.deepEqual(parse("http://unix:/run/a.sock:/x"), { kind: "server", protocol: "http", server, path: "/x" });
  assert.deepEqual(parse("http://unix:a.sock:"), {
    kind: "server",
    protocol: "http",
    server: { ...server, path: "/srv/a.sock" },
    path: "",
  });
});

test("variables may stand where the server does, and in the path", () => {
  assert.deepEqual(parse("http://{backend}:80/x"), {
    kind: "template",
    protocol: "http",
    authority: "{backend}:80",
    path: "/x",
  });
  assert.deepEqual(parse("{backend}"), { kind: "template", protocol: "http", authority: "{backend}", path: "" });
  for (const text of ["{scheme}://a/b", "http:/{uri}"])
    assert.deepEqual(parse(text), { kind: "template", protocol: "http", authority: text, path: "" });
  assert.equal(parse("http://a/{1}").kind, "server");
});

test("what is neither is refused", () => {
  for (const text of [
    "ftp://a",
    "127.0.0.1:80",
    "http://",
    "http://a:0",
    "http://a:99999",
    "http://u:p@a",
    "http://[x]",
    "a b",
  ])
    assert.equal(parse(text).kind, "bad", text);
});

test("a server is shown without the port that its protocol implies", () => {
  assert.equal(shownServer({ host: "::1", port: 80, path: null }, "http"), "[::1]");
  assert.equal(shownServer({ host: "a", port: 80, path: null }, "https"), "a:80");
  assert.equal(shownServer({ host: "", port: null, path: "/s" }, "http"), "localhost");
});
