import type { ListenerMetrics } from "../metrics/listener-metrics.ts";
import type { Figures } from "../template/template.ts";
import type { ClientConnection } from "./client-listener.ts";

/**
 * What templates may name of all connections of an edge, by NGINX's names (ngx_http_stub_status_module) and a few more: looked
 * at when they are asked for. Requests that are being answered count among those that came.
 */
export function connectionFigures(
  connections: ReadonlySet<ClientConnection>,
  listened: ListenerMetrics,
  ended: () => number,
): Figures {
  const answering = (): number => sum(connections, ({ answering }) => answering);
  const waiting = (): number => sum(connections, ({ idle }) => Number(idle));
  const busy = (): number => sum(connections, (one) => Number(one.answering > 0));
  return new Map([
    ["connections_accepted", () => listened.accepted],
    ["connections_handled", () => listened.accepted - listened.turnedAway],
    ["requests_total", () => ended() + answering()],
    ["connections_active", () => connections.size],
    // A request's head, or the bytes before it (a TLS handshake, a PROXY protocol header).
    ["connections_reading", () => connections.size - waiting() - busy()],
    ["connections_writing", answering],
    ["connections_waiting", waiting],
  ]);
}

function sum(connections: ReadonlySet<ClientConnection>, figure: (connection: ClientConnection) => number): number {
  let total = 0;
  for (const connection of connections) total += figure(connection);
  return total;
}
