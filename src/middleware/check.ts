import type { Exchange } from "../http/exchange.ts";

/** What a client is answered that may not go on. */
export interface Denial {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly (readonly [string, string])[];
}

/** `pass`: it may. `silent`: nothing is said about this client. null: the exchange has been answered. */
export type Verdict = "pass" | "silent" | Denial | null;

/** One condition for an exchange to go on. Calls `done` once, now or later; not after the exchange was aborted. */
export interface Check {
  check(exchange: Exchange, done: (verdict: Verdict) => void): void;
}
