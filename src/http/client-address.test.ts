import assert from "node:assert/strict";
import { test } from "node:test";
import { plainAddress } from "./client-address.ts";

for (const [given, plain] of [
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["192.0.2.1", "192.0.2.1"],
  ["2001:db8::1", "2001:db8::1"],
  ["::ffff:c000:201", "::ffff:c000:201"],
  ["", ""],
] as const) {
  test(`a client at "${given}" is known as "${plain}"`, () => assert.equal(plainAddress(given), plain));
}
