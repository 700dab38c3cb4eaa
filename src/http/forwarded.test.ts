import assert from "node:assert/strict";
import { test } from "node:test";
import { atDepth, forwardedForNodes, isForwardingField, parseForwarded, parseNode, walk } from "./forwarded.ts";
import { Refusal } from "./refusal.ts";

const proxies = (address: string): boolean => address.startsWith("10.");
const found = (field: string, recursive = true, hops = 0): string | null =>
  walk(forwardedForNodes(field), proxies, recursive, hops).node?.address ?? null;

test("the walk goes from the right as far as proxies are trusted, and no further", () => {
  assert.equal(found("198.51.100.7"), "198.51.100.7");
  assert.equal(found("1.1.1.1, 198.51.100.7"), "198.51.100.7");
  assert.equal(found("1.1.1.1, 198.51.100.7, 10.0.0.2, 10.0.0.3"), "198.51.100.7");
  assert.equal(found("10.0.0.9, 10.0.0.2"), "10.0.0.9");
  assert.equal(found("1.1.1.1, 198.51.100.7, 10.0.0.2", false), "10.0.0.2");
  assert.equal(found(""), null);
  assert.equal(found(" , "), null);
});

test("what is no address ends the walk at the last one that could be believed", () => {
  assert.equal(found("evil, 10.0.0.2"), "10.0.0.2");
  assert.equal(found("1.1.1.1, unknown"), null);
  assert.equal(found("1.1.1.1, 10.0.0.2:x"), null);
});

test("a number of hops counts from the right, however many the client adds", () => {
  assert.equal(found("9.9.9.9, 198.51.100.7, 172.16.0.1", true, 2), "198.51.100.7");
  assert.equal(found("198.51.100.7", true, 2), "198.51.100.7");
});

test("addresses come with ports and brackets, in one usual form", () => {
  assert.deepEqual(parseNode("192.0.2.1:8080"), { address: "192.0.2.1", port: 8080 });
  assert.deepEqual(parseNode("[2001:DB8::0:1]:99"), { address: "2001:db8::1", port: 99 });
  assert.deepEqual(parseNode("2001:db8::1"), { address: "2001:db8::1", port: 0 });
  assert.deepEqual(parseNode("::ffff:192.0.2.1"), { address: "192.0.2.1", port: 0 });
  for (const text of ["", "unknown", "_x", "192.0.2.1:70000", "[192.0.2.1]", "[::1", "fe80::1%eth0", "1.2.3"])
    assert.equal(parseNode(text), null, text);
});

test("Forwarded is read as RFC 7239 writes it, and refused where it is malformed", () => {
  assert.deepEqual(
    parseForwarded('for=192.0.2.43, For="[2001:db8:cafe::17]:4711";proto=https; host="a.example:8443"'),
    [{ for: "192.0.2.43" }, { for: "[2001:db8:cafe::17]:4711", proto: "https", host: "a.example:8443" }],
  );
  assert.deepEqual(parseForwarded(""), []);
  assert.deepEqual(parseForwarded(' , for="a\\"b,c" ,'), [{ for: 'a"b,c' }]);
  for (const text of ['for="', 'for="x, for=192.0.2.1', "for", "for=a for=b", "=a", "for=a;for=b", "for=a;;=b"])
    assert.ok(parseForwarded(text) instanceof Refusal, text);
});

test("lists are read at the depth at which the client was found", () => {
  assert.equal(atDepth("http, https", 1), "https");
  assert.equal(atDepth("http, https", 2), "http");
  assert.equal(atDepth("https", 3), "https");
  assert.equal(atDepth("", 1), "");
});

test("fields of proxies are known by their names", () => {
  for (const name of ["forwarded", "x-forwarded-for", "x-forwarded-anything", "x-real-ip"])
    assert.ok(isForwardingField(name), name);
  for (const name of ["from", "x-request-id", "x-forwarded", "forwarded-for"])
    assert.ok(!isForwardingField(name), name);
});
