import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client, Exchange } from "../http/exchange.ts";
import { connectionOf, countOnConnection } from "./connection-count.ts";

const client = (more: object = {}): Client => ({ address: "192.0.2.1", ...more }) as Client;
const exchange = (by: Client): Exchange => ({ client: by }) as Exchange;

test("each connection has a number of its own and counts its requests once, whoever is said to stand behind it", () => {
  const [first, second] = [client(), client()];
  const begun = exchange(first);
  countOnConnection(begun);
  countOnConnection(begun);
  const behind = exchange(client({ address: "198.51.100.7", peer: first }));
  countOnConnection(behind);
  countOnConnection(exchange(second));
  assert.equal(connectionOf(begun).requests, 2);
  assert.equal(connectionOf(behind), connectionOf(begun));
  assert.equal(connectionOf(exchange(second)).requests, 1);
  assert.notEqual(connectionOf(exchange(second)).serial, connectionOf(begun).serial);
});
