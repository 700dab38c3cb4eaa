import { stateOf } from "../template/request-state.ts";
import type { AppRequest } from "./app-request.ts";

/** What became of a request whose worker ended. */
export type Outcome =
  /** It is idempotent and runs again. */
  | "retried"
  /** No lane had begun with it: another worker has it. */
  | "moved"
  /** Its client got 502. */
  | "failed"
  /** Its client had got 504, or 503, or had left. */
  | "over"
  /** Its answer had begun, and was cut. */
  | "cut";

/** One request in flight, as a report tells of it. */
export interface RequestNote {
  readonly stream: number;
  readonly method: string;
  /** The request target as received. */
  readonly target: string;
  /** The client's address; empty for a Unix socket. */
  readonly client: string;
  /** Its id (`request_id`), or its `X-Request-Id`, or null. */
  readonly id: string | null;
  /** Since it came, ms. */
  readonly age: number;
  /** Since a lane began with it, ms; null: none had. */
  readonly ran: number | null;
  readonly outcome: Outcome;
}

/** A request that a worker has, as the statistics tell of it. */
export interface RunningRequest {
  readonly stream: number;
  readonly method: string;
  readonly target: string;
  readonly protocol: string;
  /** The `Host` field, or empty. */
  readonly host: string;
  /** The client's address; empty for a Unix socket. */
  readonly client: string;
}

/** Longest target that is told, characters. */
const LONGEST = 500;

/** @param began when a lane began with it, ms; null: none had */
export function noteOf(request: AppRequest, began: number | null, outcome: Outcome): RequestNote {
  const { exchange } = request;
  const now = performance.now();
  return {
    stream: request.stream,
    method: exchange.method,
    target: exchange.target.slice(0, LONGEST),
    client: exchange.client.address,
    id: (stateOf(exchange).requestId || exchange.headers.get("x-request-id"))?.slice(0, LONGEST) ?? null,
    age: Math.round(now - exchange.began),
    ran: began === null ? null : Math.max(0, Math.round(now - began)),
    outcome,
  };
}

export function runningOf({ stream, exchange }: AppRequest): RunningRequest {
  const { method, target, protocol, headers, client } = exchange;
  const shown = target.slice(0, LONGEST);
  return { stream, method, target: shown, protocol, host: headers.get("host") ?? "", client: client.address };
}
