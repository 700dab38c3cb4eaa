import type { AppRequest } from "./app-request.ts";

export const WAITED_TOO_LONG = "The request waited too long for the application";

/** Seconds after which a client may try again. */
const RETRY_AFTER: readonly (readonly [string, string])[] = [["Retry-After", "1"]];

/** Answers a request that no worker has with 503. */
export function turnAway(request: AppRequest, reason: string): void {
  request.body?.close();
  request.exchange.onAbort = null;
  if (!request.gone) request.exchange.fail(503, reason, RETRY_AFTER);
}

/** Tells the client of a request that a worker has still: nobody waits for its answer any more. */
export function tellNow(request: AppRequest, status: number, reason: string): void {
  request.gone = true;
  request.exchange.onAbort = null;
  request.exchange.fail(status, reason, status === 503 ? RETRY_AFTER : []);
}
