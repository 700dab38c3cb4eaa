import assert from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { parseProxyHeader } from "./proxy-protocol.ts";

const line = (text: string) => parseProxyHeader(Buffer.from(text, "latin1"));
const SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");

/** A header of version 2. */
function binary(command: number, family: number, content: Buffer): Buffer {
  const head = Buffer.concat([SIGNATURE, Buffer.from([command, family, 0, 0])]);
  head.writeUInt16BE(content.length, 14);
  return Buffer.concat([head, content]);
}

const V4 = Buffer.from([198, 51, 100, 7, 192, 0, 2, 1, 0x1f, 0x90, 0x01, 0xbb]);

test("a line of version 1 names both ends", () => {
  assert.deepEqual(line("PROXY TCP4 198.51.100.7 192.0.2.1 8080 443\r\nGET / "), {
    length: 44,
    connection: { address: "198.51.100.7", port: 8080, localAddress: "192.0.2.1", localPort: 443, secure: false },
  });
  const six = line("PROXY TCP6 2001:DB8:0::7 ::1 1 2\r\n");
  assert.ok(typeof six === "object" && six.connection?.address === "2001:db8::7");
  assert.deepEqual(line("PROXY UNKNOWN\r\n"), { length: 15, connection: null });
  assert.deepEqual(line("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), { length: 35, connection: null });
});

test("a header of version 2 names both ends, and whether the client spoke TLS", () => {
  assert.deepEqual(parseProxyHeader(binary(0x21, 0x11, V4)), {
    length: 28,
    connection: { address: "198.51.100.7", port: 8080, localAddress: "192.0.2.1", localPort: 443, secure: false },
  });
  const ssl = Buffer.from([0x20, 0, 5, 0x01, 0, 0, 0, 0]);
  const secure = parseProxyHeader(binary(0x21, 0x11, Buffer.concat([V4, ssl])));
  assert.ok(typeof secure === "object" && secure.connection?.secure === true);
  assert.deepEqual(parseProxyHeader(binary(0x20, 0, Buffer.alloc(0))), { length: 16, connection: null });
  assert.deepEqual(parseProxyHeader(binary(0x21, 0x31, Buffer.alloc(216))), { length: 232, connection: null });
});

test("every address of version 2 comes out as an address", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 36, maxLength: 36 }), (content) => {
      const header = parseProxyHeader(binary(0x21, 0x21, Buffer.from(content)));
      assert.ok(typeof header === "object" && isIP(header.connection!.address) > 0);
    }),
  );
});

test("whole headers are told from beginnings of one, at every byte", () => {
  for (const whole of [Buffer.from("PROXY TCP4 198.51.100.7 192.0.2.1 8080 443\r\n"), binary(0x21, 0x11, V4)])
    for (let end = 0; end < whole.length; end++)
      assert.equal(parseProxyHeader(whole.subarray(0, end)), "incomplete", String(end));
});

test("anything else is malformed", () => {
  const texts = [
    "GET / HTTP/1.1\r\n",
    "proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
    "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
    "PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
    "PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n",
    "PROXY TCP4 ::1 ::1 1 2\r\n",
    "PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n",
    "PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n",
    "PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n",
    `PROXY UNKNOWN ${"x".repeat(200)}`,
  ];
  for (const text of texts) assert.equal(line(text), "malformed", text);
  assert.equal(parseProxyHeader(binary(0x11, 0x11, V4)), "malformed");
  assert.equal(parseProxyHeader(binary(0x22, 0x11, V4)), "malformed");
  assert.equal(parseProxyHeader(binary(0x21, 0x11, V4.subarray(0, 8))), "malformed");
  assert.equal(parseProxyHeader(binary(0x21, 0x11, Buffer.concat([V4, Buffer.from([0x20, 1])]))), "malformed");
  assert.equal(parseProxyHeader(binary(0x21, 0x11, Buffer.alloc(5000))), "malformed");
});
