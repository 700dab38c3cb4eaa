import type { Exchange, Handler } from "../http/exchange.ts";
import { countOnConnection } from "../template/connection-count.ts";

/** Counts the requests of each connection as they come, where a template names that count. */
export function countedConnections(handler: Handler): Handler {
  return {
    handle(exchange: Exchange): void {
      countOnConnection(exchange);
      handler.handle(exchange);
    },
  };
}
