import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client } from "../http/exchange.ts";
import { RequestHeaders } from "../http/request-headers.ts";
import { forwardingFields, requestFields } from "./request-fields.ts";

function headers(...fields: [string, string][]): RequestHeaders {
  return new RequestHeaders(
    "",
    fields.map(([name]) => name),
    fields.map(([, value]) => value),
  );
}

const CLIENT: Client = {
  address: "192.0.2.1",
  port: 1,
  localPort: 80,
  localAddress: "192.0.2.9",
  listener: "*:80",
  secure: true,
};

test("fields of the connection are left out, those named in Connection too, in any case and place", () => {
  const fields = requestFields(
    headers(
      ["connection", "Upgrade , X-A"],
      ["x-a", "1"],
      ["connection", "x-B"],
      ["x-b", "2"],
      ["upgrade", "websocket"],
      ["te", "x"],
      ["x-c", "3"],
    ),
    true,
  );
  assert.deepEqual(fields.list, [["x-c", "3"]]);
  assert.equal(fields.lines, "x-c: 3\r\n");
  assert.equal(fields.upgrade, "websocket");
});

test("a client can't open a tunnel that speaks HTTP to a target", () => {
  const asked = (value: string) => requestFields(headers(["connection", "upgrade"], ["upgrade", value]), true).upgrade;
  for (const value of ["h2c", "H2C", "HTTP/2.0", "h2", "TLS/1.0", "h2c, http/1.1", ""])
    assert.equal(asked(value), null, value);
  assert.equal(asked("h2c, websocket"), "websocket");
});

test("Upgrade without Connection: upgrade asks for nothing", () => {
  assert.equal(requestFields(headers(["upgrade", "websocket"]), true).upgrade, null);
});

test("names that a server behind could take for others go on only where it is said so, or where the configuration set them", () => {
  const given: [string, string][] = [
    ["x_real_ip", "1"],
    ["content_length", "3"],
    ["transfer.encoding", "a"],
    ["x-a1", "2"],
    ["x_own", "o"],
  ];
  const client = headers(...given);
  assert.deepEqual(requestFields(client, true).list, [["x-a1", "2"]]);
  assert.equal(requestFields(client, true, true).list.length, 5);
  const ruled = new RequestHeaders("", client.names, client.values);
  ruled.decided = new Set(["x_own"]);
  assert.deepEqual(requestFields(ruled, true).list, [
    ["x-a1", "2"],
    ["x_own", "o"],
  ]);
});

test("the client's forwarding fields go on only where we say none", () => {
  const own = headers(["x-forwarded-for", "1"], ["forwarded", "for=1"], ["x-forwarded-port", "2"]);
  assert.deepEqual(requestFields(own, true).list, [["x-forwarded-port", "2"]]);
  assert.equal(requestFields(own, false).list.length, 3);
});

test("Forwarded quotes what is no token, and a client without an address is unknown", () => {
  const forwarded = (client: Client, host: string) => new Map(forwardingFields(client, host));
  assert.equal(forwarded(CLIENT, "example.org").get("Forwarded"), "for=192.0.2.1;host=example.org;proto=https");
  const six = forwarded({ ...CLIENT, address: "2001:db8::1" }, "example.org:8080");
  assert.equal(six.get("Forwarded"), 'for="[2001:db8::1]";host="example.org:8080";proto=https');
  assert.equal(six.get("X-Forwarded-For"), "2001:db8::1");
  const local = forwarded({ ...CLIENT, address: "", secure: false }, "");
  assert.deepEqual([...local.keys()], ["X-Forwarded-Proto", "Forwarded"]);
  assert.equal(local.get("Forwarded"), "for=unknown;proto=http");
});
