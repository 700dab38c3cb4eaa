import type { Client, Exchange } from "../http/exchange.ts";

/** A client's connection, as NGINX's `$connection` and `$connection_requests` tell of it. */
export interface ConnectionCount {
  readonly serial: number;
  requests: number;
}

/** Counts an exchange of its connection; once, however many ask. */
export function countOnConnection(exchange: Exchange): void {
  if (counted.has(exchange)) return;
  counted.add(exchange);
  connectionOf(exchange).requests++;
}

/** What is known of the exchange's connection, whoever stands behind it. */
export function connectionOf({ client }: Exchange): ConnectionCount {
  const end = client.peer ?? client;
  let count = connections.get(end);
  if (count === undefined) {
    count = { serial: ++serials, requests: 0 };
    connections.set(end, count);
  }
  return count;
}

// --- internal ---

const connections = new WeakMap<Client, ConnectionCount>();
const counted = new WeakSet<Exchange>();
let serials = 0;
