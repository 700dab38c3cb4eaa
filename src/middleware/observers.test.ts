import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client, Exchange, ExchangeObserver } from "../http/exchange.ts";
import { combine } from "./observers.ts";

function recorder(name: string, calls: unknown[]): ExchangeObserver {
  return {
    ended: (...args) => calls.push([name, "ended", ...args]),
    refused: (...args) => calls.push([name, "refused", ...args]),
    connectionOpened: () => calls.push([name, "opened"]),
    connectionClosed: () => calls.push([name, "closed"]),
  };
}

test("combined observers are all told of everything, in order", () => {
  const calls: unknown[] = [];
  const both = combine([recorder("a", calls), recorder("b", calls)]);
  const exchange = { target: "/" } as Exchange;
  const client: Client = { address: "", port: 0, localPort: 0, secure: false };
  both.connectionOpened();
  both.ended(exchange, 200, 5);
  both.refused(client, 400, "Bad", "GET");
  both.connectionClosed();
  const each = [["opened"], ["ended", exchange, 200, 5], ["refused", client, 400, "Bad", "GET"], ["closed"]];
  assert.deepEqual(
    calls,
    each.flatMap((call) => [
      ["a", ...call],
      ["b", ...call],
    ]),
  );
});

test("a single observer is used as it is", () => {
  const one = recorder("a", []);
  assert.equal(combine([one]), one);
});
