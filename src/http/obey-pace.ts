import type { Exchange } from "./exchange.ts";
import type { ResponseHead } from "./response-head.ts";

/** Does what `X-Accel-Limit-Rate` says, bytes a second or 0 for no bound, in place of what the route says; anything else says nothing. */
export function obeyPace(head: ResponseHead, exchange: Exchange): void {
  for (const [name, value] of head.headers) {
    if (name.length !== 18 || name.toLowerCase() !== "x-accel-limit-rate" || !/^\d{1,15}$/.test(value)) continue;
    exchange.pace = { rate: Number(value), after: exchange.pace?.after ?? 0, said: true };
  }
}
