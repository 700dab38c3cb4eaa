import type { Client, Exchange } from "../http/exchange.ts";

/** The client left before an answer: NGINX's status for it. */
const CLIENT_CLOSED = 499;

/** What a line tells of besides the exchange: how it ended. One object is filled anew for each line. */
export interface Ending {
  status: number;
  /** Of the response body as sent. */
  bytes: number;
  /** Milliseconds since 1970. */
  now: number;
  /** Why a request was refused before it became an exchange, and what was read of its request line. */
  refused: { readonly reason: string; readonly line: string } | null;
}

/** Writes one line of an access log, its line feed included, without any other control in it. */
export interface LogFormat {
  exchange(exchange: Exchange, status: number, bytes: number): string;
  refused(client: Client, status: number, reason: string, line: string): string;
}

/** The status that is logged. */
export function loggedStatus(status: number): number {
  return status || CLIENT_CLOSED;
}

/** A client on a Unix socket has no address; NGINX writes `unix:`. */
export function loggedAddress(client: Client): string {
  return client.address === "" ? "unix:" : client.address;
}
