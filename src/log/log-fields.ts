import type { Exchange } from "../http/exchange.ts";
import { connectionOf } from "../template/connection-count.ts";
import { requestVariable } from "../template/request-variables.ts";
import type { Ending } from "./line.ts";
import { loggedStatus } from "./line.ts";
import { LogClock } from "./log-clock.ts";

/** The value of a variable for a line; latin-1, one character a byte; empty where there is none. */
export type LogField = (exchange: Exchange, ending: Ending) => string;

/** The variables that are known, or known exactly, only when the exchange has ended. By name; null: none of this name. */
export function logField(name: string): LogField | null {
  const own = FIELDS[name];
  if (own !== undefined) return own;
  if (name.startsWith("sent_http_")) return sentField(name.slice("sent_http_".length).replaceAll("_", "-"));
  // The header fields of a connection's requests mostly are the same object, over and over.
  if (name.startsWith("http_")) return ofHeaders(requestVariable(name));
  return null;
}

// --- internal ---

const clock = new LogClock();
const local = new LogClock();

const elapsed = (exchange: Exchange): number => performance.now() - exchange.began;

const FIELDS: Readonly<Record<string, LogField>> = {
  status: (_exchange, { status }) => String(loggedStatus(status)),
  status_class: (_exchange, { status }) => `${Math.floor(loggedStatus(status) / 100)}xx`,
  body_bytes_sent: (_exchange, { bytes }) => String(bytes),
  bytes_sent: (exchange, { bytes }) => String(bytes + (exchange.headBytes ?? 0)),
  request: ({ method, target, protocol }, { refused }) =>
    refused === null ? `${method} ${target} ${protocol}` : refused.line,
  request_time: (exchange) => (elapsed(exchange) / 1000).toFixed(3),
  request_seconds: (exchange) => String(Math.floor(elapsed(exchange) / 1000)),
  request_milliseconds: (exchange) => String(Math.round(elapsed(exchange))),
  request_microseconds: (exchange) => String(Math.round(elapsed(exchange) * 1000)),
  request_completion: ({ aborted }, { status }) => (aborted || status === 0 ? "" : "OK"),
  time: (_exchange, { now }) => clock.iso(now),
  time_local: (_exchange, { now }) => local.common(now),
  time_iso8601: (_exchange, { now }) => local.localIso(now),
  msec: (_exchange, { now }) => (now / 1000).toFixed(3),
  app: ({ app }) => app,
  site: ({ site }) => site,
  queue_time: ({ queued }) => (queued / 1000).toFixed(3),
  refused: (_exchange, { refused }) => refused?.reason ?? "",
  connection: (exchange) => String(connectionOf(exchange).serial),
  connection_requests: (exchange) => String(connectionOf(exchange).requests),
};

function sentField(name: string): LogField {
  return ({ sent }) => {
    if (sent == null) return "";
    let text: string | null = null;
    for (const [one, value] of sent.headers)
      if (one.length === name.length && one.toLowerCase() === name) text = text === null ? value : `${text}, ${value}`;
    return text ?? "";
  };
}

function ofHeaders(value: ((exchange: Exchange) => string) | null): LogField | null {
  if (value === null) return null;
  let headers: object | null = null;
  let last = "";
  return (exchange) => {
    if (exchange.headers === headers) return last;
    last = value(exchange);
    headers = exchange.headers;
    return last;
  };
}
