import assert from "node:assert/strict";
import { test } from "node:test";
import { isPublicHost, rangeProblem } from "./address-range.ts";

test("addresses and networks are taken, everything else is refused", () => {
  for (const range of ["10.0.0.0/8", "10.1.2.3", "0.0.0.0/0", "2001:db8::/32", "::/0", "::1"])
    assert.equal(rangeProblem(range), null, range);
  for (const range of [
    "10.0.0.0/33",
    "::/129",
    "10.0.0/8",
    "10.0.0.0/8/8",
    "10.0.0.0/",
    "fe80::1%eth0",
    "x",
    "10.0.0.0/a",
  ])
    assert.notEqual(rangeProblem(range), null, range);
});

test("loopback is this machine, every other address is public", () => {
  for (const host of ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST"])
    assert.equal(isPublicHost(host), false, host);
  for (const host of ["*", "0.0.0.0", "::", "10.0.0.1", "192.0.2.1", "example.org"])
    assert.equal(isPublicHost(host), true, host);
});
